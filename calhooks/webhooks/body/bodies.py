"""What is sent to a webhook: the one path by which deliveries, pings, resends and previews get their bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from calhooks.webhooks.body.compiled import compiled
from calhooks.webhooks.body.payload import payload_bytes, template_context
from calhooks.webhooks.models import PayloadFormat, Webhook
from calhooks.webhooks.template import ContentType, Meter


@dataclass(frozen=True, slots=True)
class BodyShape:
    """How a webhook wants its body. The template and the content type count for a custom one alone."""

    payload_format: str
    payload_template: str = ""
    content_type: str = ContentType.JSON

    @property
    def is_custom(self) -> bool:
        """Tell whether a template is the body."""
        return self.payload_format == PayloadFormat.CUSTOM

    @property
    def sent_as(self) -> str:
        """Return the Content-Type of the request."""
        return self.content_type if self.is_custom else str(ContentType.JSON)


def shape_of(webhook: Webhook) -> BodyShape:
    """Return how a webhook wants its body."""
    return BodyShape(webhook.payload_format, webhook.payload_template, webhook.content_type)


def render_body(shape: BodyShape, body: Mapping[str, Any], meter: Meter | None = None) -> bytes:
    """Return the bytes to send for an event, whose default body is `body`. Raises TemplateError.

    A template spends units of `meter`; without one it may spend what a whole event may.
    """
    if not shape.is_custom:
        return payload_bytes(body)
    return compiled(shape.payload_template, shape.content_type).render(template_context(body), meter)
