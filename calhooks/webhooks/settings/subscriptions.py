"""Webhooks as their owners keep them: made, changed, switched and deleted.

What was typed is checked before a transaction begins, since a template takes its time to prove; what only the database
knows (which addresses are taken, which secrets are stored) is decided inside. Services take the session and never
commit, but for `check_webhook`, which ends a read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from calhooks import clock
from calhooks.accounts.owners import Owner, lock_owner, require_owner
from calhooks.delivery import endpoints
from calhooks.egress.urls import parse_url
from calhooks.webhooks.body.bodies import BodyShape
from calhooks.webhooks.filters.conditions import stored_filter
from calhooks.webhooks.filters.typed import filter_to_keep
from calhooks.webhooks.models import PayloadFormat, Scope, Webhook
from calhooks.webhooks.settings import switching
from calhooks.webhooks.settings.headers import headers_to_keep, lost_secrets
from calhooks.webhooks.settings.key_pairs import change_key_pair
from calhooks.webhooks.settings.reach import reach_of, same_url, typed_reach
from calhooks.webhooks.settings.validation import (
    InvalidWebhook,
    WebhookValues,
    chosen_triggers,
    errors_of_all,
    in_rows,
    typed_name,
    typed_rate_limit,
    typed_shape,
)

__all__ = [
    "CheckedWebhook",
    "InvalidWebhook",
    "WebhookValues",
    "check_webhook",
    "count_webhooks",
    "create",
    "delete",
    "find_webhook",
    "list_webhooks",
    "set_active",
    "update",
]

CanonicalUrl = tuple[str, str, int, str, str]

# Each then has at least 8,000 units of what one event may take, more than ordinary templates need.
MAX_WEBHOOKS = 50
# All templates of an account, headers included: read and compiled for each event, and kept compiled together.
MAX_TEMPLATE_CHARACTERS = 250_000
TOO_MANY_WEBHOOKS = f"There can be at most {MAX_WEBHOOKS} webhooks. Delete one, or add these events to another one."
TEMPLATES_TOO_LONG = (
    f"The templates and headers of all webhooks together can have at most {MAX_TEMPLATE_CHARACTERS:,} characters. "
    "Shorten this one, or another one first."
)
NOT_FOR_TEAMS = "Choose all of the team’s event types, or selected ones."


@dataclass(frozen=True, slots=True)
class CheckedWebhook:
    """What was typed and may be saved, with the shape of its body that was proved."""

    values: WebhookValues = field(repr=False)
    shape: BodyShape


def list_webhooks(session: Session, owner: Owner) -> list[Webhook]:
    """Return an account's webhooks, the oldest first, with their endpoints."""
    query = (
        select(Webhook)
        .join(Webhook.endpoint)
        .where(owner.of(Webhook))
        .options(contains_eager(Webhook.endpoint))
        .order_by(Webhook.id)
    )
    return list(session.scalars(query))


def count_webhooks(session: Session, owner: Owner, edited: Webhook | None) -> int:
    """Return how many webhooks an account has once the `edited` one, or else a new one, is saved."""
    query = select(func.count()).select_from(Webhook).where(owner.of(Webhook))
    return session.scalars(query).one() + (edited is None)


def find_webhook(session: Session, owner: Owner, webhook_id: int) -> Webhook | None:
    """Return one of an account's webhooks, None for anybody else's."""
    query = select(Webhook).where(Webhook.id == webhook_id, owner.of(Webhook)).options(joinedload(Webhook.endpoint))
    return session.scalar(query)


def check_webhook(
    session: Session, owner: Owner, values: WebhookValues, stored: Webhook | None = None
) -> CheckedWebhook:
    """Check what was typed for a new webhook or a `stored` one, and prove its template.

    Only for use outside of a transaction that writes: it ends the session's. Raises InvalidWebhook with everything
    that is wrong.
    """
    others = [webhook for webhook in list_webhooks(session, owner) if webhook is not stored]
    # Ends the read: no transaction stays open during the slow part.
    session.commit()
    errors = errors_of_all(values, stored, len(others) + 1)
    if owner.team_id is not None and values.scope == Scope.OWN:
        errors["eventTypes"] = NOT_FOR_TEAMS
    if not {"subscriberUrl", "eventTypes"} & errors.keys():
        errors |= _errors_beside(others, values, stored)
    if errors:
        raise InvalidWebhook(errors)
    return CheckedWebhook(values, typed_shape(values, stored))


def create(session: Session, owner: Owner, checked: CheckedWebhook) -> Webhook:
    """Make a webhook. Raises InvalidWebhook when its address is taken, or NotThere for a team that was deleted."""
    values = checked.values
    _refuse_changed(session, owner, values, None)
    endpoint = endpoints.create_endpoint(
        session, owner=owner, url=values.url, secret=values.secret, active=values.active
    )
    endpoint.name, endpoint.rate_limit = typed_name(values, None), typed_rate_limit(values, None)
    change_key_pair(endpoint, values.key_pair)
    webhook = Webhook(**owner.columns, endpoint=endpoint, created_at=clock.now())
    _choose(webhook, checked, None)
    session.add(webhook)
    session.flush()
    return webhook


def update(session: Session, webhook: Webhook, checked: CheckedWebhook) -> list[str]:
    """Change a webhook to what was typed; what is waiting goes to the new address.

    Returns the names of the secret headers that were dropped because the new address is on another server. Raises
    InvalidWebhook when the address is taken, or a secret header that was to be kept is gone.
    """
    values = checked.values
    _refuse_changed(session, webhook.belongs_to, values, webhook)
    dropped = _choose(webhook, checked, webhook)
    webhook.endpoint.name = typed_name(values, webhook)
    endpoints.change_rate_limit(session, webhook.endpoint, typed_rate_limit(values, webhook))
    endpoints.change_url(session, webhook.endpoint, values.url)
    if values.secret or values.remove_secret:
        endpoints.set_secret(webhook.endpoint, values.secret, timedelta(hours=int(values.secret_overlap)))
    change_key_pair(webhook.endpoint, values.key_pair)
    set_active(session, webhook, values.active)
    session.flush()
    return dropped


def set_active(session: Session, webhook: Webhook, active: bool) -> None:
    """Switch a webhook on or off. While it is off nothing is sent to it, and nothing new is owed."""
    if active:
        switching.switch_on(session, webhook)
    else:
        switching.switch_off(webhook)


def delete(session: Session, webhook: Webhook) -> None:
    """Delete a webhook: from the commit on nothing more is sent to it, also not what is waiting."""
    lock_owner(session, webhook.belongs_to)
    endpoints.delete_endpoint(session, webhook.endpoint)
    session.delete(webhook)
    session.flush()


def _refuse_changed(session: Session, owner: Owner, values: WebhookValues, stored: Webhook | None) -> None:
    """Refuse what somebody else's change has made wrong since it was checked. Raises InvalidWebhook or NotThere."""
    # Two boxes saved at once wait for each other here.
    require_owner(session, owner)
    others = [webhook for webhook in list_webhooks(session, owner) if webhook is not stored]
    errors = in_rows(lost_secrets(values.headers, stored)) | _errors_beside(others, values, stored)
    if errors:
        raise InvalidWebhook(errors)


def _errors_beside(others: Sequence[Webhook], values: WebhookValues, stored: Webhook | None) -> dict[str, str]:
    """Return what is wrong with a webhook because of its owner's other ones. Its own address and scope are valid."""
    if stored is None and len(others) >= MAX_WEBHOOKS:
        return {"subscriberUrl": TOO_MANY_WEBHOOKS}
    errors = dict[str, str]()
    url, reach = _canonical(values.url), typed_reach(values, stored)
    same = [webhook for webhook in others if _canonical(webhook.endpoint.url) == url]
    common = {webhook: reach.common(reach_of(webhook), values.own_event_type_ids) for webhook in same}
    if any(common.values()):
        errors["subscriberUrl"] = same_url({webhook: found for webhook, found in common.items() if found})
    shape, headers = typed_shape(values, stored), headers_to_keep(values.headers, values.url, stored).plain
    typed = _characters(shape.payload_template, headers)
    kept = _characters(stored.payload_template, stored.headers) if stored else 0
    whole = typed + sum(_characters(webhook.payload_template, webhook.headers) for webhook in others)
    if whole > MAX_TEMPLATE_CHARACTERS and typed > kept:
        errors["payloadTemplate" if shape.is_custom else "headers.0"] = TEMPLATES_TOO_LONG
    return errors


def _characters(template: str, headers: Sequence[Sequence[str]]) -> int:
    return len(template) + sum(len(value) for _, value in headers)


def _canonical(url: str) -> CanonicalUrl:
    """Return what is the same for two ways to write one address. The fragment is never sent."""
    parsed, parts = parse_url(url), urlsplit(url)
    return parsed.scheme, parsed.host, parsed.port, parts.path or "/", parts.query


def _choose(webhook: Webhook, checked: CheckedWebhook, stored: Webhook | None) -> list[str]:
    values = checked.values
    # A template that was proved is kept as it was proved; one that is not in use stays as it is now.
    shape = checked.shape if checked.shape.is_custom else typed_shape(values, stored)
    headers = headers_to_keep(values.headers, values.url, stored)
    webhook.headers = headers.plain
    webhook.endpoint.secret_headers = headers.secret
    webhook.triggers = [str(trigger) for trigger in chosen_triggers(values)]
    webhook.payload_format = PayloadFormat(shape.payload_format)
    webhook.payload_template = shape.payload_template
    webhook.content_type = shape.content_type
    webhook.filter = filter_to_keep(values.filter, stored_filter(stored.filter if stored else None)).to_store()
    if values.scope is not None:
        webhook.scope = Scope(values.scope)
        webhook.event_type_ids = sorted(values.event_type_ids) if webhook.scope is Scope.CHOSEN else None
    return headers.dropped
