"""Custom templates: the common part of Handlebars, with values escaped for the place where they stand.

A template that compiles gives a valid body for every event, and no value can add, remove or change a key of it.
"""

import json
from collections.abc import Iterable, Mapping

from calhooks.webhooks.template.errors import TemplateError
from calhooks.webhooks.template.nodes import ContentType
from calhooks.webhooks.template.render import Piece, Template

__all__ = ["ContentType", "Piece", "Template", "TemplateError", "check_template", "compile_template"]


def compile_template(source: str, content_type: str = ContentType.JSON) -> Template:
    """Read and check a template. Raises TemplateError for a template, ValueError for a content type."""
    return Template(source, ContentType(content_type))


def check_template(source: str, content_type: str, contexts: Iterable[Mapping[str, object]]) -> None:
    """Compile a template and render it with every context. Raises TemplateError, ValueError for a content type."""
    template = compile_template(source, content_type)
    for context in contexts:
        body = template.render(context)
        if template.content_type is ContentType.JSON:
            _check_json(source, body)


def _check_json(source: str, body: bytes) -> None:
    try:
        json.loads(body)
    except ValueError as error:
        raise TemplateError.at(source, 0, f"The body is not valid JSON: {error}.") from error
