"""What stands beside the template in the webhook box: its preview, and the variables to pick from."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from calhooks import clock
from calhooks.accounts.owners import Owner
from calhooks.config import current_config
from calhooks.db import db
from calhooks.events import TRIGGER_LABELS, Trigger
from calhooks.scheduling.bookings.events import booking_event
from calhooks.scheduling.event_types.lookups import list_event_types
from calhooks.scheduling.event_types.questions import asked
from calhooks.scheduling.models.bookings import Booking, bookings_of
from calhooks.web.site.access import account, owner
from calhooks.web.site.turns import one_at_a_time
from calhooks.web.webhooks.form import WebhookForm
from calhooks.webhooks.body.payload import build_payload
from calhooks.webhooks.body.samples import Sample, sample_body, sample_of
from calhooks.webhooks.editor.account_variables import Known, known_to
from calhooks.webhooks.editor.catalogue import CATALOGUE, Group
from calhooks.webhooks.editor.drafts import Author, TemplateDraft, draft_of
from calhooks.webhooks.editor.presets import PRESETS, Preset, preset_for
from calhooks.webhooks.editor.recorded import recorded_body
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


def known_to_owner(whose: Owner) -> Known:
    """Return what the bookings of an account bring, and what its event types ask."""
    questions = [
        (question.identifier, question.label)
        for event_type in list_event_types(db.session(), whose)
        for question in asked(event_type)
    ]
    return known_to(db.session(), whose, questions)


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
    sample = Sample(picked) if picked in tuple(Sample) else sample_of(owner())
    uid = "" if picked in tuple(Sample) else picked
    booking = db.session.scalar(select(Booking).where(Booking.uid == uid, bookings_of(owner()))) if uid else None
    base_url = current_config().base_url
    if booking is None:
        return sample_body(trigger, base_url, sample), False
    recorded = recorded_body(db.session(), owner(), uid, trigger)
    if recorded is not None:
        return recorded, False
    return build_payload(booking_event(booking, trigger, clock.now()), base_url), trigger is not Trigger.PING
