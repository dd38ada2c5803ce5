"""Tests of a webhook: a real signed request, as it is stored or as it was typed, without saving anything."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from calhooks import clock, ids
from calhooks.accounts.owners import Owner
from calhooks.config import current_config
from calhooks.delivery.by_hand import valid_secrets
from calhooks.delivery.key_pairs import valid_private_keys
from calhooks.delivery.sending.sender import OutgoingRequest, Result, send
from calhooks.events import Trigger
from calhooks.webhooks.body.bodies import BodyShape, render_body, shape_of
from calhooks.webhooks.body.payload import build_payload
from calhooks.webhooks.body.samples import Sample, sample_event, sample_of
from calhooks.webhooks.filters.conditions import stored_filter
from calhooks.webhooks.filters.typed import would_send
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.settings.headers import HeaderFailed, KeptHeaders, headers_to_keep, render_headers
from calhooks.webhooks.settings.subscriptions import count_webhooks
from calhooks.webhooks.settings.validation import InvalidWebhook, WebhookValues, errors_of_request, typed_shape
from calhooks.webhooks.slots import slots
from calhooks.webhooks.template import Meter, TemplateError

# What happens at a booking's own time, not now.
AT_ITS_TIME = (Trigger.MEETING_STARTED, Trigger.MEETING_ENDED)


@dataclass(frozen=True, slots=True)
class TriedEvent:
    """The event of a test: its trigger, and its default body."""

    trigger: Trigger
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PingResult:
    """What went out, what came back, and how long it took.

    `would_be_sent` tells whether the booking meets the webhook's conditions, None where there are none.
    """

    body: bytes
    result: Result
    would_be_sent: bool | None = None


def sample_now(trigger: Trigger, sample: Sample) -> TriedEvent:
    """Return an event that happens to a sample booking now."""
    event = sample_event(trigger, sample)
    if trigger not in AT_ITS_TIME:
        event = replace(event, occurred_at=clock.now())
    return TriedEvent(trigger, build_payload(event, current_config().base_url))


def ping(
    session: Session,
    owner: Owner,
    values: WebhookValues,
    webhook: Webhook | None = None,
    event: TriedEvent | None = None,
) -> PingResult:
    """Send an event, or a PING, with the values as typed and wait for its answer.

    `webhook` is the one being edited: an empty secret means its stored one. Ends the session's transaction, so that
    none is open while the receiver takes its time. Raises InvalidWebhook, and PingRefused when the account or the
    process has enough tests under way.
    """
    with slots.taken(owner):
        event = event or sample_now(Trigger.PING, sample_of(owner))
        errors = errors_of_request(values, webhook, [event.trigger], count_webhooks(session, owner, webhook))
        if errors:
            raise InvalidWebhook(errors)
        shape = typed_shape(values, webhook)
        kept = headers_to_keep(values.headers, values.url, webhook)
        keys = _secrets(session, values, webhook), _private_keys(session, values, webhook)
        request = _request(values.url, shape, kept, event, *keys)
        passes = would_send(values.filter, stored_filter(webhook.filter if webhook else None), event.body)
        session.commit()
        return PingResult(request.body, send(request, current_config()), passes)


def send_test(session: Session, webhook: Webhook, event: TriedEvent) -> PingResult:
    """Send an event to a webhook as it is stored and wait for its answer. It is in no log and costs no attempt.

    Ends the session's transaction. Raises InvalidWebhook and PingRefused as `ping` does.
    """
    with slots.taken(webhook.belongs_to):
        endpoint = webhook.endpoint
        kept = KeptHeaders(webhook.headers, endpoint.secret_headers, [])
        keys = valid_secrets(session, endpoint), valid_private_keys(session, endpoint)
        request = _request(endpoint.url, shape_of(webhook), kept, event, *keys)
        passes = would_send(None, stored_filter(webhook.filter), event.body)
        session.commit()
        return PingResult(request.body, send(request, current_config()), passes)


def _request(
    url: str, shape: BodyShape, kept: KeptHeaders, event: TriedEvent, secrets: list[str], private_keys: list[str]
) -> OutgoingRequest:
    headers, body = _written(shape, kept, event.body)
    return OutgoingRequest(
        url=url,
        body=body,
        content_type=shape.sent_as,
        message_id=ids.new_message_id(),
        attempt=1,
        secrets=secrets,
        private_keys=private_keys,
        headers=headers,
        secret_headers=kept.secret,
    )


def _written(shape: BodyShape, kept: KeptHeaders, body: Mapping[str, Any]) -> tuple[list[list[str]], bytes]:
    """Return headers and body. Raises InvalidWebhook."""
    try:
        meter = Meter()
        return render_headers(kept.plain, body, meter), render_body(shape, body, meter)
    except HeaderFailed as error:
        raise InvalidWebhook({"headers": str(error)}) from error
    except TemplateError as error:
        raise InvalidWebhook({"payloadTemplate": str(error)}) from error


def _secrets(session: Session, values: WebhookValues, webhook: Webhook | None) -> list[str]:
    """Return the secrets that a delivery would be signed with if the values were saved."""
    if values.secret:
        return [values.secret]
    if values.remove_secret or webhook is None:
        return []
    return valid_secrets(session, webhook.endpoint)


def _private_keys(session: Session, values: WebhookValues, webhook: Webhook | None) -> list[str]:
    """Return the stored private keys that sign; a key pair that is not saved yet does not exist."""
    return [] if values.key_pair.remove or webhook is None else valid_private_keys(session, webhook.endpoint)
