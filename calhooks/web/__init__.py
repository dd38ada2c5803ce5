"""The only room where a request exists: blueprints, forms, access rules."""

import importlib
import importlib.util

from flask import Flask

from calhooks.config import Config
from calhooks.web import access, bodies, compression, errors, filters, limits, numbers, security, statics
from calhooks.web.htmx import htmx

MODULES = (
    "home",
    "setup",
    "auth",
    "forgot",
    "account",
    "people",
    "integrations",
    "webhooks",
    "switch",
    "rotation",
    "notices",
    "deliveries",
    "resends",
    "event_types",
    "availability",
    "exceptions",
    "why",
    "bookings",
    "booking",
    "calendars",
    "docs",
    "health",
    "public",
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
    for name in MODULES:
        if importlib.util.find_spec(f"calhooks.web.{name}"):
            app.register_blueprint(importlib.import_module(f"calhooks.web.{name}").blueprint)
