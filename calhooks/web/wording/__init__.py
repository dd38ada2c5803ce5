"""How pages say things. Templates have what is said as filters, of the functions' own names."""

from flask import Flask

from calhooks.delivery.endpoints import old_secret_until
from calhooks.web.wording import bodies, bookings, markdown, times

FILTERS = (*times.FILTERS, *bookings.FILTERS, *markdown.FILTERS, *bodies.FILTERS, old_secret_until)


def init_app(app: Flask) -> None:
    """Give templates every filter there is."""
    for say in FILTERS:
        app.add_template_filter(say)
