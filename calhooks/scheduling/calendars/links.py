"""Addresses that open Google's or Microsoft's calendar with a booking filled in."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from calhooks.scheduling.calendars.ics import summary
from calhooks.scheduling.models.bookings import Booking

GOOGLE = "https://calendar.google.com/calendar/render"
OUTLOOK = "https://outlook.live.com/calendar/0/deeplink/compose"
MICROSOFT_365 = "https://outlook.office.com/calendar/0/deeplink/compose"
MAX_DETAILS_LENGTH = 1_000


@dataclass(frozen=True, slots=True)
class CalendarLink:
    """What a link is called, and where it leads."""

    label: str
    url: str


def calendar_links(booking: Booking, *, for_host: bool, page: str) -> tuple[CalendarLink, ...]:
    """Return the links for one booking; `page` is its own address, which the entry's description carries."""
    title = summary(booking, for_host=for_host)
    details = f"{booking.description[:MAX_DETAILS_LENGTH]}\n\nChange or cancel: {page}".strip()
    return (
        CalendarLink("Google", _google(booking, title, details)),
        CalendarLink("Outlook.com", _outlook(OUTLOOK, booking, title, details)),
        CalendarLink("Microsoft 365", _outlook(MICROSOFT_365, booking, title, details)),
    )


def _google(booking: Booking, title: str, details: str) -> str:
    times = "/".join(f"{moment:%Y%m%dT%H%M%SZ}" for moment in (booking.start_time, booking.end_time))
    return _url(GOOGLE, action="TEMPLATE", text=title, dates=times, details=details, location=booking.location)


def _outlook(address: str, booking: Booking, title: str, details: str) -> str:
    return _url(
        address,
        path="/calendar/action/compose",
        rru="addevent",
        subject=title,
        startdt=_iso(booking.start_time),
        enddt=_iso(booking.end_time),
        body=details,
        location=booking.location,
    )


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _url(address: str, **values: str) -> str:
    return f"{address}?{urlencode({name: value for name, value in values.items() if value})}"
