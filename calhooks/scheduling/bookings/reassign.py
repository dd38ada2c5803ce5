"""Giving a team's booking to another host: the same booking at the same time, with its uid and its links."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.accounts.teams.memberships import find_membership, who_belong
from calhooks.scheduling import fields
from calhooks.scheduling.assignment.attendance import choices_of, give_back, named_turn, next_turn, take_turn, turn_of
from calhooks.scheduling.assignment.candidates import Candidate, find_candidates
from calhooks.scheduling.availability.hosts import Host
from calhooks.scheduling.bookings.events import announce_reassigned
from calhooks.scheduling.bookings.lookups import open_request
from calhooks.scheduling.bookings.rules import note, require_changeable, require_host
from calhooks.scheduling.errors import InvalidInput, NotAllowed, NotFound, SlotTaken
from calhooks.scheduling.event_types.titles import booking_title
from calhooks.scheduling.locking import locked_booking, refusing
from calhooks.scheduling.models.bookings import Booking, BookingHost, BookingStatus, ChangeAction
from calhooks.scheduling.models.event_types import EventType, SchedulingType
from calhooks.scheduling.notifications.words import Reassigned

# Choices of former hosts that a booking's history keeps.
MAX_EARLIER_CHOICES = 20
NOBODY_FREE = "No other host of this event type is free at this time. Choose someone, or reschedule the booking."


@dataclass(frozen=True, slots=True, kw_only=True)
class Reassignment:
    """A form that was sent: `member_id` takes over from `replaced`.

    None for the host whose turn is next. `replaced` is the username of a host, or empty for one who has left the team,
    else the organizer.
    """

    member_id: int | None = None
    replaced: str = ""
    reason: str = ""


def reassign(session: Session, uid: str, wanted: Reassignment, by: User) -> Reassigned:
    """Give a team's booking to another host, count the turn as that host's, and return who took over from whom.

    Raises NotFound, HostedByOthers, NotAllowed, SlotTaken for a host with another meeting, or InvalidInput for `host`
    and `reassignReason`.
    """
    booking = locked_booking(session, uid, member_id=wanted.member_id)
    require_host(session, booking, by)
    now = clock.now()
    require_reassignable(session, booking, now)
    reason = fields.checked_reason("reassignReason", wanted.reason)
    replaced = replaced_host(session, booking, wanted.replaced)
    found = offered(session, booking, by, now)
    named = wanted.member_id
    taking = next_candidate(booking, replaced, found, now) if named is None else _named(found, named)
    if taking is None:
        raise NotAllowed(NOBODY_FREE)

    if takes_turns(booking, replaced):
        _pass_turn(session, booking, found, taking, now, by_hand=named is not None)
    title = booking.title
    _replace(session, booking, replaced, taking.user)
    changed = Reassigned(replaced=replaced, taking=taking.user, reason=reason, by_email=by.email, former_title=title)
    words = f"{taking.user.name} replaces {replaced.name}. {reason}".strip()
    note(booking, ChangeAction.REASSIGNED, now, by.email, words)
    announce_reassigned(session, booking, now, changed)
    return changed


def require_reassignable(session: Session, booking: Booking, now: datetime) -> None:
    """Check that a booking can go to another host. Raises NotFound for one that is no team's, or NotAllowed."""
    if booking.team_id is None:
        raise NotFound
    require_changeable(booking, now)
    if booking.start_time <= now:
        raise NotAllowed("This meeting has already started.")
    if booking.status == BookingStatus.ACCEPTED and open_request(session, booking) is not None:
        raise NotAllowed("The booker has asked for another time. Confirm or reject that request first.")


def replaced_host(session: Session, booking: Booking, username: str = "") -> User:
    """Return the host with this username; without one, a host who has left the team, else the organizer.

    Raises NotAllowed for somebody who does not attend.
    """
    if username:
        found = next((host for host in booking.hosts if host.username == username), None)
        if found is None:
            raise NotAllowed("This booking’s hosts have changed. Check who hosts it now, then try again.")
        return found
    left = former_hosts(session, booking)
    return left[0] if left else booking.host


def former_hosts(session: Session, booking: Booking) -> list[User]:
    """Return the hosts of a team's booking who have left the team."""
    if booking.team_id is None:
        return []
    members = who_belong(session, booking.team_id, [host.id for host in booking.hosts])
    return [host for host in booking.hosts if host.id not in members]


def offered(session: Session, booking: Booking, by: User, now: datetime) -> list[Candidate]:
    """Return who may be chosen by a person: owners and admins choose any member, others the event type's hosts."""
    found = find_candidates(session, booking, now)
    membership = find_membership(session, booking.team_id or 0, by)
    if booking.event_type is None or (membership is not None and membership.is_admin):
        return found
    return [each for each in found if each.host.place is not None]


def next_candidate(booking: Booking, replaced: User, found: Sequence[Candidate], now: datetime) -> Candidate | None:
    """Return whose turn it is among the event type's hosts who are free, None where there is none."""
    free = [each for each in found if each.in_turn]
    if not free or booking.event_type is None:
        return None
    returned = turn_of(booking, now) if takes_turns(booking, replaced) else {}
    choice = next_turn(booking.event_type, _hosts(free), now, returned)
    return next(each for each in free if each.user.id == choice.key)


def takes_turns(booking: Booking, host: User) -> bool:
    """Tell whether a host attends because it was their turn."""
    return booking.scheduling_type == SchedulingType.ROUND_ROBIN and host.id == booking.host_id


def _named(found: Sequence[Candidate], member_id: int) -> Candidate:
    chosen = next((each for each in found if each.membership.id == member_id), None)
    if chosen is None:
        raise InvalidInput({"host": "Choose someone from the list."})
    if not chosen.can_attend:
        raise _busy(chosen.user)
    return chosen


def _pass_turn(
    session: Session, booking: Booking, found: Sequence[Candidate], taking: Candidate, now: datetime, *, by_hand: bool
) -> None:
    """Give back the turn that the booking took, and count it for who takes over."""
    give_back(session, booking, now)
    event_type = booking.event_type
    if event_type is None:
        booking.assignment = None
        return
    free = _hosts(each for each in found if each.in_turn or each is taking)
    choice = named_turn(event_type, free, taking.host, now) if by_hand else next_turn(event_type, free, now)
    earlier = choices_of(booking.assignment)[-MAX_EARLIER_CHOICES:]
    booking.assignment = take_turn(event_type, free, choice, now) | {"earlier": earlier}


def _hosts(candidates: Iterable[Candidate]) -> list[Host]:
    return [each.host for each in candidates]


def _replace(session: Session, booking: Booking, replaced: User, taking: User) -> None:
    """Write who attends in place of whom. Raises SlotTaken where the database finds that host busy."""
    with refusing(_busy(taking)):
        if replaced.id == booking.host_id:
            booking.title = _title(booking, replaced, taking)
            # The database moves the organizer's row.
            booking.host = taking
            session.flush()
        else:
            row = (BookingHost.booking_id == booking.id, BookingHost.host_id == replaced.id)
            session.flush()
            changed = update(BookingHost).where(*row).values(host_id=taking.id)
            session.execute(changed, execution_options={"synchronize_session": False})
            session.expire(booking, ["co_hosts"])


def _title(booking: Booking, replaced: User, taking: User) -> str:
    """Return a booking's title with the new organizer's name, where the event type's pattern gave it the former's."""
    if booking.event_type is None:
        return booking.title
    before, after = (_title_with(booking, booking.event_type, host) for host in (replaced, taking))
    return after if booking.title == before else booking.title


def _title_with(booking: Booking, event_type: EventType, host: User) -> str:
    return booking_title(
        event_type.booking_name,
        event_title=booking.event_title,
        organiser=host.name,
        scheduler=booking.attendees[0].name,
        location=booking.location,
        length=booking.length,
    )


def _busy(host: User) -> SlotTaken:
    return SlotTaken(f"{host.name} has another meeting at this time. Choose someone else.")
