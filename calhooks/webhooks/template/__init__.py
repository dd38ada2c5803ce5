"""Custom templates: the common part of Handlebars, with values escaped for the place where they stand.

A template that compiles gives a valid body for every event, and no value can add, remove or change a key of it.
"""

import json
from collections.abc import Iterable, Mapping

from calhooks.webhooks.template.errors import TemplateError
from calhooks.webhooks.template.nodes import ContentType
from calhooks.webhooks.template.render import Piece, Template
from calhooks.webhooks.template.values.meter import MAX_EVENT_UNITS, TOO_MUCH_WORK, Budget, Meter

# All sample events together: at most about 0.2 s.
MAX_TRIED_UNITS = 6 * MAX_EVENT_UNITS

__all__ = [
    "MAX_EVENT_UNITS",
    "Budget",
    "ContentType",
    "Meter",
    "Piece",
    "Template",
    "TemplateError",
    "Trials",
    "check_template",
    "compile_template",
]


def compile_template(source: str, content_type: str = ContentType.JSON) -> Template:
    """Read and check a template. Raises TemplateError for a template, ValueError for a content type."""
    return Template(source, ContentType(content_type))


def check_template(source: str, content_type: str, contexts: Iterable[Mapping[str, object]]) -> None:
    """Compile a template and render it with every context. Raises TemplateError, ValueError for a content type."""
    Trials(contexts).check(compile_template(source, content_type))


class Trials:
    """Events on which a webhook's templates are tried before they are saved.

    For each event they may spend together what a delivery may, where the account has that many `webhooks`.
    """

    def __init__(self, contexts: Iterable[Mapping[str, object]], webhooks: int = 1) -> None:
        units = MAX_EVENT_UNITS // max(webhooks, 1)
        self._events = [(context, Meter(units, webhooks)) for context in contexts]

    def check(self, template: Template) -> None:
        """Render a template for every event. Raises TemplateError."""
        for context, meter in self._events:
            body = template.render(context, meter)
            if template.content_type is ContentType.JSON:
                _check_json(template.source, body)
            if sum(tried.spent for _, tried in self._events) > MAX_TRIED_UNITS:
                raise TemplateError.at(template.source, 0, TOO_MUCH_WORK)


def _check_json(source: str, body: bytes) -> None:
    try:
        json.loads(body)
    except ValueError as error:
        raise TemplateError.at(source, 0, f"The body is not valid JSON: {error}.") from error
