"""A host's own pages: event types, availability, bookings, the calendar feed."""

from calhooks.web.scheduling import (
    absences,
    availability,
    bookings,
    calendar_feed,
    event_types,
    overrides,
    why_not_free,
)

PAGES = (event_types, availability, overrides, absences, why_not_free, bookings, calendar_feed)
