"""A webhook's own headers: judged as typed, kept, and written for an event.

Values are templates, which are rendered with the body. Secret ones are none: they are kept with the endpoint, like its
keys, and go only to the server that they were typed for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from calhooks.delivery.sending.headers import (
    MAX_HEADER_VALUE_LENGTH,
    header_name_problem,
    header_value,
    is_always_secret,
)
from calhooks.egress.urls import UrlRefused, parse_url
from calhooks.text import CONTROL_CHARACTERS, HALF_CHARACTER
from calhooks.webhooks.body.compiled import compiled
from calhooks.webhooks.body.payload import template_context
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.template import ContentType, Meter, TemplateError, Trials

MAX_HEADERS = 20
# Rows of the form, blank ones included.
MAX_HEADER_ROWS = 60
# A text that becomes shorter once its control characters are removed; a longer one is not looked at.
MAX_RENDERED_LENGTH = 4 * MAX_HEADER_VALUE_LENGTH
TOO_MANY = f"A webhook has at most {MAX_HEADERS} headers."
NO_VALUE = "Enter a value for {}, or empty the row."


class HeaderFailed(ValueError):
    """A header that could not be written for an event; str() is the sentence for the owner."""


@dataclass(frozen=True, slots=True)
class TypedHeader:
    """A row of the box. An empty value of a secret one keeps what is stored."""

    name: str
    value: str = ""
    secret: bool = False

    @property
    def is_blank(self) -> bool:
        """Tell whether nothing was typed into the row."""
        return not self.name.strip() and not self.value.strip()

    @property
    def is_secret(self) -> bool:
        """Tell whether the value is never shown again."""
        return self.secret or is_always_secret(self.name)


@dataclass(frozen=True, slots=True)
class KeptHeaders:
    """What a webhook will send: `plain` values are templates. `dropped` names lose their value with the old server."""

    plain: list[list[str]]
    secret: list[list[str]]
    dropped: list[str]


def render_headers(
    headers: Sequence[Sequence[str]], body: Mapping[str, Any], meter: Meter | None = None
) -> list[list[str]]:
    """Return headers for an event, whose default body is `body`; a header whose value is empty is left out.

    All of them together spend units of `meter`; without one, what a whole event may. Raises HeaderFailed.
    """
    if not headers:
        return []
    rendered, context, meter = [], template_context(body), meter or Meter()
    for name, template in headers:
        try:
            text = compiled(template, ContentType.TEXT).render(context, meter).decode()
        except TemplateError as error:
            raise HeaderFailed(f"The header {name} could not be written. {error}") from error
        value = header_value(text) if len(text) <= MAX_RENDERED_LENGTH else text
        if len(value) > MAX_HEADER_VALUE_LENGTH:
            raise HeaderFailed(f"The header {name} would be longer than {MAX_HEADER_VALUE_LENGTH:,} characters.")
        rendered += [[name, value]] if value else []
    return rendered


def typed_rows(webhook: Webhook) -> list[TypedHeader]:
    """Return a webhook's headers as its box shows them: without the values of the secret ones."""
    plain = [TypedHeader(name, value) for name, value in webhook.headers]
    return plain + [TypedHeader(name, "", secret=True) for name, _ in webhook.endpoint.secret_headers]


def headers_to_keep(typed: Sequence[TypedHeader] | None, url: str, stored: Webhook | None) -> KeptHeaders:
    """Return what a webhook has once this is saved; None keeps what is stored. Secrets stay with their server."""
    rows = typed_rows(stored) if typed is None and stored else typed or []
    endpoint = stored.endpoint if stored else None
    known = {name.lower(): value for name, value in endpoint.secret_headers} if endpoint else {}
    moved = endpoint is not None and _origin(url) != _origin(endpoint.url)
    kept = KeptHeaders([], [], [])
    for row in rows:
        name = row.name.strip()
        if row.is_blank:
            continue
        if not row.is_secret:
            kept.plain.append([name, row.value.strip()])
        elif row.value.strip() or not moved:
            kept.secret.append([name, row.value.strip() or known.get(name.lower(), "")])
        else:
            kept.dropped.append(name)
    return kept


def header_errors(typed: Sequence[TypedHeader] | None, stored: Webhook | None, trials: Trials) -> dict[int, str]:
    """Return what is wrong with rows of the form, by their number. Of too many rows none is looked at further."""
    filled = [number for number, row in enumerate(typed or ()) if not row.is_blank]
    if len(filled) > MAX_HEADERS or len(typed or ()) > MAX_HEADER_ROWS:
        return {filled[MAX_HEADERS] if len(filled) > MAX_HEADERS else MAX_HEADER_ROWS: TOO_MANY}
    known = _secret_names(stored)
    seen: set[str] = set()
    errors: dict[int, str] = {}
    for number, row in enumerate(typed or ()):
        if row.is_blank:
            continue
        name = row.name.strip().lower()
        problem = _row_problem(row, trials, is_known=name in known)
        if name in seen:
            problem = f"{row.name} appears twice."
        if problem:
            errors[number] = problem
        seen.add(name)
    return errors


def lost_secrets(typed: Sequence[TypedHeader] | None, stored: Webhook | None) -> dict[int, str]:
    """Return the rows that would keep a stored secret which is not stored any more, by their number."""
    known, rows = _secret_names(stored), enumerate(typed or ())
    kept = {number: row.name.strip() for number, row in rows if not row.is_blank and not row.value.strip()}
    return {number: NO_VALUE.format(name) for number, name in kept.items() if name.lower() not in known}


def _secret_names(stored: Webhook | None) -> set[str]:
    return {name.lower() for name, _ in stored.endpoint.secret_headers} if stored else set()


def _row_problem(row: TypedHeader, trials: Trials, *, is_known: bool) -> str | None:
    name, value = row.name.strip(), row.value.strip()
    if not name:
        return "Enter the header's name, or empty the row."
    if problem := header_name_problem(name):
        return problem
    if not value:
        return None if row.is_secret and is_known else NO_VALUE.format(name)
    if CONTROL_CHARACTERS.search(value):
        return f"The value of {name} must be one line, without control characters."
    if len(value) > MAX_HEADER_VALUE_LENGTH:
        return f"The value of {name} has more than {MAX_HEADER_VALUE_LENGTH:,} characters."
    if HALF_CHARACTER.search(value):
        return f"The value of {name} contains half a character. Type it again."
    if row.is_secret:
        return f"{name} is secret and sent as it stands: no variable can be in it." if "{{" in value else None
    try:
        trials.check(compiled(value, ContentType.TEXT))
    except TemplateError as error:
        return f"{name}: {error}"
    return None


def _origin(url: str) -> tuple[str, str, int] | None:
    try:
        parsed = parse_url(url)
    except UrlRefused:
        return None
    return parsed.scheme, parsed.host, parsed.port
