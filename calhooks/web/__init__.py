"""The only package where a request exists: blueprints, forms, access rules."""

from flask import Flask

from calhooks.config import Config
from calhooks.web import accounts, operations, public, scheduling, teams, webhooks, wording
from calhooks.web.http import head_requests, hosts, redirects, row_numbers, static_files
from calhooks.web.site import access, compression, errors, rate_limits, security, team_pages
from calhooks.web.site.htmx import htmx

PACKAGES = (accounts, teams, webhooks, scheduling, operations, public)


def init_app(app: Flask, config: Config) -> None:
    """Prepare requests and answers, then register every blueprint."""
    hosts.init_app(app)
    security.init_app(app, config)
    team_pages.init_app(app)
    access.init_app(app)
    redirects.init_app(app)
    rate_limits.init_app(app, config)
    errors.init_app(app)
    wording.init_app(app)
    row_numbers.init_app(app)
    compression.init_app(app)
    static_files.init_app(app)
    htmx.init_app(app)
    head_requests.init_app(app)
    # A link that was copied with a slash at its end leads to the same page.
    app.url_map.strict_slashes = False
    for package in PACKAGES:
        for page in package.PAGES:
            app.register_blueprint(page.blueprint)
    for package in (teams, scheduling, webhooks):
        for page, prefix in package.TEAM_PAGES:
            team_pages.register_for_teams(app, page.blueprint, prefix)
    for page, name in public.TEAM_PAGES:
        app.register_blueprint(page.blueprint, name=name, url_prefix="/team")
