"""A host's own pages: event types, availability, bookings, the calendar feed."""

from calhooks.web.scheduling import (
    absences,
    availability,
    bookings,
    calendar_feed,
    overrides,
    reassign,
    why_not_free,
)
from calhooks.web.scheduling.event_types import pages as event_types
from calhooks.web.scheduling.event_types import who_is_next

# Below a team's address too, and where.
TEAM_PAGES = (
    (event_types, "/event-types"),
    (who_is_next, "/event-types"),
    (bookings, ""),
    (reassign, ""),
    (why_not_free, ""),
)
PAGES = (event_types, availability, overrides, absences, why_not_free, bookings, reassign, calendar_feed)
