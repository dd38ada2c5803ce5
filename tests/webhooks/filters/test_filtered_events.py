"""Which webhooks an event goes to when they have filters."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.accounts.owners import owner_of
from calhooks.db import writing
from calhooks.delivery.models.deliveries import Delivery, DeliveryState, Event
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.models.runs import ResendRun
from calhooks.events import Trigger
from calhooks.webhooks import runs
from calhooks.webhooks.body.samples import sample_event
from calhooks.webhooks.dispatch import dispatch, dispatch_first, lock_listeners, prepare_listeners
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.resend import resend
from tests import factories

PRO = {"match": "all", "conditions": [{"variable": "metadata.plan", "operator": "is", "value": "pro"}], "since": ""}


def tell(host: User, trigger: Trigger = Trigger.BOOKING_CREATED, **metadata: str) -> None:
    with writing() as session:
        dispatch(session, replace(sample_event(trigger), host_id=host.id, metadata=metadata))


def owed(session: Session, webhook: Webhook) -> list[str]:
    session.expire_all()
    query = select(Event.trigger).join(Delivery, Delivery.event_id == Event.id).order_by(Delivery.id)
    return list(session.scalars(query.where(Delivery.endpoint_id == webhook.endpoint_id)))


def test_an_event_that_does_not_meet_the_conditions_is_owed_to_others_alone(session: Session, rick: User) -> None:
    filtered, other = factories.create_webhook(rick, filter=PRO), factories.create_webhook(rick)
    tell(rick, plan="free")
    tell(rick)
    assert (owed(session, filtered), len(owed(session, other))) == ([], 2)
    tell(rick, plan="pro")
    assert (len(owed(session, filtered)), len(owed(session, other))) == (1, 3)


def test_every_event_of_a_booking_is_judged_and_its_metadata_stays(session: Session, rick: User) -> None:
    webhook = factories.create_webhook(rick, filter=PRO)
    for trigger in (Trigger.BOOKING_CREATED, Trigger.BOOKING_RESCHEDULED, Trigger.BOOKING_CANCELLED):
        tell(rick, trigger, plan="pro")
    assert owed(session, webhook) == ["BOOKING_CREATED", "BOOKING_RESCHEDULED", "BOOKING_CANCELLED"]


def test_conditions_on_what_changed_are_judged_event_by_event(session: Session, rick: User) -> None:
    ill = {"match": "any", "conditions": [{"variable": "cancellationReason", "operator": "contains", "value": "ill"}]}
    webhook = factories.create_webhook(rick, filter=ill)
    tell(rick)
    tell(rick, Trigger.BOOKING_CANCELLED)
    assert owed(session, webhook) == ["BOOKING_CANCELLED"]


def test_the_first_event_of_a_prepared_booking_is_judged_too(session: Session, rick: User) -> None:
    webhook = factories.create_webhook(rick, filter=PRO)
    listeners = prepare_listeners(session, owner_of(rick))
    session.rollback()
    for plan in ("free", "pro"):
        event = replace(sample_event(Trigger.BOOKING_CREATED), host_id=rick.id, metadata={"plan": plan}, uid=plan)
        with writing() as writer:
            assert lock_listeners(writer, listeners)
            dispatch_first(writer, replace(event, sequence_key=plan), listeners)
    session.expire_all()
    query = select(Event.subject).join(Delivery, Delivery.event_id == Event.id)
    assert list(session.scalars(query.where(Delivery.endpoint_id == webhook.endpoint_id))) == ["pro"]


def test_a_filter_that_cannot_be_read_loses_no_delivery(session: Session, rick: User) -> None:
    webhook = factories.create_webhook(rick, filter={"match": "all", "conditions": [{"operator": "was"}]})
    tell(rick)
    assert len(owed(session, webhook)) == 1


def test_replaying_applies_the_filter(session: Session, rick: User) -> None:
    for plan in ("free", "pro", "pro"):
        tell(rick, plan=plan)
    webhook = factories.create_webhook(rick, filter=PRO)
    assert len(runs.untold_events(session, webhook, 10)) == 2
    with writing() as writer:
        run_id = runs.start_replay(writer, webhook, clock.now() - timedelta(days=1000)).id
    for _ in range(3):
        with writing() as writer:
            runs.advance(writer, run_id)
    assert len(owed(session, webhook)) == 2
    assert session.get_one(ResendRun, run_id).total == 2


def test_resending_a_delivery_ignores_a_filter_that_was_added_since(session: Session, rick: User) -> None:
    webhook = factories.create_webhook(rick)
    tell(rick, plan="free")
    delivery = session.scalars(select(Delivery)).one()
    with writing() as writer:
        delivery = writer.get_one(Delivery, delivery.id)
        delivery.state, delivery.due_at = DeliveryState.FAILED, None
        writer.get_one(Webhook, webhook.id).filter = PRO
    with writing() as writer:
        resend(writer, writer.get_one(Delivery, delivery.id))
    session.expire_all()
    assert session.get_one(Delivery, delivery.id).state == DeliveryState.DUE


def test_the_switch_still_decides(session: Session, rick: User) -> None:
    webhook = factories.create_webhook(rick, filter=PRO)
    with writing() as writer:
        writer.get_one(Endpoint, webhook.endpoint_id).active = False
    tell(rick, plan="pro")
    assert owed(session, webhook) == []
