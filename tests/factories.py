"""Make what a test needs, with sensible values for what it does not care about. Everything is committed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import select

from calhooks import clock, ids
from calhooks.accounts.models import User
from calhooks.accounts.owners import owner_of
from calhooks.accounts.teams.models import Membership, Role, Team
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Delivery, DeliveryState, Event
from calhooks.delivery.models.endpoints import Endpoint, KeyPair, SigningKey
from calhooks.encryption.ed25519 import new_key_pair
from calhooks.events import DEFAULT_TRIGGERS
from calhooks.scheduling.models.bookings import Attendee, Booking, BookingStatus
from calhooks.scheduling.models.event_types import EventType, EventTypeHost, SchedulingType
from calhooks.scheduling.models.schedules import Schedule, ScheduleRange
from calhooks.webhooks.models import Webhook

_numbers = count(1)


def create_user(username: str = "", **values: Any) -> User:
    """Make a host in Europe/London; `username` rick gets rick@example.com."""
    username = username or f"host{next(_numbers)}"
    fields = {
        "name": username.title(),
        "email": f"{username}@example.com",
        "time_zone": "Europe/London",
        "created_at": clock.now(),
    }
    user = User(username=username, **(fields | values))
    with writing() as session:
        session.add(user)
    return user


def create_team(owner: User, *, admins: Sequence[User] = (), members: Sequence[User] = (), **values: Any) -> Team:
    """Make a team in Europe/London, Sales at /team/sales unless `values` say otherwise."""
    fields: dict[str, Any] = {"name": "Sales", "slug": "sales", "time_zone": "Europe/London", "created_at": clock.now()}
    team = Team(**(fields | values))
    people = [(owner, Role.OWNER), *((each, Role.ADMIN) for each in admins), *((each, Role.MEMBER) for each in members)]
    with writing() as session:
        session.add(team)
        session.flush()
        session.add_all(
            Membership(team_id=team.id, user_id=user.id, role=role, joined_at=clock.now()) for user, role in people
        )
    return team


def create_membership(team: Team, user: User, role: Role = Role.MEMBER) -> Membership:
    """Let somebody belong to a team."""
    membership = Membership(team_id=team.id, user_id=user.id, role=role, joined_at=clock.now())
    with writing() as session:
        session.add(membership)
    return membership


def create_team_event_type(
    team: Team,
    hosts: Sequence[User],
    scheduling_type: SchedulingType = SchedulingType.ROUND_ROBIN,
    *,
    fixed: Sequence[User] = (),
    **values: Any,
) -> EventType:
    """Make a team's event type of 30 minutes; those of the hosts who are `fixed` attend always.

    Hosts without weekly hours get some.
    """
    event_type = EventType(
        team_id=team.id,
        scheduling_type=scheduling_type,
        **({"slug": "talk", "title": "Talk to sales", "length": 30} | values),
    )
    for position, host in enumerate(hosts):
        _let_be_met(host)
        membership = db.session.scalars(select(Membership).filter_by(team_id=team.id, user_id=host.id)).one()
        is_fixed = host.id in {user.id for user in fixed}
        event_type.hosts.append(EventTypeHost(membership_id=membership.id, position=position, is_fixed=is_fixed))
    with writing() as session:
        session.add(event_type)
    return event_type


def _let_be_met(host: User) -> None:
    if db.session.scalar(select(Schedule.id).filter_by(owner_id=host.id)) is None:
        create_schedule(host)


def create_schedule(owner: User, hours: tuple[int, int] = (9, 17), days: range = range(5)) -> Schedule:
    """Make weekly hours in the owner's zone, Monday to Friday from 9 to 17 by default."""
    schedule = Schedule(owner_id=owner.id, name="Working hours", time_zone=owner.time_zone)
    start, end = hours
    schedule.ranges = [ScheduleRange(weekday=day, start_minute=start * 60, end_minute=end * 60) for day in days]
    with writing() as session:
        session.add(schedule)
    return schedule


def create_event_type(owner: User, **values: Any) -> EventType:
    """Make a bookable event type of 30 minutes."""
    if "schedule" not in values:
        values["schedule"] = create_schedule(owner)
    event_type = EventType(owner_id=owner.id, **({"slug": "30min", "title": "30 min meeting", "length": 30} | values))
    with writing() as session:
        session.add(event_type)
    return event_type


def create_booking(event_type: EventType, start_time: datetime, **values: Any) -> Booking:
    """Make an accepted booking by Ann Lee, straight in the database: no webhook is told.

    A team's needs the `host_id` of its organizer.
    """
    uid = ids.new_uid()
    fields: dict[str, Any] = {
        "uid": uid,
        "root_uid": uid,
        "host_id": event_type.owner_id,
        "team_id": event_type.team_id,
        "scheduling_type": event_type.scheduling_type,
        "event_type_id": event_type.id,
        "type": event_type.slug,
        "event_title": event_type.title,
        "title": event_type.title,
        "length": event_type.length,
        "status": BookingStatus.ACCEPTED,
        "start_time": start_time,
        "end_time": start_time + timedelta(minutes=event_type.length),
        "responses": {
            "name": {"label": "Your name", "value": "Ann Lee"},
            "email": {"label": "Email", "value": "ann@example.com"},
        },
        "created_at": clock.now(),
    }
    booking = Booking(**(fields | values))
    booking.attendees = [
        Attendee(position=0, name="Ann Lee", email="ann@example.com", time_zone="Asia/Kolkata", locale="en")
    ]
    with writing() as session:
        session.add(booking)
    return booking


def create_endpoint(owner: User | Team, url: str = "http://127.0.0.1:9/", secret: str = "", **values: Any) -> Endpoint:
    """Make an active endpoint, signing with `secret` if there is one."""
    endpoint = Endpoint(**owner_of(owner).columns, url=url, created_at=clock.now(), **values)
    if secret:
        endpoint.keys = [SigningKey(secret=secret, created_at=clock.now())]
    with writing() as session:
        session.add(endpoint)
    return endpoint


def create_key_pair(endpoint: Endpoint, **values: Any) -> KeyPair:
    """Make a key pair with which an endpoint signs from now on, as well as with those it has."""
    pair = KeyPair(endpoint_id=endpoint.id, **({**new_key_pair()._asdict(), "created_at": clock.now()} | values))
    with writing() as session:
        session.add(pair)
    return pair


def create_webhook(owner: User | Team, url: str = "http://127.0.0.1:9/", secret: str = "", **values: Any) -> Webhook:
    """Make an active webhook of an account or a team for the three default triggers with the default body."""
    fields: dict[str, Any] = {"triggers": [str(trigger) for trigger in DEFAULT_TRIGGERS], "created_at": clock.now()}
    endpoint = create_endpoint(owner, url, secret)
    webhook = Webhook(**owner_of(owner).columns, endpoint_id=endpoint.id, **(fields | values))
    with writing() as session:
        session.add(webhook)
    return webhook


def create_event(owner: User, **values: Any) -> Event:
    """Make an event with a small body that nobody is owed."""
    fields: dict[str, Any] = {
        "message_id": ids.new_message_id(),
        "trigger": "BOOKING_CREATED",
        "occurred_at": clock.now(),
        "sequence_key": ids.new_uid(),
        "subject": ids.new_uid(),
        "summary": "Quick chat with Ann Lee",
        "payload": b'{"triggerEvent":"BOOKING_CREATED"}',
    }
    event = Event(owner_id=owner.id, **(fields | values))
    with writing() as session:
        session.add(event)
    return event


def create_delivery(endpoint: Endpoint, event: Event, **values: Any) -> Delivery:
    """Make a delivery straight in the database, due now, without telling anyone."""
    fields: dict[str, Any] = {
        "sequence_key": event.sequence_key,
        "state": DeliveryState.DUE,
        "due_at": clock.now(),
        "body": event.payload,
        "content_type": "application/json",
        "created_at": clock.now(),
    }
    delivery = Delivery(event_id=event.id, endpoint_id=endpoint.id, **(fields | values))
    with writing() as session:
        session.add(delivery)
        due = [other for other in (endpoint.next_due_at, delivery.due_at) if other]
        endpoint.next_due_at = min(due) if due else None
    return delivery
