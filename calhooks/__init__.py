"""calhooks: scheduling for small teams on their own server, with webhooks that are never lost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from calhooks.config import Config

__version__ = "0.1.0"

ROOT = Path(__file__).resolve().parent.parent


def create_app(settings: Config | None = None, *, pages: bool = True) -> Flask:
    """Make the application from `settings`, by default from the environment. Raises ConfigError.

    Without `pages` it answers no requests: enough for workers and the scheduler.
    """
    # Imported here, because the supervisor reads this package's settings long before it loads 60 MB of libraries.
    from flask import Flask
    from jinja2 import StrictUndefined
    from werkzeug.middleware.proxy_fix import ProxyFix

    from calhooks import cli, config, db, logs

    kind: type[Flask] = Flask
    if pages:
        from calhooks.web.site.team_pages import Site

        kind = Site

    logs.init_app()
    settings = settings or config.load()
    app = kind(__name__, root_path=str(ROOT))
    app.extensions["calhooks"] = settings
    app.secret_key = settings.secret_key
    app.config["SECRET_KEY_FALLBACKS"] = list(settings.secret_key_fallbacks)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]  # Flask's documented way
    db.init_app(app, settings.database_url)
    cli.init_app(app)
    if pages:
        from calhooks import web

        web.init_app(app, settings)
    return app
