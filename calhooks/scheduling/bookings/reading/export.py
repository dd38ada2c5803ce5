"""Bookings as a table for spreadsheets, in which nothing that a stranger typed is run."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy.orm import Session

from calhooks.accounts.owners import Owner
from calhooks.scheduling.bookings.reading.lists import EVERYTHING, BookingList, Search, list_bookings
from calhooks.scheduling.event_types.questions import host_answers
from calhooks.scheduling.models.bookings import Booking
from calhooks.zones import zone_info

COLUMNS = (
    *("uid", "status", "title", "event type", "start", "end", "time zone", "minutes", "name", "email", "guests"),
    *("team", "hosts", "location", "notes", "answers", "reschedule reason", "cancellation reason", "rejection reason"),
    *("metadata", "booked at"),
)
# A cell that begins with one of these is a formula to some spreadsheet, also behind spaces.
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")
# Without it a well-known spreadsheet takes UTF-8 for something else.
BYTE_ORDER_MARK = "\ufeff"


def bookings_csv(
    session: Session, owner: Owner, zone: str, view: BookingList, now: datetime, search: Search = EVERYTHING
) -> Iterator[str]:
    """Give a list of bookings as CSV, a page at a time, in the order of the list and on the clock of a zone."""
    yield BYTE_ORDER_MARK + _lines([COLUMNS])
    cursor: str | None = None
    while True:
        page = list_bookings(session, owner, view, now, cursor, search)
        yield _lines([tuple(map(harmless, _row(booking, zone))) for booking in page.bookings])
        cursor = page.next_cursor
        if cursor is None:
            return
        session.expunge_all()


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet runs: what looks like a formula is marked as text by an apostrophe."""
    return f"'{cell}" if cell.lstrip(" \u00a0\0").startswith(FORMULAS) else cell


def _row(booking: Booking, zone_name: str) -> tuple[str, ...]:
    zone = zone_info(zone_name)
    booker, *guests = booking.attendees
    answers = [f"{each['label']}: {each['value']}" for each in host_answers(booking.responses).values()]
    return (
        *(booking.uid, str(booking.status), booking.title, booking.event_title),
        booking.start_time.astimezone(zone).isoformat(),
        booking.end_time.astimezone(zone).isoformat(),
        *(zone_name, str(booking.length), booker.name, booker.email),
        ", ".join(guest.email for guest in guests),
        booking.team.name if booking.team else "",
        ", ".join(f"{host.name} <{host.email}>" for host in booking.hosts),
        *(booking.location, booking.additional_notes, "\n".join(answers)),
        *(booking.reschedule_reason, booking.cancellation_reason, booking.rejection_reason),
        json.dumps(booking.metadata_, ensure_ascii=False) if booking.metadata_ else "",
        booking.created_at.astimezone(zone).isoformat(),
    )


def _lines(rows: list[tuple[str, ...]]) -> str:
    lines = io.StringIO()
    csv.writer(lines).writerows(rows)
    return lines.getvalue()
