"""How gunicorn serves calhooks, alone (`gunicorn app:app`) or under `python app.py`."""

import sys
from typing import Any

wsgi_app = "app:app"
workers = 1
worker_class = "calhooks.server.worker.BufferingWorker"
threads = 16
worker_connections = 800
loglevel = "warning"
control_socket_disable = True

# Whether a proxy is believed is CALHOOKS_TRUSTED_PROXIES' business alone.
forwarded_allow_ips = ""

keepalive = 15
graceful_timeout = 7


def post_worker_init(worker: Any) -> None:
    """Get the database ready, and say when a process was replaced: gunicorn only says that the old one died."""
    from calhooks.db import NotUpgraded
    from calhooks.encryption.check import open_database
    from calhooks.encryption.keys import WrongKey

    app = worker.app.wsgi()
    try:
        with app.app_context():
            open_database(app)
    except (WrongKey, NotUpgraded) as error:
        sys.stderr.write(f"calhooks: {error}\n")
        # gunicorn takes 3 for "could not start" and does not try again.
        sys.exit(3)
    if worker.age > 1:
        worker.log.warning("The web process is running again (pid: %s)", worker.pid)
