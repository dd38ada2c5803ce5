"""Tell an event to every webhook that asked for it: what each is owed is written in the caller's transaction.

That transaction may hold SQLite's only write lock, so all bodies and headers of an event share one budget of work, and
templates are compiled before it begins.
"""

import json
import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from calhooks.accounts.owners import Owner
from calhooks.config import current_config
from calhooks.delivery import outbox
from calhooks.delivery.models.deliveries import MAX_SUMMARY_LENGTH, Event
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.events import BookingEvent
from calhooks.webhooks.body.bodies import render_body, shape_of
from calhooks.webhooks.body.compiled import compiled
from calhooks.webhooks.body.payload import build_payload, payload_bytes
from calhooks.webhooks.filters.matching import JudgedEvent, lets_through
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.settings.headers import HeaderFailed, render_headers
from calhooks.webhooks.template import MAX_EVENT_UNITS, Budget, ContentType, Meter, Template, TemplateError

__all__ = [
    "MAX_EVENT_UNITS",
    "Listeners",
    "booked_event_type",
    "dispatch",
    "dispatch_first",
    "lock_listeners",
    "owed_to",
    "prepare_listeners",
    "prepare_templates",
    "prepare_webhook",
]

log = logging.getLogger(__name__)

PREPARED = "calhooks_prepared_templates"


@dataclass(frozen=True, slots=True)
class Listeners:
    """The active webhooks of one account as they were read, apart from their session, with compiled templates."""

    owner: Owner
    webhooks: Sequence[Webhook]
    templates: Sequence[Template] = field(repr=False)


def dispatch(session: Session, event: BookingEvent) -> int:
    """Record an event, with the bytes that each active webhook of its hosts and its team is owed.

    A template that fails, or spends more than its share of the event's budget, makes a failed delivery with its
    reason; nothing about a webhook can fail the caller. Returns the units of work that were spent: an event may spend
    MAX_EVENT_UNITS.
    """
    record, body = _record(session, event)
    booked = booked_event_type(session, event.uid, event.event_type_id)
    webhooks = session.scalars(_ACTIVE, _owners(_told(event)))
    budget, owed = _owed_by_all(_hearing(webhooks, event, booked, body), body)
    if owed:
        outbox.owe(session, record, owed)
    return budget.spent


def dispatch_first(session: Session, event: BookingEvent, listeners: Listeners) -> int:
    """Record the first event of a sequence, and what it owes to `listeners`, as `dispatch` does.

    Only for use after `lock_listeners`, in its transaction.
    """
    record, body = _record(session, event)
    budget, owed = _owed_by_all(_hearing(listeners.webhooks, event, event.event_type_id, body), body)
    if owed:
        outbox.owe_first(session, record, owed)
    return budget.spent


def prepare_listeners(session: Session, owner: Owner) -> Listeners:
    """Read an account's active webhooks and compile their templates, before the transaction that will need them."""
    webhooks = session.scalars(_ACTIVE, _owners([owner]), execution_options={"populate_existing": True}).all()
    for webhook in webhooks:
        session.expunge(webhook)
    return Listeners(owner, webhooks, [template for webhook in webhooks for template in prepare_webhook(webhook)])


def lock_listeners(session: Session, listeners: Listeners) -> bool:
    """Lock the endpoints of an account's active webhooks, and tell whether they are the ones that were read.

    That a webhook itself is as it was read is for the caller to know.
    """
    active = session.connection().scalars(_LOCKED, _owners([listeners.owner])).all()
    return set(active) == {webhook.endpoint_id for webhook in listeners.webhooks}


def booked_event_type(session: Session, uid: str, event_type_id: int | None) -> int | None:
    """Return which event type was booked: the one given, or the first on record where it has been deleted since.

    Webhooks for selected event types hear of a booking to its end.
    """
    if event_type_id is not None:
        return event_type_id
    payload = session.scalar(select(Event.payload).where(Event.subject == uid).order_by(Event.id).limit(1))
    recorded: int | None = json.loads(payload).get("payload", {}).get("eventTypeId") if payload else None
    return recorded


def _record(session: Session, event: BookingEvent) -> tuple[outbox.RecordedEvent, dict[str, object]]:
    """Record an event, and return it with its default body."""
    body = build_payload(event, current_config().base_url)
    new = outbox.NewEvent(
        owner_id=event.host_id,
        trigger=str(event.trigger),
        occurred_at=event.occurred_at,
        sequence_key=event.sequence_key,
        subject=event.uid,
        summary=_summary(event),
        payload=payload_bytes(body),
        team_id=event.team.id if event.team else None,
        host_ids=event.told_ids if event.team else (),
    )
    return outbox.record_event(session, new), body


def prepare_templates(session: Session, owners: Iterable[Owner]) -> None:
    """Compile the templates of some owners' webhooks, which takes up to 0.2 s for each that is new to this process.

    Call it before the transaction in which an event is dispatched. The session holds them until it prepares others.
    """
    found = session.scalars(_ACTIVE, _owners(owners))
    session.info[PREPARED] = [template for webhook in found for template in prepare_webhook(webhook)]


def prepare_webhook(webhook: Webhook) -> list[Template]:
    """Return the templates of a webhook, compiled. Those that do not compile are left for their delivery to report."""
    shape, prepared = shape_of(webhook), list[Template]()
    body = [(shape.payload_template, shape.content_type)] if shape.is_custom else []
    for source, content_type in (*body, *((value, ContentType.TEXT) for _, value in webhook.headers)):
        with suppress(TemplateError):
            prepared.append(compiled(source, content_type))
    return prepared


def _owed_by_all(listening: Sequence[Webhook], body: dict[str, object]) -> tuple[Budget, list[outbox.Owed]]:
    """Return what webhooks are owed, and the budget that it was taken from.

    One whose share was too small is tried once more with what the others left.
    """
    budget = Budget(len(listening))
    owed, short = dict[int, outbox.Owed](), list[tuple[Webhook, int]]()
    for number, webhook in enumerate(listening):
        with budget.share(len(listening) - number) as meter:
            owed[webhook.id] = owed_to(webhook, body, meter)
        if meter.fell_short:
            short.append((webhook, meter.limit))
    for number, (webhook, had) in enumerate(short):
        if budget.share_of(len(short) - number) > had:
            with budget.share(len(short) - number) as meter:
                owed[webhook.id] = owed_to(webhook, body, meter)
    return budget, list(owed.values())


def _hearing(
    webhooks: Iterable[Webhook], event: BookingEvent, event_type_id: int | None, body: dict[str, object]
) -> list[Webhook]:
    """Return the webhooks that asked for an event and whose filters let it through."""
    team_id = event.team.id if event.team else None
    judged = JudgedEvent(body)
    asked = (webhook for webhook in webhooks if webhook.hears(event.trigger, event_type_id, team_id))
    return [webhook for webhook in asked if lets_through(webhook.filter, judged)]


def _told(event: BookingEvent) -> list[Owner]:
    if event.team is None:
        return [Owner(user_id=event.host_id)]
    return [Owner(team_id=event.team.id), *(Owner(user_id=number) for number in event.told_ids)]


def _owners(owners: Iterable[Owner]) -> dict[str, list[int]]:
    owners = list(owners)
    return {
        "accounts": [owner.user_id for owner in owners if owner.user_id is not None],
        "teams": [owner.team_id for owner in owners if owner.team_id is not None],
    }


_IS_TOLD = or_(
    Webhook.owner_id.in_(bindparam("accounts", expanding=True)),
    Webhook.team_id.in_(bindparam("teams", expanding=True)),
)
# Without their endpoints, whose secret headers would be decrypted for nothing.
_ACTIVE = (
    select(Webhook)
    .join(Webhook.endpoint)
    .where(_IS_TOLD, Endpoint.active, Endpoint.deleted_at.is_(None))
    .order_by(Webhook.id)
)
_LOCKED = (
    select(Webhook.endpoint_id)
    .join(Webhook.endpoint)
    .where(_IS_TOLD, Endpoint.active, Endpoint.deleted_at.is_(None))
    .order_by(Webhook.endpoint_id)
    .with_for_update(key_share=True, of=Endpoint)
)


def owed_to(webhook: Webhook, body: dict[str, object], meter: Meter) -> outbox.Owed:
    """Return the headers and bytes that a webhook is owed, or why there are none.

    The default `body` is kept with the event, and not once more here. The templates spend units of `meter`.
    """
    shape = shape_of(webhook)
    rendered, headers, error = None, list[list[str]](), None
    try:
        headers = render_headers(webhook.headers, body, meter)
        rendered = render_body(shape, body, meter) if shape.is_custom else None
    except TemplateError as wrong:
        error = f"The template gave no body. {wrong}"
    except HeaderFailed as wrong:
        error = str(wrong)
    except Exception:
        log.exception("the template of webhook %s failed unexpectedly", webhook.id)
        error = "The template gave no body: calhooks itself failed, and its log says how."
    return outbox.Owed(
        endpoint_id=webhook.endpoint_id, body=rendered, content_type=shape.sent_as, headers=headers, error=error
    )


def _summary(event: BookingEvent) -> str:
    booker = event.attendees[0] if event.attendees else None
    with_whom = f" with {booker.name or booker.email}" if booker else ""
    return " ".join(f"{event.title}{with_whom}".split())[:MAX_SUMMARY_LENGTH]
