"""The box that asks for a webhook. It reads what was typed; `webhooks.subscriptions` judges it."""

import json
from collections.abc import Mapping

from flask_wtf import FlaskForm
from wtforms import BooleanField, RadioField, SelectMultipleField, StringField, TextAreaField, URLField
from wtforms.fields import SelectChoice
from wtforms.widgets import CheckboxInput, ListWidget

from calhooks.events import DEFAULT_TRIGGERS, TRIGGER_LABELS, TRIGGERS, Trigger
from calhooks.webhooks.models import PayloadFormat, Webhook
from calhooks.webhooks.samples import sample_body
from calhooks.webhooks.validation import WebhookValues

# The example of the documentation, for whoever chooses Custom for the first time.
FIRST_TEMPLATE = """\
{
  "content": "A new event has been scheduled",
  "type": "{{type}}",
  "name": "{{title}}",
  "organizer": "{{organizer.name}}",
  "booker": "{{attendees.0.name}}"
}
"""


class WebhookForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """What stands in the box. The names are the contract's; a browser checks nothing, so that one place speaks."""

    active = BooleanField("Enabled", default=True)
    subscriber_url = URLField("Subscriber URL", name="subscriberUrl", default="")
    event_triggers = SelectMultipleField(
        "Events",
        name="eventTriggers",
        choices=[SelectChoice(str(trigger), TRIGGER_LABELS[trigger]) for trigger in TRIGGERS],
        default=[str(trigger) for trigger in DEFAULT_TRIGGERS],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        validate_choice=False,
    )
    secret = StringField("Secret", default="")
    remove_secret = BooleanField("Remove the secret", name="removeSecret")
    payload_format = RadioField(
        "Payload",
        name="payloadFormat",
        choices=[
            SelectChoice(str(PayloadFormat.DEFAULT), "Default"),
            SelectChoice(str(PayloadFormat.CUSTOM), "Custom template"),
        ],
        default=str(PayloadFormat.DEFAULT),
        validate_choice=False,
    )
    payload_template = TextAreaField("Template", name="payloadTemplate", default=FIRST_TEMPLATE)

    def values(self) -> WebhookValues:
        """Return what was typed."""
        return WebhookValues(
            subscriber_url=self.subscriber_url.data or "",
            triggers=self.event_triggers.data or [],
            active=self.active.data,
            secret=self.secret.data or "",
            remove_secret=self.remove_secret.data,
            payload_format=self.payload_format.data or None,
            payload_template=self.payload_template.data or "",
        )

    def show(self, errors: Mapping[str, str]) -> None:
        """Put each sentence at its field, by the contract's names."""
        for field in self:
            if field.name in errors:
                field.errors = (errors[field.name],)


def example_body() -> str:
    """Return the default body of a sample booking, laid out to be read."""
    return json.dumps(sample_body(Trigger.BOOKING_CREATED), indent=2, ensure_ascii=False)


def form_for(webhook: Webhook | None) -> WebhookForm:
    """Return the box as it opens, or with what was typed when it was sent. The stored secret is never in it."""
    if webhook is None:
        return WebhookForm()
    return WebhookForm(
        data={
            "active": webhook.endpoint.active,
            "subscriber_url": webhook.endpoint.url,
            "event_triggers": webhook.triggers,
            "payload_format": str(webhook.payload_format),
            "payload_template": webhook.payload_template or FIRST_TEMPLATE,
        }
    )
