"""Judge what somebody typed into the webhook box, field by field, with a sentence for each that cannot stay."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from calhooks.config import current_config
from calhooks.delivery.models.endpoints import MAX_WEBHOOK_NAME_LENGTH
from calhooks.delivery.sending.signing import InvalidSecret, validate_secret
from calhooks.egress.urls import UrlRefused, check_url
from calhooks.events import TRIGGERS, Trigger
from calhooks.text import CONTROL_CHARACTERS, one_line
from calhooks.webhooks.body.bodies import BodyShape
from calhooks.webhooks.body.compiled import compiled
from calhooks.webhooks.body.payload import build_payload, template_context
from calhooks.webhooks.body.samples import BASE_URL, crowded_event, sample_event
from calhooks.webhooks.filters.typed import TypedFilter, filter_errors
from calhooks.webhooks.models import PayloadFormat, Scope, Webhook
from calhooks.webhooks.settings.headers import TypedHeader, header_errors
from calhooks.webhooks.settings.key_pairs import OVERLAP_HOURS, KeyPairValues, key_pair_errors
from calhooks.webhooks.template import ContentType, TemplateError, Trials

# Requests a second. A comma is a decimal one: with at most two decimals 1,000 is not taken for 1.
MIN_RATE_LIMIT, MAX_RATE_LIMIT = 0.1, 1000
RATE_LIMIT = re.compile(r"\d{1,6}([.,]\d{0,2})?|[.,]\d{1,2}", re.ASCII)
CONTENT_TYPES = tuple(str(content_type) for content_type in ContentType)


class InvalidWebhook(ValueError):
    """What was typed cannot be used. `errors` has a sentence for each field, by the contract's names.

    A header's is headers.0, headers.1 and so on, by its row; a condition's filter.0 and so on.
    """

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookValues:
    """A webhook as typed. An empty `secret` keeps the stored one.

    None keeps what is stored or the default: no `name`, JSON as `content_type`, no `headers`, every event type as
    `scope`, no `filter`.
    `event_type_ids` are the chosen ones, `own_event_type_ids` all that are the account's own, not a team's.
    `secret_overlap` is for how many hours the replaced secret also signs. `rate_limit` is how many requests a
    second are sent at most, as typed; empty for no limit.
    """

    subscriber_url: str
    triggers: Sequence[str]
    name: str | None = None
    active: bool = True
    secret: str = ""
    remove_secret: bool = False
    secret_overlap: str = OVERLAP_HOURS[0]
    key_pair: KeyPairValues = field(default_factory=KeyPairValues)
    payload_format: str | None = PayloadFormat.DEFAULT
    payload_template: str = ""
    content_type: str | None = None
    headers: Sequence[TypedHeader] | None = None
    scope: str | None = None
    event_type_ids: Sequence[int] = ()
    own_event_type_ids: Sequence[int] = ()
    rate_limit: str | None = None
    filter: TypedFilter | None = None

    @property
    def url(self) -> str:
        """Return the address without the spaces that pasting brings."""
        return self.subscriber_url.strip()


def chosen_triggers(values: WebhookValues) -> list[Trigger]:
    """Return the triggers that were ticked, in the contract's order."""
    return [trigger for trigger in TRIGGERS if trigger in values.triggers]


def typed_shape(values: WebhookValues, stored: Webhook | None) -> BodyShape:
    """Return how the body is wanted. The template stays stored while the default body is chosen."""
    content_type = values.content_type or (stored.content_type if stored else ContentType.JSON)
    payload_format = values.payload_format or PayloadFormat.DEFAULT
    template = values.payload_template.replace("\r\n", "\n")
    if payload_format != PayloadFormat.CUSTOM and stored is not None:
        template = stored.payload_template
    return BodyShape(payload_format, template, content_type)


def typed_rate_limit(values: WebhookValues, stored: Webhook | None) -> float | None:
    """Return how many requests a second are allowed, None for no limit. What was typed is valid."""
    if values.rate_limit is None:
        return stored.endpoint.rate_limit if stored else None
    return float(values.rate_limit.strip().replace(",", ".")) if values.rate_limit.strip() else None


def errors_of_all(values: WebhookValues, stored: Webhook | None, webhooks: int) -> dict[str, str]:
    """Return what is wrong with a webhook that is to be saved. `webhooks` is how many the account then has."""
    errors = errors_of_request(values, stored, chosen_triggers(values), webhooks) | filter_errors(values.filter)
    return (
        errors
        | _given(
            eventTriggers=_trigger_error(values), eventTypes=scope_error(values), rateLimit=_rate_limit_error(values)
        )
        | _given(name=_name_error(values))
    )


def errors_of_request(
    values: WebhookValues, stored: Webhook | None, triggers: Iterable[Trigger], webhooks: int
) -> dict[str, str]:
    """Return what keeps a request from being sent for these triggers: its URL, its secret, its headers, its body.

    `webhooks` is how many of the account share what an event may take.
    """
    shape, trials = typed_shape(values, stored), trials_for(triggers, webhooks)
    of_keys = key_pair_errors(values.key_pair)
    return (
        in_rows(header_errors(values.headers, stored, trials))
        | of_keys
        | _given(
            subscriberUrl=_url_error(values),
            secret=_secret_error(values),
            secretOverlap=None
            if values.secret_overlap in OVERLAP_HOURS
            else "Choose how long the old secret also signs.",
            payloadFormat=None if shape.payload_format in tuple(PayloadFormat) else "Choose Default or Custom.",
            contentType=None if shape.content_type in CONTENT_TYPES else "Choose JSON, form or plain text.",
            payloadTemplate=_template_error(shape, trials),
        )
    )


def in_rows(errors: Mapping[int, str]) -> dict[str, str]:
    """Return what is wrong with headers by the contract's names, of what is wrong by their rows' numbers."""
    return {f"headers.{number}": error for number, error in errors.items()}


def typed_name(values: WebhookValues, stored: Webhook | None) -> str:
    """Return the name of a webhook, empty for none. Raises ValueError where it cannot be kept."""
    if values.name is None:
        return stored.endpoint.name if stored else ""
    if CONTROL_CHARACTERS.search(values.name.strip()):
        raise ValueError("The name must be one line, without control characters.")
    return one_line(values.name, MAX_WEBHOOK_NAME_LENGTH)


def _name_error(values: WebhookValues) -> str | None:
    try:
        typed_name(values, None)
    except ValueError as error:
        return str(error)
    return None


def _url_error(values: WebhookValues) -> str | None:
    if not values.url:
        return "Enter the address that shall be called, such as https://example.com/webhooks."
    try:
        check_url(values.url, current_config().egress_allow)
    except UrlRefused as refused:
        return str(refused)
    return None


def _trigger_error(values: WebhookValues) -> str | None:
    if len(values.triggers) > len(TRIGGERS):
        return "Choose each event once."
    for name in values.triggers:
        if name not in TRIGGERS:
            return f"{name[:60]} is not an event that can be chosen."
    return None if values.triggers else "Choose at least one event."


def _secret_error(values: WebhookValues) -> str | None:
    if not values.secret:
        return None
    if values.remove_secret:
        return "Either enter a new secret or remove the stored one, not both."
    try:
        values.secret.encode()
        validate_secret(values.secret)
    except UnicodeEncodeError:
        return "The secret contains half a character. Type it again."
    except InvalidSecret as invalid:
        return str(invalid)
    return None


def scope_error(values: WebhookValues) -> str | None:
    """Return what is wrong with the event types that were chosen, None if nothing is."""
    if len(values.event_type_ids) > len(set(values.event_type_ids)):
        return "Choose each event type once."
    if values.scope not in (None, *Scope):
        return "Choose everything, your own event types, or selected ones."
    return "Choose at least one event type." if values.scope == Scope.CHOSEN and not values.event_type_ids else None


def _rate_limit_error(values: WebhookValues) -> str | None:
    typed = (values.rate_limit or "").strip()
    if not typed:
        return None
    if not RATE_LIMIT.fullmatch(typed):
        return "Enter a number such as 5 or 0.5, with at most two decimals, or leave this empty for no limit."
    if not MIN_RATE_LIMIT <= float(typed.replace(",", ".")) <= MAX_RATE_LIMIT:
        return f"Enter {MIN_RATE_LIMIT} to {MAX_RATE_LIMIT} requests a second, or leave this empty for no limit."
    return None


def trials_for(triggers: Iterable[Trigger], webhooks: int) -> Trials:
    """Return sample events, small and large, on which the templates of one of an account's `webhooks` are tried."""
    events = [make(trigger) for trigger in triggers for make in (sample_event, crowded_event)]
    return Trials((template_context(build_payload(event, BASE_URL)) for event in events), webhooks)


def _template_error(shape: BodyShape, trials: Trials) -> str | None:
    if not shape.is_custom or shape.content_type not in CONTENT_TYPES:
        return None
    try:
        trials.check(compiled(shape.payload_template, shape.content_type))
    except TemplateError as error:
        return str(error)
    return None


def _given(**errors: str | None) -> dict[str, str]:
    return {field: error for field, error in errors.items() if error is not None}
