"""A webhook that is being written: what it would send for an event, or what is wrong with it, and what to mind."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from calhooks.delivery.sending.headers import MAX_HEADER_VALUE_LENGTH, header_name_problem
from calhooks.events import Trigger
from calhooks.webhooks.body.compiled import compiled
from calhooks.webhooks.editor.account_variables import Known
from calhooks.webhooks.editor.near import NearNames
from calhooks.webhooks.editor.preview import Preview, preview
from calhooks.webhooks.editor.remarks import Remark, remark_about_url, remarks
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.settings.headers import MAX_HEADERS, HeaderFailed, headers_to_keep, render_headers
from calhooks.webhooks.settings.validation import CONTENT_TYPES, WebhookValues, trials_for, typed_shape
from calhooks.webhooks.template import MAX_EVENT_UNITS, ContentType, Meter, Template, TemplateError

LINES_AROUND = 2


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of a template. `marked` is the column at which something is wrong, or None."""

    number: int
    text: str
    marked: int | None


@dataclass(frozen=True, slots=True)
class TemplateDraft:
    """`preview` or `error`, and then the lines around it. `headers` go with the body.

    Of headers that cannot be sent nothing is here: saving says what is wrong with them.
    """

    preview: Preview | None = None
    headers: Sequence[Sequence[str]] = ()
    error: TemplateError | None = None
    lines: Sequence[SourceLine] = ()
    remarks: Sequence[Remark] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Author:
    """What matters about the account or the team that writes a webhook: its variables, and how many webhooks it has."""

    known: Known
    webhooks: int = 1
    is_team: bool = False

    def remarks(self, template: Template, triggers: Sequence[Trigger], search: NearNames) -> list[Remark]:
        """Return what to tell the author about a template."""
        return remarks(template, triggers, self.known, search, for_team=self.is_team)


def draft_of(
    values: WebhookValues, stored: Webhook | None, body: Mapping[str, Any], triggers: Sequence[Trigger], author: Author
) -> TemplateDraft:
    """Try what was typed on an event, whose default body is `body`, the way a delivery would."""
    shape = typed_shape(values, stored)
    if shape.content_type not in CONTENT_TYPES:
        return TemplateDraft()
    meter = Meter(MAX_EVENT_UNITS // author.webhooks, author.webhooks)
    headers, sources = _headers(values, stored, body, meter)
    try:
        if shape.is_custom:
            trials_for(triggers, author.webhooks).check(compiled(shape.payload_template, shape.content_type))
        shown = preview(shape, body, meter)
    except TemplateError as error:
        return TemplateDraft(error=error, lines=_lines(shape.payload_template, error))
    search = NearNames()
    about_url = remark_about_url(values.url)
    said = [about_url] if about_url else []
    if shape.is_custom:
        said += author.remarks(compiled(shape.payload_template, shape.content_type), triggers, search)
    for name, value in sources:
        about = author.remarks(compiled(value, ContentType.TEXT), triggers, search)
        said += [replace(remark, header=name) for remark in about]
    return TemplateDraft(shown, headers, remarks=sorted(said, key=lambda remark: remark.is_note))


def _headers(
    values: WebhookValues, stored: Webhook | None, body: Mapping[str, Any], meter: Meter
) -> tuple[list[list[str]], list[list[str]]]:
    """Return the headers that can be sent, and the templates of their values."""
    written, sources = list[list[str]](), list[list[str]]()
    for name, value in headers_to_keep(values.headers, values.url, stored).plain[:MAX_HEADERS]:
        with suppress(HeaderFailed):
            if not header_name_problem(name) and len(value) <= MAX_HEADER_VALUE_LENGTH:
                written += render_headers([[name, value]], body, meter)
                sources.append([name, value])
    return written, sources


def _lines(source: str, error: TemplateError) -> list[SourceLine]:
    lines = source.split("\n")
    first = max(error.line - 1 - LINES_AROUND, 0)
    return [
        SourceLine(number, text, error.column if number == error.line else None)
        for number, text in enumerate(lines[first : error.line + LINES_AROUND], first + 1)
    ]
