"""Something of everything that an account can have, and the whole database to compare."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select

from calhooks import clock
from calhooks.accounts import links, sessions
from calhooks.accounts.models import User
from calhooks.accounts.owners import owner_of
from calhooks.accounts.teams.models import Invitation, Membership, Role, Team
from calhooks.db import Base, db, writing
from calhooks.delivery.counting.statistics import DeliveryStatistic, hour_of
from calhooks.delivery.models.deliveries import Attempt, DeliveryState, EventHost
from calhooks.delivery.models.endpoints import Endpoint, Notice, NoticeKind, SigningKey
from calhooks.delivery.models.runs import ResendRun, RunKind
from calhooks.mail.models import KnownAddress, Mail, MailState
from calhooks.scheduling.availability.holds import SlotHold
from calhooks.scheduling.bookings.rules import note
from calhooks.scheduling.calendars.feeds import renew_feed
from calhooks.scheduling.models.bookings import Booking, BookingStatus, ChangeAction
from calhooks.scheduling.models.event_types import EventType
from calhooks.scheduling.models.schedules import Absence, DateOverride
from tests import factories

Belongings = dict[str, str]

STATES = {
    "accepted": (BookingStatus.ACCEPTED, 26),
    "pending": (BookingStatus.PENDING, 28),
    "cancelled": (BookingStatus.CANCELLED, 30),
    "rejected": (BookingStatus.REJECTED, 32),
    "past": (BookingStatus.ACCEPTED, -26),
}


def give_everything(user: User) -> Belongings:
    """Give an account a row in every table; the numbers, uids and tokens by which addresses and forms name them.

    A team that it owns has all that a team can have, by the same names with `team_` before them.
    """
    event_type = factories.create_event_type(user, slug="quick-chat", title="Quick chat")
    # Nothing uses this schedule, so that it may be deleted, and nothing follows this event type, so that it may move.
    schedule = factories.create_schedule(user)
    last = factories.create_event_type(user, slug="interview", title="Interview")
    bookings = _bookings(event_type, user)
    _give_mail(user)
    return {
        "username": user.username,
        "slug": event_type.slug,
        "user_id": str(user.id),
        "schedule_id": str(schedule.id),
        "event_type_id": str(last.id),
        **_exceptions(user, schedule.id),
        **bookings,
        **_webhook(user, user),
        **_tokens(user),
        **{f"team_{name}": value for name, value in _team(user).items()},
    }


def remove_from_team(team_id: str, user: User) -> None:
    """Have somebody leave a team."""
    gone = delete(Membership).where(Membership.team_id == int(team_id), Membership.user_id == user.id)
    with writing() as session:
        session.execute(gone)


def tables_of_accounts() -> list[str]:
    """Return the tables whose rows belong to an account: they refer to users, or to a table that does."""
    found = ["users", "teams"]
    for table in Base.metadata.sorted_tables:
        if any(key.column.table.name in found for key in table.foreign_keys):
            found.append(table.name)
    return found


def everything_kept() -> dict[str, list[Any]]:
    """Return every row of every table."""
    tables = Base.metadata.sorted_tables
    return {
        table.name: [tuple(row) for row in db.session.execute(select(table).order_by(*table.primary_key.columns))]
        for table in tables
    }


def _exceptions(user: User, schedule_id: int) -> Belongings:
    day = clock.now().date()
    override = DateOverride(schedule_id=schedule_id, day=day)
    absence = Absence(owner_id=user.id, first_day=day, last_day=day + timedelta(days=1))
    with writing() as session:
        session.add_all([override, absence])
    return {"override_id": str(override.id), "absence_id": str(absence.id)}


def _team(owner: User) -> Belongings:
    team = factories.create_team(owner, name="Sales", slug=f"sales-of-{owner.username}")
    mate = factories.create_user(f"mate-of-{owner.username}")
    membership = factories.create_membership(team, mate)
    # Free at any time, so that it is always this host's turn.
    factories.create_schedule(mate, hours=(0, 24), days=range(7))
    talk, last = (
        factories.create_team_event_type(team, [owner, mate], slug=slug, title=title)
        for slug, title in (("quick-chat", "Quick chat"), ("interview", "Interview"))
    )
    now = clock.now()
    invitation = Invitation(
        team_id=team.id,
        token_hash=f"of {team.slug}",
        role=Role.MEMBER,
        invited_by_id=owner.id,
        created_at=now,
        expires_at=now + timedelta(days=7),
    )
    with writing() as session:
        session.add(invitation)
    return {
        "id": str(team.id),
        "member_id": str(membership.id),
        "invitation_id": str(invitation.id),
        "username": team.slug,
        "event_type_id": str(last.id),
        **_bookings(talk, owner, after=timedelta(minutes=30)),
        **_webhook(team, owner),
    }


def _bookings(event_type: EventType, host: User, after: timedelta = timedelta(0)) -> Belongings:
    """Make a booking in each state, `after` those that the host has already."""
    uids = {}
    for name, (status, hours) in STATES.items():
        start = (clock.now() + timedelta(hours=hours) + after).replace(second=0, microsecond=0)
        uids[name] = factories.create_booking(event_type, start, status=status, host_id=host.id).uid
    with writing() as session:
        accepted = session.scalars(select(Booking).where(Booking.uid == uids["accepted"])).one()
        note(accepted, ChangeAction.BOOKED, clock.now())
    return uids


def _give_mail(user: User) -> None:
    """Make a mail about a booking, whose address is known from then on, and what another visitor holds."""
    with writing() as session:
        accepted = session.scalars(select(Booking).filter_by(host_id=user.id, status=BookingStatus.ACCEPTED)).first()
        assert accepted
        fields = {
            "kind": "booking_created",
            "recipient": "bob@example.com",
            "subject": "Confirmed",
            "text": "",
            "html": "",
        }
        about = {
            "about": accepted.uid,
            "state": MailState.SENT,
            "message_id": f"<{accepted.uid}>",
            "created_at": clock.now(),
        }
        used = {"address": "bob@example.com", "first_used_at": clock.now()}
        session.add(KnownAddress(owner_id=accepted.host_id, **used))
        session.add(_hold(accepted))
        session.add(Mail(owner_id=accepted.host_id, **fields, **about))


def _hold(booking: Booking) -> SlotHold:
    """Return what another visitor is about to book, an hour after a booking."""
    start, end = booking.start_time + timedelta(hours=1), booking.end_time + timedelta(hours=1)
    soon = clock.now() + timedelta(minutes=5)
    return SlotHold(visitor_key=booking.uid, host_id=booking.host_id, start_time=start, end_time=end, expires_at=soon)


def _webhook(owner: User | Team, host: User) -> Belongings:
    """Make a webhook with old keys, a delivery that failed, an event it was not told of, a run and a notice."""
    webhook = factories.create_webhook(owner, "https://example.com/hook", "whsec_bmV3IHNlY3JldA==")
    # A webhook has one run at a time: that of another one, so that this one's can begin.
    running = factories.create_webhook(owner, "https://example.com/running")
    now = clock.now()
    told, _ = (factories.create_event(host, team_id=owner_of(owner).team_id) for _ in range(2))
    endpoint = db.session.get_one(Endpoint, webhook.endpoint_id)
    delivery = factories.create_delivery(endpoint, told, state=DeliveryState.FAILED, due_at=None, attempt_count=1)
    run = ResendRun(
        endpoint_id=running.endpoint_id,
        kind=RunKind.FAILED,
        since=now,
        position=0,
        up_to=0,
        total=1,
        pace=1,
        created_at=now,
    )
    about = {"endpoint_id": endpoint.id, "kind": NoticeKind.FAILING, "detail": "No answer.", "created_at": now}
    notice = Notice(**owner_of(owner).columns, **about)
    attempt = Attempt(
        delivery_id=delivery.id,
        number=1,
        started_at=now,
        duration_ms=87,
        url=endpoint.url,
        request_headers=[],
        status=500,
        response_headers=[],
        response_body=b"",
    )
    old = SigningKey(
        endpoint_id=endpoint.id, secret="whsec_b2xkIHNlY3JldA==", created_at=now, expires_at=now + timedelta(hours=24)
    )
    for expires_at in (now + timedelta(hours=24), None):
        factories.create_key_pair(endpoint, expires_at=expires_at)
    counted = DeliveryStatistic(endpoint_id=endpoint.id, hour=hour_of(now), bucket=5, delivered=0, failed=1)
    with writing() as session:
        session.add_all([run, notice, attempt, old, counted])
        if isinstance(owner, Team):
            session.add(EventHost(user_id=host.id, event_id=told.id))
    return {
        "webhook_id": str(webhook.id),
        "delivery_id": str(delivery.id),
        "running": str(running.id),
        "run_id": str(run.id),
        "notice_id": str(notice.id),
    }


def _tokens(user: User) -> Belongings:
    with writing() as session:
        link = links.create_link(session, user)
        feed = renew_feed(session, user)
        sessions.begin_session(session, user.id, user.password_hash, sessions.Browser("Safari on iPhone", "192.0.2.7"))
        elsewhere = sessions.open_sessions(session, user.id)[0]
    return {"link": link, "feed": feed.token, "session_id": str(elsewhere.id)}
