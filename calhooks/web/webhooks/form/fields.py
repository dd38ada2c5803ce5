"""The box that asks for a webhook. It reads what was typed; `webhooks.subscriptions` judges it."""

from itertools import groupby

from wtforms import (
    BooleanField,
    Field,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    URLField,
)
from wtforms.fields import SelectChoice
from wtforms.widgets import CheckboxInput, ListWidget

from calhooks.delivery.models.endpoints import MAX_WEBHOOK_NAME_LENGTH
from calhooks.events import DEFAULT_TRIGGERS, TRIGGER_LABELS, TRIGGERS, Trigger
from calhooks.ids import STANDARD_BYTES, STANDARD_PREFIX
from calhooks.web.site.access import owner
from calhooks.web.webhooks.form import choices
from calhooks.web.webhooks.form.condition_rows import ConditionRows
from calhooks.web.webhooks.form.copies import copy_name
from calhooks.web.webhooks.form.header_rows import HeaderRows
from calhooks.web.webhooks.form.key_pair import KeyPairFields, overlap_field
from calhooks.webhooks.editor.presets import Preset
from calhooks.webhooks.filters.conditions import stored_filter
from calhooks.webhooks.filters.typed import typed_filter_of
from calhooks.webhooks.models import PayloadFormat, Scope, Webhook
from calhooks.webhooks.settings.headers import TypedHeader, typed_rows
from calhooks.webhooks.settings.key_pairs import OVERLAP_HOURS
from calhooks.webhooks.settings.validation import WebhookValues
from calhooks.webhooks.template import ContentType

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


def _number(text: object) -> int:
    """Return the number of a row; 0, which no row has, for what is none."""
    try:
        return int(str(text))
    except ValueError:
        return 0


class WebhookForm(KeyPairFields):
    """What stands in the box. The names are the contract's; a browser checks nothing, so that one place speaks."""

    secret_prefix, secret_bytes = STANDARD_PREFIX, STANDARD_BYTES

    name = StringField("Name", default="", render_kw={"maxlength": MAX_WEBHOOK_NAME_LENGTH})
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
    secret_overlap = overlap_field("The old secret", "secretOverlap")
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
    content_type = RadioField(
        "Content type",
        name="contentType",
        choices=[
            SelectChoice(str(ContentType.JSON), "JSON"),
            SelectChoice(str(ContentType.FORM), "Form"),
            SelectChoice(str(ContentType.TEXT), "Plain text"),
        ],
        default=str(ContentType.JSON),
        validate_choice=False,
    )
    payload_template = TextAreaField("Template", name="payloadTemplate", default=FIRST_TEMPLATE)
    headers = HeaderRows("Headers", name="headers")
    scope = RadioField(
        "Event types",
        name="scope",
        choices=[],
        default=str(Scope.ALL),
        validate_choice=False,
    )
    event_types = SelectMultipleField(
        "Event types",
        name="eventTypes",
        coerce=_number,
        choices=[],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        validate_choice=False,
    )
    filter = ConditionRows("Send only when", name="filter")
    rate_limit = StringField("At most … requests a second", name="rateLimit", default="")

    preview_trigger = SelectField(
        "Event",
        name="previewTrigger",
        choices=[SelectChoice(str(trigger), TRIGGER_LABELS[trigger]) for trigger in Trigger],
        default=str(Trigger.BOOKING_CREATED),
        validate_choice=False,
    )
    preview_booking = SelectField("Booking", name="previewBooking", default="", validate_choice=False)

    # What has just been filled in.
    preset: Preset | None = None

    def values(self) -> WebhookValues:
        """Return what was typed."""
        return WebhookValues(
            subscriber_url=self.subscriber_url.data or "",
            name=self.name.data or "" if self.name.raw_data else None,
            triggers=self.event_triggers.data or [],
            active=self.active.data,
            secret=self.secret.data or "",
            remove_secret=self.remove_secret.data,
            secret_overlap=self.secret_overlap.data or OVERLAP_HOURS[0],
            key_pair=self.key_pair_values(),
            payload_format=self.payload_format.data or None,
            payload_template=self.payload_template.data or "",
            content_type=self.content_type.data if self.content_type.raw_data else None,
            headers=self.headers.typed,
            scope=self.scope.data if self.scope.raw_data else None,
            event_type_ids=self._offered_event_types(),
            own_event_type_ids=[choice.value for choice in self.event_types.choices if choice.optgroup is None],
            rate_limit=self.rate_limit.data or "" if self.rate_limit.raw_data else None,
            filter=self.filter.typed,
        )

    def _offered_event_types(self) -> list[int]:
        offered = {choice.value for choice in self.event_types.choices}
        return [number for number in self.event_types.data or [] if number in offered]

    def event_type_groups(self) -> list[tuple[str | None, list[Field]]]:
        """Return the boxes of the event types by the name of their team, the owner's own first without one."""
        options = zip(self.event_types.choices, self.event_types, strict=True)
        grouped = groupby(options, key=lambda pair: pair[0].optgroup)
        return [(team, [option for _, option in pairs]) for team, pairs in grouped]

    def fill_in(self, preset: Preset) -> None:
        """Put a preset where it belongs; headers of the same name stay as they are."""
        self.preset = preset
        self.payload_format.data = str(PayloadFormat.DEFAULT if preset.template is None else PayloadFormat.CUSTOM)
        if preset.template is not None:
            self.payload_template.data = preset.template
            self.content_type.data = str(preset.content_type)
        present = {row.name.strip().lower() for row in self.headers.data}
        missing = [TypedHeader(name, value) for name, value in preset.headers if name.lower() not in present]
        self.headers.data = self.headers.data + missing


def webhook_form_for(webhook: Webhook | None, copied: Webhook | None = None) -> WebhookForm:
    """Return the box as it opens, or with what was typed when it was sent. The stored secret is never in it.

    That of a new webhook opens as a copy of the one that is `copied`.
    """
    model = webhook or copied
    data = _stored(model) if model else {}
    form = WebhookForm(data=data | {"name": copy_name(model.endpoint)} if copied and model else data)
    form.scope.choices = choices.scopes(owner(), model)
    form.event_types.choices = choices.event_types(owner(), model)
    form.preview_booking.choices = choices.previews(owner())
    return form


def _stored(webhook: Webhook) -> dict[str, object]:
    return {
        "name": webhook.endpoint.name,
        "active": webhook.endpoint.active,
        "subscriber_url": webhook.endpoint.url,
        "event_triggers": webhook.triggers,
        "payload_format": str(webhook.payload_format),
        "payload_template": webhook.payload_template or FIRST_TEMPLATE,
        "content_type": webhook.content_type,
        "headers": typed_rows(webhook),
        "scope": str(webhook.scope),
        "event_types": webhook.event_type_ids or [],
        "filter": typed_filter_of(stored_filter(webhook.filter)),
        "rate_limit": "" if webhook.endpoint.rate_limit is None else f"{webhook.endpoint.rate_limit:g}",
    }
