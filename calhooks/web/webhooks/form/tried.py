"""Which event to try a webhook with: any trigger, of a sample booking or of one of the owner's own."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from wtforms import SelectField
from wtforms.fields import SelectChoice

from calhooks import clock
from calhooks.config import current_config
from calhooks.db import db
from calhooks.events import TRIGGER_LABELS, TRIGGERS, Trigger
from calhooks.scheduling.bookings.events import supposed_event
from calhooks.scheduling.models.bookings import Booking, bookings_of
from calhooks.web.forms.fields import ServiceForm
from calhooks.web.site.access import owner
from calhooks.web.webhooks.form import choices
from calhooks.webhooks.body.payload import build_payload
from calhooks.webhooks.body.samples import Sample, sample_of
from calhooks.webhooks.editor.recorded import recorded_body
from calhooks.webhooks.settings.ping import TriedEvent, sample_now
from calhooks.webhooks.settings.validation import InvalidWebhook


class TriedForm(ServiceForm):
    """The event that a test sends."""

    trigger = SelectField("Event", name="testTrigger", choices=[], validate_choice=False)
    booking = SelectField("Booking", name="testBooking", default="", validate_choice=False)

    @property
    def has_ping(self) -> bool:
        """Tell whether a PING can be chosen."""
        return any(choice.value == Trigger.PING for choice in self.trigger.choices)

    def event(self) -> TriedEvent:
        """Return the event that was chosen, a PING about a sample booking where none was. Raises InvalidWebhook."""
        picked, uid = self.trigger.data or str(Trigger.PING), self.booking.data or ""
        if picked not in tuple(Trigger):
            raise InvalidWebhook({"testTrigger": "Choose one of the events in the list."})
        trigger = Trigger(picked)
        if not uid or uid in tuple(Sample):
            return sample_now(trigger, Sample(uid) if uid else sample_of(owner()))
        found = booked_body(uid, trigger)
        if found is None:
            raise InvalidWebhook({"testBooking": "Choose one of the bookings in the list."})
        return TriedEvent(trigger, found[0])


def tried_form(*first: Trigger) -> TriedForm:
    """Return the form with what was chosen, and with the triggers and bookings that can be; `first` come first."""
    form = TriedForm()
    form.trigger.choices = [SelectChoice(str(trigger), TRIGGER_LABELS[trigger]) for trigger in (*first, *TRIGGERS)]
    form.booking.choices = choices.previews(owner())
    return form


def booked_body(uid: str, trigger: Trigger) -> tuple[Mapping[str, Any], bool] | None:
    """Return the default body of an event of one of the owner's bookings, None if there is no booking with this uid.

    With it, tell whether the event has not happened: the body is then as if it happened now, else as recorded.
    """
    if not uid or uid in tuple(Sample):
        return None
    booking = db.session.scalar(select(Booking).where(Booking.uid == uid, bookings_of(owner())))
    if booking is None:
        return None
    recorded = recorded_body(db.session(), owner(), uid, trigger)
    if recorded is not None:
        return recorded, False
    body = build_payload(supposed_event(booking, trigger, clock.now()), current_config().base_url)
    return body, trigger is not Trigger.PING
