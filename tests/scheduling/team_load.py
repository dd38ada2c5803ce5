"""Everything at once: people book, move and cancel with hosts and teams, who change their hosts, days and webhooks.

`python -m tests.scheduling.team_load '{"seed": 1, "seconds": 30}'` does it in a process of its own, on the database of
its environment, and prints how often each thing was done or refused, and what went wrong.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import and_, delete, func, select
from sqlalchemy.orm import Session, aliased

from calhooks import clock, create_app
from calhooks.accounts.models import User
from calhooks.accounts.owners import Owner, lock_owner
from calhooks.accounts.teams.models import Membership, Role, Team
from calhooks.db import db, writing
from calhooks.scheduling.availability import absences
from calhooks.scheduling.availability.holds import hold, release
from calhooks.scheduling.bookings.book import book
from calhooks.scheduling.bookings.cancel import cancel
from calhooks.scheduling.bookings.confirm import confirm, reject
from calhooks.scheduling.bookings.prepared import book_prepared, prepare_booking
from calhooks.scheduling.bookings.reassign import Reassignment, reassign
from calhooks.scheduling.bookings.reschedule import reschedule
from calhooks.scheduling.errors import HostedByOthers, InvalidInput, NotAllowed, NotFound
from calhooks.scheduling.event_types import editing
from calhooks.scheduling.locking import lock_hosts
from calhooks.scheduling.models.bookings import Booking, BookingHost, BookingStatus
from calhooks.scheduling.models.event_types import EventType, EventTypeHost, SchedulingType
from calhooks.scheduling.models.schedules import Absence
from calhooks.scheduling.teams.leaving import leave_team
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.settings import subscriptions
from tests import factories
from tests.scheduling.helpers import submission
from tests.scheduling.lock_order import watching_locks

HOSTS = 6
HOURS = 12
REFUSALS = (NotAllowed, NotFound, InvalidInput, HostedByOthers)


def make_world(url: str) -> None:
    """Make six hosts in two teams, which list those that they share at different ends, with webhooks to a URL."""
    hosts = [factories.create_user(f"host{number}", time_zone="UTC") for number in range(HOSTS)]
    for host in hosts:
        hours = factories.create_schedule(host, hours=(0, 24), days=range(7))
        factories.create_event_type(host, schedule=hours, minimum_notice=0, buffer_after=5)
        factories.create_webhook(host, url)
    for slug, people in (("left", hosts[:4]), ("right", hosts[:1:-1])):
        team = factories.create_team(people[0], members=people[1:], slug=slug, time_zone="UTC")
        factories.create_webhook(team, url)
        for kind, fixed in ((SchedulingType.ROUND_ROBIN, people[2:3]), (SchedulingType.COLLECTIVE, [])):
            each = {"slug": kind.lower(), "minimum_notice": 0}
            factories.create_team_event_type(team, people, kind, fixed=fixed, **each)
        factories.create_team_event_type(team, people, slug="ask", requires_confirmation=True, minimum_notice=0)


class Actor:
    """Somebody who does one thing after another, by chance."""

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)
        self._name = f"actor {seed}"
        self.done: Counter[str] = Counter()
        self.troubles: list[str] = []

    def act(self, seconds: float) -> None:
        """Go on for so many seconds."""
        until = time.monotonic() + seconds
        deeds: list[Callable[[], None]] = [self._book] * 8 + [self._move] * 4 + [self._cancel, self._answer] * 3
        deeds += [self._reassign] * 2
        deeds += [self._hold, self._days_off, self._hosts, self._membership, self._event_type, self._webhook]
        while time.monotonic() < until:
            self._do(self._chance.choice(deeds))

    def _do(self, deed: Callable[[], None]) -> None:
        name = deed.__name__.removeprefix("_")
        try:
            deed()
        except REFUSALS as refusal:
            self.done[f"{name}: {type(refusal).__name__}"] += 1
        except Exception as error:
            self.troubles.append(f"{name}: {type(error).__name__}: {error}")
        else:
            self.done[name] += 1
        finally:
            db.session.remove()

    def _any(self, query: Any) -> Any:
        found = db.session.scalars(query).all()
        db.session.rollback()
        if not found:
            raise NotFound
        return self._chance.choice(found)

    def _form(self) -> Any:
        tomorrow = datetime.combine(datetime.now(UTC).date() + timedelta(days=1), datetime.min.time(), UTC)
        start = tomorrow + timedelta(minutes=30 * self._chance.randrange(2 * HOURS))
        return submission(start, email=f"{self._chance.random()}@example.com")

    def _book(self) -> None:
        number, form = self._any(select(EventType.id)), self._form()
        prepared = prepare_booking(db.session(), number, form, metadata={}, visitor=self._name)
        with writing() as session:
            if self._chance.random() < 0.5:
                book(session, number, form, metadata={}, visitor=self._name)
            else:
                book_prepared(session, prepared)
            release(session, self._name)

    def _booking(self, *statuses: BookingStatus) -> str:
        uid: str = self._any(select(Booking.uid).where(Booking.status.in_(statuses)))
        return uid

    def _move(self) -> None:
        uid = self._booking(BookingStatus.ACCEPTED, BookingStatus.PENDING)
        with writing() as session:
            reschedule(session, uid, self._form(), metadata={}, visitor=self._name, by=None)

    def _cancel(self) -> None:
        uid = self._booking(BookingStatus.ACCEPTED, BookingStatus.PENDING)
        with writing() as session:
            cancel(session, uid, reason="", by=None)

    def _answer(self) -> None:
        uid = self._booking(BookingStatus.PENDING)
        with writing() as session:
            host = session.scalars(select(User).join(Booking, Booking.host_id == User.id).filter_by(uid=uid)).one()
            if self._chance.random() < 0.7:
                confirm(session, uid, host)
            else:
                reject(session, uid, host, reason="")

    def _reassign(self) -> None:
        number, team_id = self._any_of_team()
        with writing() as session:
            in_charge = select(User).join(Membership, Membership.user_id == User.id)
            owner = session.scalars(in_charge.where(Membership.team_id == team_id, Membership.role == Role.OWNER)).one()
            uid = session.get_one(Booking, number).uid
            reassign(session, uid, Reassignment(), owner)

    def _any_of_team(self) -> tuple[int, int]:
        """Return an accepted booking of a team, and the team."""
        query = select(Booking.id).where(Booking.status == BookingStatus.ACCEPTED, Booking.team_id.is_not(None))
        number: int = self._any(query)
        team_id = db.session.get_one(Booking, number).team_id
        db.session.rollback()
        assert team_id is not None
        return number, team_id

    def _hold(self) -> None:
        number, start = self._any(select(EventType.id)), self._form().start
        with writing() as session:
            hold(session, session.get_one(EventType, number), self._name, start, 30, clock.now())

    def _days_off(self) -> None:
        number = self._any(select(User.id))
        with writing() as session:
            host = session.get_one(User, number)
            mine = session.scalars(select(Absence.id).filter_by(owner_id=number)).first()
            if mine is not None:
                absences.remove_absence(session, host, mine)
            elif self._chance.random() < 0.3:
                absences.add_absence(session, host, first=f"{self._form().start:%Y-%m-%d}", last="", note="")

    def _hosts(self) -> None:
        """Take a host off a team's event type, or put one on it."""
        number = self._any(select(EventType.id).where(EventType.team_id.is_not(None)))
        with writing() as session:
            team_id = session.get_one(EventType, number).team_id
            lock_owner(session, Owner(team_id=team_id))
            listed = session.scalars(select(EventTypeHost.membership_id).filter_by(event_type_id=number)).all()
            if len(listed) > 2 and self._chance.random() < 0.5:
                gone = EventTypeHost.membership_id == self._chance.choice(listed)
                session.execute(delete(EventTypeHost).where(EventTypeHost.event_type_id == number, gone))
                return
            for membership in session.scalars(select(Membership.id).filter_by(team_id=team_id)):
                if membership not in listed:
                    session.add(EventTypeHost(event_type_id=number, membership_id=membership, position=len(listed)))
                    return

    def _membership(self) -> None:
        """Let somebody leave a team, or come into it."""
        team_id = self._any(select(Team.id))
        with writing() as session:
            lock_owner(session, Owner(team_id=team_id))
            members = session.scalars(select(Membership).filter_by(team_id=team_id, role=Role.MEMBER)).all()
            if len(members) > 2:
                leave_team(session, team_id, session.get_one(User, self._chance.choice(members).user_id))
                return
            inside = select(Membership.user_id).where(Membership.team_id == team_id)
            user_id = session.scalars(select(User.id).where(User.id.not_in(inside))).first()
            session.add(Membership(team_id=team_id, user_id=user_id, role=Role.MEMBER, joined_at=clock.now()))

    def _event_type(self) -> None:
        number = self._any(select(EventType.id))
        with writing() as session:
            owner = session.get_one(EventType, number).belongs_to
            lock_owner(session, owner)
            if owner.team_id is not None:
                lock_hosts(session, session.scalars(select(Membership.user_id).filter_by(team_id=owner.team_id)).all())
            editing.set_hidden(session, owner, number, self._chance.random() < 0.5)
            editing.move_event_type(session, owner, number, self._chance.choice([-1, 1]))

    def _webhook(self) -> None:
        number = self._any(select(Webhook.id))
        with writing() as session:
            webhook = session.get_one(Webhook, number)
            subscriptions.set_active(session, webhook, not webhook.endpoint.active)


def switch_all_on() -> None:
    """Switch on all webhooks, so that nothing waits for one that was left off."""
    with writing() as session:
        for webhook in session.scalars(select(Webhook)).all():
            subscriptions.set_active(session, webhook, True)


def overlaps(session: Session) -> int:
    """Return how many pairs of accepted meetings of one host overlap."""
    one, other = aliased(BookingHost), aliased(BookingHost)
    both = (one.host_id == other.host_id, one.booking_id < other.booking_id)
    accepted = (one.status == BookingStatus.ACCEPTED, other.status == BookingStatus.ACCEPTED)
    at_once = (one.start_time < other.end_time, other.start_time < one.end_time)
    return session.scalars(
        select(func.count()).select_from(one).join(other, both[0]).where(both[1], *accepted, *at_once)
    ).one()


def disagreements(session: Session) -> list[int]:
    """Return the numbers of bookings whose hosts' rows say something else than the booking, or lack its organizer."""
    organizer, said = aliased(BookingHost), aliased(BookingHost)
    without = select(Booking.id).outerjoin(
        organizer,
        (organizer.booking_id == Booking.id) & (organizer.position == 0) & (organizer.host_id == Booking.host_id),
    )
    otherwise = select(Booking.id).join(said, said.booking_id == Booking.id)
    same = (said.status == Booking.status, said.start_time == Booking.start_time, said.end_time == Booking.end_time)
    alone = (said.position == 0) | Booking.scheduling_type.is_not(None)
    twice = select(BookingHost.booking_id).group_by(BookingHost.booking_id, BookingHost.position)
    queries = (
        without.where(organizer.booking_id.is_(None)),
        otherwise.where(~and_(*same, alone)),
        twice.having(func.count() > 1),
    )
    return sorted({number for query in queries for number in session.scalars(query)})


def main(seed: int, seconds: float) -> None:
    """Act, and print what came of it."""
    actor = Actor(seed)
    with create_app(pages=False).app_context(), watching_locks(db.engine) as faults:
        actor.act(seconds)
    json.dump({"done": actor.done, "troubles": [*actor.troubles, *faults]}, sys.stdout)


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
