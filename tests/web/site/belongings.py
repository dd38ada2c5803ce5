"""Something of everything that an account can have, and the whole database to compare."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from calhooks import clock
from calhooks.accounts import links, sessions
from calhooks.accounts.models import User
from calhooks.db import Base, db, writing
from calhooks.delivery.models.deliveries import Attempt, DeliveryState
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
    """Give an account a row in every table; the numbers, uids and tokens by which addresses and forms name them."""
    event_type = factories.create_event_type(user, slug="quick-chat", title="Quick chat")
    # Nothing uses this schedule, so that it may be deleted, and nothing follows this event type, so that it may move.
    schedule = factories.create_schedule(user)
    last = factories.create_event_type(user, slug="interview", title="Interview")
    return {
        "username": user.username,
        "slug": event_type.slug,
        "user_id": str(user.id),
        "schedule_id": str(schedule.id),
        "event_type_id": str(last.id),
        **_exceptions(user, schedule.id),
        **_bookings(event_type),
        **_webhook(user),
        **_tokens(user),
    }


def tables_of_accounts() -> list[str]:
    """Return the tables whose rows belong to an account: they refer to users, or to a table that does."""
    found = ["users"]
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


def _bookings(event_type: EventType) -> Belongings:
    uids = {}
    for name, (status, hours) in STATES.items():
        booking = factories.create_booking(event_type, clock.now() + timedelta(hours=hours), status=status)
        uids[name] = booking.uid
    with writing() as session:
        accepted = session.scalars(select(Booking).where(Booking.uid == uids["accepted"])).one()
        note(accepted, ChangeAction.BOOKED, clock.now())
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
    return uids


def _hold(booking: Booking) -> SlotHold:
    """Return what another visitor is about to book, an hour after a booking."""
    start, end = booking.start_time + timedelta(hours=1), booking.end_time + timedelta(hours=1)
    soon = clock.now() + timedelta(minutes=5)
    return SlotHold(visitor_key=booking.uid, host_id=booking.host_id, start_time=start, end_time=end, expires_at=soon)


def _webhook(user: User) -> Belongings:
    """Make a webhook with an old secret, a delivery that failed, an event it was not told of, a run and a notice."""
    webhook = factories.create_webhook(user, "https://example.com/hook", "whsec_bmV3IHNlY3JldA==")
    # A webhook has one run at a time: that of another one, so that this one's can begin.
    running = factories.create_webhook(user, "https://example.com/running")
    now = clock.now()
    told = factories.create_event(user)
    factories.create_event(user)
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
    notice = Notice(
        owner_id=user.id, endpoint_id=endpoint.id, kind=NoticeKind.FAILING, detail="No answer.", created_at=now
    )
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
    with writing() as session:
        session.add_all([run, notice, attempt, old])
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
