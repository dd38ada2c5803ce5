"""A host's bookings, a page at a time: upcoming, unconfirmed, past, cancelled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from calhooks.accounts.models import User
from calhooks.scheduling.event_types.lengths import MAX_LENGTH
from calhooks.scheduling.models.bookings import Attendee, Booking, BookingStatus

PAGE_SIZE = 20
MAX_SEARCH_WORDS = 8
MAX_CURSOR_ID = 2**31 - 1


class BookingList(StrEnum):
    """Which of the host's bookings are listed."""

    UPCOMING = "upcoming"
    UNCONFIRMED = "unconfirmed"
    PAST = "past"
    CANCELLED = "cancelled"


# What comes soonest is on top of these; on top of the others is what was last.
SOONEST_FIRST = (BookingList.UPCOMING, BookingList.UNCONFIRMED)


@dataclass(frozen=True, slots=True)
class BookingPage:
    """One page of a list; `next_cursor` leads to the next one and is None on the last."""

    bookings: Sequence[Booking]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Search:
    """What a list is narrowed to: words found in the title or about an attendee, and an event type."""

    words: str = ""
    event_type_id: int | None = None


EVERYTHING = Search()


def list_bookings(
    session: Session,
    host: User,
    view: BookingList,
    now: datetime,
    cursor: str | None = None,
    search: Search = EVERYTHING,
) -> BookingPage:
    """Return a page of a host's bookings, after the one that `cursor` names; what is no cursor gives the first."""
    query = select(Booking).where(Booking.host_id == host.id, _belongs(view, now), *_matching(search))
    query = query.options(
        selectinload(Booking.attendees), joinedload(Booking.event_type), joinedload(Booking.rescheduled_from)
    )
    found = session.scalars(_ordered(query, view, _read(cursor)).limit(PAGE_SIZE + 1)).all()
    page = found[:PAGE_SIZE]
    return BookingPage(page, _write(page[-1]) if len(found) > PAGE_SIZE else None)


def count_bookings(session: Session, host: User, view: BookingList, now: datetime) -> int:
    """Return how many bookings a list has in all."""
    query = select(func.count()).select_from(Booking).where(Booking.host_id == host.id, _belongs(view, now))
    return session.scalar(query) or 0


def _matching(search: Search) -> list[ColumnElement[bool]]:
    conditions = [] if search.event_type_id is None else [Booking.event_type_id == search.event_type_id]
    for word in search.words.split()[:MAX_SEARCH_WORDS]:
        who = or_(Attendee.name.icontains(word, autoescape=True), Attendee.email.icontains(word, autoescape=True))
        conditions.append(
            or_(Booking.title.icontains(word, autoescape=True), Booking.uid == word, Booking.attendees.any(who))
        )
    return conditions


def _belongs(view: BookingList, now: datetime) -> ColumnElement[bool]:
    # The bounds on the start say nothing new; they let the index by which the lists are ordered find their beginning.
    to_come = and_(Booking.end_time > now, Booking.start_time > now - timedelta(minutes=MAX_LENGTH))
    if view is BookingList.UPCOMING:
        return and_(Booking.status == BookingStatus.ACCEPTED, to_come)
    if view is BookingList.UNCONFIRMED:
        return and_(Booking.status == BookingStatus.PENDING, to_come)
    if view is BookingList.PAST:
        # A request that was never answered is past, too.
        over = and_(Booking.end_time <= now, Booking.start_time < now)
        return and_(Booking.status.in_((BookingStatus.ACCEPTED, BookingStatus.PENDING)), over)
    return Booking.status.in_((BookingStatus.CANCELLED, BookingStatus.REJECTED))


def _ordered(query: Select[Booking], view: BookingList, after: tuple[datetime, int] | None) -> Select[Booking]:
    start, number = Booking.start_time, Booking.id
    if view in SOONEST_FIRST:
        if after:
            query = query.where(or_(start > after[0], and_(start == after[0], number > after[1])))
        return query.order_by(start, number)
    if after:
        query = query.where(or_(start < after[0], and_(start == after[0], number < after[1])))
    return query.order_by(start.desc(), number.desc())


def _write(booking: Booking) -> str:
    return f"{booking.start_time.replace(tzinfo=None).isoformat()}_{booking.id}"


def _read(cursor: str | None) -> tuple[datetime, int] | None:
    moment, _, number = (cursor or "").partition("_")
    try:
        after = datetime.fromisoformat(moment).replace(tzinfo=UTC), int(number)
    except ValueError:
        return None
    return after if 0 < after[1] <= MAX_CURSOR_ID else None
