"""Show what a webhook would be sent for an event, with the values that came from variables told apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from calhooks.webhooks.body.bodies import BodyShape, render_body
from calhooks.webhooks.body.compiled import compiled
from calhooks.webhooks.body.payload import template_context
from calhooks.webhooks.editor.json_layout import indented
from calhooks.webhooks.template import ContentType, Meter, Piece


@dataclass(frozen=True, slots=True)
class Preview:
    """`body` is byte for byte what a delivery would send; `pieces` are the same laid out to be read."""

    body: bytes
    content_type: str
    pieces: list[Piece]


def preview(shape: BodyShape, body: Mapping[str, Any], meter: Meter | None = None) -> Preview:
    """Render for an event, whose default body is `body`, spending units of `meter`. Raises TemplateError."""
    sent = render_body(shape, body, meter)
    if shape.is_custom:
        pieces = compiled(shape.payload_template, shape.content_type).pieces(template_context(body))
    else:
        pieces = [Piece(sent.decode(), None)]
    if shape.sent_as == ContentType.JSON:
        pieces = indented(pieces)
    return Preview(sent, shape.sent_as, pieces)
