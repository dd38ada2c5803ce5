"""The only room where a request exists: blueprints, forms, access rules."""

from flask import Flask

from calhooks.config import Config
from calhooks.web import (
    access,
    account,
    auth,
    availability,
    bodies,
    booking,
    bookings,
    calendars,
    compression,
    deliveries,
    docs,
    errors,
    event_types,
    exceptions,
    filters,
    forgot,
    health,
    home,
    integrations,
    limits,
    notices,
    numbers,
    people,
    public,
    resends,
    rotation,
    security,
    setup,
    statics,
    switch,
    webhooks,
    why,
)
from calhooks.web.htmx import htmx

PAGES = (
    home,
    setup,
    auth,
    forgot,
    account,
    people,
    integrations,
    webhooks,
    switch,
    rotation,
    notices,
    deliveries,
    resends,
    event_types,
    availability,
    exceptions,
    why,
    bookings,
    booking,
    calendars,
    docs,
    health,
    public,
)


def init_app(app: Flask, settings: Config) -> None:
    """Prepare requests and answers, then register every blueprint."""
    security.init_app(app, settings)
    access.init_app(app)
    limits.init_app(app, settings)
    errors.init_app(app)
    filters.init_app(app)
    bodies.init_app(app)
    numbers.init_app(app)
    compression.init_app(app)
    statics.init_app(app)
    htmx.init_app(app)
    # A link that was copied with a slash at its end leads to the same page.
    app.url_map.strict_slashes = False
    for page in PAGES:
        app.register_blueprint(page.blueprint)
