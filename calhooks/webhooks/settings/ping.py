"""The ping test: a real signed request with the values as typed, without saving anything."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from calhooks import clock, ids
from calhooks.accounts.owners import Owner
from calhooks.config import current_config
from calhooks.delivery.sending.sender import OutgoingRequest, Result, send
from calhooks.events import Trigger
from calhooks.webhooks.body.bodies import BodyShape, render_body
from calhooks.webhooks.body.payload import build_payload
from calhooks.webhooks.body.samples import sample_event, sample_of
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.settings.headers import HeaderFailed, KeptHeaders, headers_to_keep, render_headers
from calhooks.webhooks.settings.subscriptions import count_webhooks
from calhooks.webhooks.settings.validation import InvalidWebhook, WebhookValues, errors_of_request, typed_shape
from calhooks.webhooks.template import Meter, TemplateError

MAX_PINGS_AT_ONCE = 2
ONE_IS_UNDER_WAY = "A ping test of yours is still under way. Wait until it has ended, at most 15 seconds."
ALL_ARE_TAKEN = "Too many ping tests are under way at this moment. Try again in a few seconds."


class PingRefused(Exception):
    """Too many pings at once; str() is the sentence for the person, who may try again."""


@dataclass(frozen=True, slots=True)
class PingResult:
    """What went out, what came back, and how long it took."""

    body: bytes
    result: Result


def ping(session: Session, owner: Owner, values: WebhookValues, webhook: Webhook | None = None) -> PingResult:
    """Send a PING and wait for its answer. `webhook` is the one being edited: an empty secret means its stored one.

    Ends the session's transaction, so that none is open while the receiver takes its time.
    Raises InvalidWebhook, and PingRefused when the account or the process has enough pings under way.
    """
    with _slots.taken(owner):
        errors = errors_of_request(values, webhook, [Trigger.PING], count_webhooks(session, owner, webhook))
        if errors:
            raise InvalidWebhook(errors)
        config = current_config()
        event = replace(sample_event(Trigger.PING, sample_of(owner)), occurred_at=clock.now())
        shape = typed_shape(values, webhook)
        default_body = build_payload(event, config.base_url)
        kept = headers_to_keep(values.headers, values.url, webhook)
        headers, body = _written(shape, kept, default_body)
        request = OutgoingRequest(
            url=values.url,
            body=body,
            content_type=shape.sent_as,
            message_id=ids.new_message_id(),
            attempt=1,
            secrets=_secrets(values, webhook),
            headers=headers,
            secret_headers=kept.secret,
        )
        session.commit()
        return PingResult(body, send(request, config))


def _written(shape: BodyShape, kept: KeptHeaders, body: Mapping[str, Any]) -> tuple[list[list[str]], bytes]:
    """Return headers and body. Raises InvalidWebhook."""
    try:
        meter = Meter()
        return render_headers(kept.plain, body, meter), render_body(shape, body, meter)
    except HeaderFailed as error:
        raise InvalidWebhook({"headers": str(error)}) from error
    except TemplateError as error:
        raise InvalidWebhook({"payloadTemplate": str(error)}) from error


class _Slots:
    """Who is pinging in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owners = set[Owner]()

    @contextmanager
    def taken(self, owner: Owner) -> Iterator[None]:
        """Hold a slot for the time of the block. Raises PingRefused when there is none."""
        with self._lock:
            if owner in self._owners:
                raise PingRefused(ONE_IS_UNDER_WAY)
            if len(self._owners) == MAX_PINGS_AT_ONCE:
                raise PingRefused(ALL_ARE_TAKEN)
            self._owners.add(owner)
        try:
            yield
        finally:
            with self._lock:
                self._owners.remove(owner)


_slots = _Slots()


def _secrets(values: WebhookValues, webhook: Webhook | None) -> list[str]:
    """Return the secrets that a delivery would be signed with if the values were saved."""
    if values.secret:
        return [values.secret]
    if values.remove_secret or webhook is None:
        return []
    now = clock.now()
    return [key.secret for key in webhook.endpoint.keys if key.expires_at is None or key.expires_at > now]
