"""Where a booker goes in the end: the page that the host of the event type has chosen, told what was booked.

Our own page leads there, because a browser does not follow an answer to a form to another site.
"""

from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode, urlsplit

from calhooks.scheduling.bookings.metadata import metadata_pairs
from calhooks.scheduling.event_types.question_form import TAKEN_IDENTIFIERS
from calhooks.scheduling.models.bookings import Booking
from calhooks.scheduling.models.event_types import EventType
from calhooks.webhooks.body.payload import seconds

FORWARD = "forward"
MAX_PARAMETERS = 30
MAX_PARAMETER_NAME_LENGTH = 100
MAX_PARAMETER_VALUE_LENGTH = 500
# All of them, percent-encoded: as much as metadata.
MAX_PARAMETERS_LENGTH = 4_000

ParameterPairs = tuple[tuple[str, str], ...]


def own_parameters(event_type: EventType, asked: Iterable[str], said: Iterable[tuple[str, str]]) -> ParameterPairs:
    """Return what a link says besides what we understand, where there is somebody to hand it on to.

    `asked` are the identifiers of the event type's own questions, `said` the names and values of the link's query.
    """
    if not event_type.redirect_url:
        return ()
    known = {*TAKEN_IDENTIFIERS, *(name.lower() for name in asked), FORWARD}
    pairs = [
        (name, value)
        for name, value in said
        if name.lower() not in known and not name.startswith("metadata") and "\0" not in name + value
    ]
    cut = [
        (name[:MAX_PARAMETER_NAME_LENGTH], value[:MAX_PARAMETER_VALUE_LENGTH]) for name, value in pairs[:MAX_PARAMETERS]
    ]
    while len(urlencode(cut)) > MAX_PARAMETERS_LENGTH:
        cut.pop()
    return tuple(cut)


def destination(booking: Booking, said: Iterable[tuple[str, str]]) -> str:
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
    links = [*said, *metadata_pairs(booking.metadata_)]
    kept = [(name, value) for name, value in links if name not in taken]
    return parts._replace(query=urlencode([*hosts, *ours, *kept])).geturl()
