"""What stands beside the template in the webhook box: its preview, and the variables to pick from."""

from collections.abc import Mapping
from typing import Any

from calhooks.config import current_config
from calhooks.db import db
from calhooks.events import TRIGGER_LABELS, Trigger
from calhooks.web.site.access import account, owner
from calhooks.web.site.turns import one_at_a_time
from calhooks.web.webhooks.form.choices import known_to_owner
from calhooks.web.webhooks.form.fields import WebhookForm
from calhooks.web.webhooks.form.tried import booked_body, tried_form
from calhooks.webhooks.body.samples import Sample, sample_body, sample_of
from calhooks.webhooks.editor.account_variables import Known
from calhooks.webhooks.editor.catalogue import CATALOGUE, Group
from calhooks.webhooks.editor.drafts import Author, TemplateDraft, draft_of
from calhooks.webhooks.editor.presets import PRESETS, Preset, preset_for
from calhooks.webhooks.models import PayloadFormat, Webhook
from calhooks.webhooks.settings.subscriptions import count_webhooks
from calhooks.webhooks.settings.validation import chosen_triggers


def box_context(form: WebhookForm, webhook: Webhook | None) -> dict[str, Any]:
    """Return what the box is drawn from besides the form."""
    known = known_to_owner(owner())
    groups = {group: [variable for variable in CATALOGUE if variable.group == group] for group in Group}
    listed = {variable.path for variable in CATALOGUE}
    for variable in known.variables():
        if variable.path not in listed:
            groups[variable.group].append(variable)
    suggested = preset_for(form.subscriber_url.data or "")
    return {
        "groups": groups,
        "presets": PRESETS,
        "preset": form.preset,
        "tried": tried_form(),
        "suggested": suggested if suggested and _is_other(form, suggested) else None,
        **preview_context(form, webhook, known),
    }


def preview_context(form: WebhookForm, webhook: Webhook | None, known: Known | None = None) -> dict[str, Any]:
    """Return what the preview is drawn from. `as_if` says that the event has not happened to the chosen booking.

    `preview_is_busy` says that another preview of the account took too long to be waited for.
    """
    values = form.values()
    triggers = chosen_triggers(values)
    trigger = _trigger(form, triggers)
    body, as_if = _body(form.preview_booking.data or "", trigger)
    shown = {"as_if": TRIGGER_LABELS[trigger] if as_if else None}
    with one_at_a_time("preview", account().id) as taken:
        if not taken:
            return shown | {"draft": TemplateDraft(), "preview_is_busy": True}
        webhooks = count_webhooks(db.session(), owner(), webhook)
        author = Author(known or known_to_owner(owner()), webhooks, is_team=owner().team_id is not None)
        draft = draft_of(values, webhook, body, triggers or [trigger], author)
    return shown | {"draft": draft, "preview_is_busy": False}


def _is_other(form: WebhookForm, preset: Preset) -> bool:
    """Tell whether a preset would change the body."""
    if preset.template is None:
        return bool(form.payload_format.data != PayloadFormat.DEFAULT)
    typed = (form.payload_template.data or "").replace("\r\n", "\n")
    return bool(form.payload_format.data != PayloadFormat.CUSTOM or typed != preset.template)


def _trigger(form: WebhookForm, chosen: list[Trigger]) -> Trigger:
    """Return the event to show: the one that was picked, at first the first one that the webhook asks for."""
    if not form.preview_trigger.raw_data and chosen:
        form.preview_trigger.data = str(chosen[0])
    picked = form.preview_trigger.data
    return Trigger(picked) if picked in tuple(Trigger) else Trigger.BOOKING_CREATED


def _body(picked: str, trigger: Trigger) -> tuple[Mapping[str, Any], bool]:
    """Return the default body to try: as recorded where it has happened, else as if it happened now.

    A sample or the uid of a booking is `picked`.
    """
    booked = booked_body(picked, trigger)
    if booked is not None:
        return booked
    sample = Sample(picked) if picked in tuple(Sample) else sample_of(owner())
    return sample_body(trigger, current_config().base_url, sample), False
