"""Where a booker goes in the end: the page that the host of the event type has chosen, told what was booked.

Our own page leads there, because a browser does not follow an answer to a form to another site.
"""

from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import request
from werkzeug.datastructures import MultiDict

from calhooks.scheduling.bookings.metadata import metadata_pairs
from calhooks.scheduling.event_types.question_form import TAKEN
from calhooks.scheduling.models.bookings import Booking
from calhooks.scheduling.models.event_types import EventType
from calhooks.webhooks.body.payload import seconds

FORWARD = "forward"
MOST_PARAMETERS = 30
LONGEST_NAME = 100
LONGEST_VALUE = 500

Pairs = tuple[tuple[str, str], ...]


def own_parameters(event_type: EventType, asked: Iterable[str]) -> Pairs:
    """Return what a link says besides what we understand, where there is somebody to hand it on to."""
    if not event_type.redirect_url:
        return ()
    known = {*TAKEN, *(name.lower() for name in asked), FORWARD}
    pairs = [
        (name, value)
        for name, value in request.args.items(multi=True)
        if name.lower() not in known and not name.startswith("metadata") and "\0" not in name + value
    ]
    return tuple((name[:LONGEST_NAME], value[:LONGEST_VALUE]) for name, value in pairs[:MOST_PARAMETERS])


def destination(booking: Booking, said: MultiDict[str, str]) -> str:
    """Return the host's page with what was booked, then what the link `said`; empty where there is no such page."""
    if booking.event_type is None or not booking.event_type.redirect_url:
        return ""
    parts = urlsplit(booking.event_type.redirect_url)
    ours = [
        ("uid", booking.uid),
        ("title", booking.title),
        ("startTime", seconds(booking.start_time)),
        ("endTime", seconds(booking.end_time)),
        ("email", booking.attendees[0].email),
    ]
    told = {name for name, _ in ours}
    hosts = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in told]
    taken = {FORWARD, *(name for name, _ in hosts + ours)}
    links = [*said.items(multi=True), *metadata_pairs(booking.metadata_)]
    kept = [(name, value) for name, value in links if name not in taken]
    return parts._replace(query=urlencode([*hosts, *ours, *kept])).geturl()
