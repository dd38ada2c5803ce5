"""A person's or a team's bookings, a page at a time: upcoming, unconfirmed, past, cancelled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVarTuple

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from calhooks.accounts.owners import Owner
from calhooks.accounts.teams.models import Membership
from calhooks.scheduling.event_types.lengths import MAX_LENGTH
from calhooks.scheduling.models.bookings import Attendee, Booking, BookingHost, BookingStatus, is_seen_by

_Row = TypeVarTuple("_Row")

PAGE_SIZE = 20
MAX_SEARCH_WORDS = 8
MAX_CURSOR_ID = 2**31 - 1


class BookingList(StrEnum):
    """Which bookings are listed."""

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
    """What a list is narrowed to: words found in the title or about an attendee, an event type, a member who hosts."""

    words: str = ""
    event_type_id: int | None = None
    membership_id: int | None = None


EVERYTHING = Search()


def list_bookings(
    session: Session,
    owner: Owner,
    view: BookingList,
    now: datetime,
    cursor: str | None = None,
    search: Search = EVERYTHING,
) -> BookingPage:
    """Return a page of a person's or a team's bookings, after the one that `cursor` names, else from the first on."""
    times = _Times.of(owner)
    query = times.narrowed(select(Booking)).where(_belongs(times, view, now), *_matching(search))
    query = query.options(
        selectinload(Booking.attendees),
        joinedload(Booking.event_type),
        joinedload(Booking.rescheduled_from),
        joinedload(Booking.host),
        joinedload(Booking.team),
        selectinload(Booking.co_hosts).joinedload(BookingHost.host),
    )
    found = session.scalars(_ordered(times, query, view, _read(cursor)).limit(PAGE_SIZE + 1)).all()
    page = found[:PAGE_SIZE]
    return BookingPage(page, _write(page[-1]) if len(found) > PAGE_SIZE else None)


def count_bookings(
    session: Session, owner: Owner, view: BookingList, now: datetime, search: Search = EVERYTHING
) -> int:
    """Return how many bookings a list has in all."""
    times = _Times.of(owner)
    query = times.narrowed(select(func.count()).select_from(Booking)).where(
        _belongs(times, view, now), *_matching(search)
    )
    return session.scalar(query) or 0


@dataclass(frozen=True, slots=True)
class _Times:
    """The columns by which an owner's list is found and ordered: a person's are in the rows of the bookings' hosts."""

    owner: Owner
    table: type[Booking] | type[BookingHost]

    @classmethod
    def of(cls, owner: Owner) -> "_Times":
        return cls(owner, BookingHost if owner.team_id is None else Booking)

    def narrowed(self, query: Select[*_Row]) -> Select[*_Row]:
        """Return a query of bookings for those of the owner."""
        if self.owner.team_id is not None:
            return query.where(Booking.team_id == self.owner.team_id)
        query = query.join(BookingHost, BookingHost.booking_id == Booking.id)
        return query.where(BookingHost.host_id == self.owner.user_id, is_seen_by(self.owner.user_id))


def _matching(search: Search) -> list[ColumnElement[bool]]:
    conditions = [] if search.event_type_id is None else [Booking.event_type_id == search.event_type_id]
    if search.membership_id is not None:
        conditions.append(_hosted_by(search.membership_id))
    for word in search.words.split()[:MAX_SEARCH_WORDS]:
        who = or_(Attendee.name.icontains(word, autoescape=True), Attendee.email.icontains(word, autoescape=True))
        conditions.append(
            or_(Booking.title.icontains(word, autoescape=True), Booking.uid == word, Booking.attendees.any(who))
        )
    return conditions


def _hosted_by(membership_id: int) -> ColumnElement[bool]:
    """Return the condition for a team's bookings that one of its members hosts."""
    row = aliased(BookingHost)
    hosts = exists().where(row.booking_id == Booking.id, row.host_id == Membership.user_id)
    return hosts.where(Membership.id == membership_id, Membership.team_id == Booking.team_id)


def _belongs(times: _Times, view: BookingList, now: datetime) -> ColumnElement[bool]:
    table = times.table
    # The bounds on the start say nothing new; they let the index by which the lists are ordered find their beginning.
    to_come = and_(table.end_time > now, table.start_time > now - timedelta(minutes=MAX_LENGTH))
    if view is BookingList.UPCOMING:
        return and_(table.status == BookingStatus.ACCEPTED, to_come)
    if view is BookingList.UNCONFIRMED:
        return and_(table.status == BookingStatus.PENDING, to_come)
    if view is BookingList.PAST:
        # A request that was never answered is past, too.
        over = and_(table.end_time <= now, table.start_time < now)
        return and_(table.status.in_((BookingStatus.ACCEPTED, BookingStatus.PENDING)), over)
    return table.status.in_((BookingStatus.CANCELLED, BookingStatus.REJECTED))


def _ordered(
    times: _Times, query: Select[Booking], view: BookingList, after: tuple[datetime, int] | None
) -> Select[Booking]:
    start, number = times.table.start_time, Booking.id
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
