# One image for every part; the command says which. Without a command it runs everything, as `python app.py` does.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 \
    CALHOOKS_HOST=0.0.0.0 \
    CALHOOKS_DATA_DIR=/data

RUN useradd --system --uid 10001 --no-create-home calhooks && install -d -o calhooks -m 700 /data
WORKDIR /srv/calhooks

COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements.lock

COPY LICENSE app.py gunicorn.conf.py ./
COPY calhooks calhooks
COPY static static
COPY templates templates
COPY docs docs
RUN python -m compileall -q app.py gunicorn.conf.py calhooks

USER calhooks
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["python", "app.py"]
