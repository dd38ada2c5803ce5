"""Calendars out: a booking as a file, and each host's private feed."""

from flask import Blueprint, Response, url_for

from calhooks import clock
from calhooks.config import current_config
from calhooks.db import db
from calhooks.scheduling.bookings.lookups import find_booking
from calhooks.scheduling.bookings.rules import is_host
from calhooks.scheduling.calendars import feeds, ics
from calhooks.web.site import access

blueprint = Blueprint("calendars", __name__)


@blueprint.get("/booking/<uid>/calendar.ics")
@access.public
def download(uid: str) -> Response:
    """Give one booking as a file that any calendar takes, to whoever has its address."""
    session = db.session()
    booking = find_booking(session, uid)
    file = ics.download(
        booking,
        ics.present_sequence(session, booking),
        now=clock.now(),
        page=current_config().base_url + url_for("booking.show", uid=uid),
        for_host=is_host(db.session(), booking, access.signed_in_user()),
    )
    return _calendar(file, f'attachment; filename="{booking.type}.ics"')


@blueprint.get("/calendar/<token>.ics")
@access.public
def feed(token: str) -> Response:
    """Give a host's bookings to the calendar program that subscribes to them."""
    session = db.session()
    host = feeds.find_feed(session, token).owner
    now, base_url = clock.now(), current_config().base_url
    bookings = feeds.feed_bookings(session, host, now)
    return _calendar(ics.feed(bookings, name=f"{host.name}: bookings", now=now, base_url=base_url), "inline")


def _calendar(file: bytes, disposition: str) -> Response:
    """Answer with a calendar that nobody keeps and nobody lists."""
    response = Response(file, mimetype="text/calendar")
    response.headers["Content-Disposition"] = disposition
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
