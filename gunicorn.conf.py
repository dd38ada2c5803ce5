"""How gunicorn serves calhooks, alone (`gunicorn app:app`) or under `python app.py`."""

from typing import Any

wsgi_app = "app:app"
workers = 1
worker_class = "calhooks.server.worker.BufferingWorker"
threads = 16
# Most systems allow a process 1,024 open files; databases and Redis need some of them.
worker_connections = 800
loglevel = "warning"
control_socket_disable = True

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
