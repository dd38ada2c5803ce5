"""How gunicorn serves calhooks, alone (`gunicorn app:app`) or under `python app.py`."""

from typing import Any

wsgi_app = "app:app"
workers = 1
worker_class = "gthread"
threads = 16
loglevel = "warning"
control_socket_disable = True

# A booking link may carry 4,000 bytes of metadata; what is more is refused by a page that says so.
limit_request_line = 0
limit_request_field_size = 65536

# Whether a proxy is believed is CALHOOKS_TRUSTED_PROXIES' business alone.
forwarded_allow_ips = ""

keepalive = 15
graceful_timeout = 7


def post_worker_init(worker: Any) -> None:
    """Give a new database its tables, and say when a process was replaced: gunicorn only says that the old one died."""
    from calhooks.db import make_tables

    app = worker.app.wsgi()
    with app.app_context():
        make_tables(app)
    if worker.age > 1:
        worker.log.warning("The web process is running again (pid: %s)", worker.pid)
