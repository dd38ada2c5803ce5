"""The form of a booking page. It keeps what was typed; `scheduling.submissions` judges it."""

from collections.abc import Mapping
from typing import Any

from flask_wtf import FlaskForm
from wtforms import EmailField, Field, HiddenField, StringField, TextAreaField

from calhooks.scheduling.models import Booking
from calhooks.scheduling.submissions import MAX_GUESTS, Submission, check_submission
from calhooks.web.booking_link import MOST_GUESTS, BookingLink


class GuestsField(Field):  # type: ignore[misc]  # wtforms has no types
    """E-mail addresses, one input each, all of the same name. An empty one waits to be filled in."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Keep what was typed, up to a bound for a form that nobody typed."""
        self.data = valuelist[:MOST_GUESTS]


class BookingForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """What a booker fills in. The names are the contract's; a browser checks nothing, so that one place speaks."""

    start = HiddenField("Time", default="")
    time_zone = HiddenField("Time zone", name="timeZone", default="")
    name = StringField("Your name", default="")
    email = EmailField("Email address", default="")
    guests = GuestsField("Guests", default=())
    notes = TextAreaField("Additional notes", default="")
    reschedule_reason = TextAreaField("Reason for rescheduling", name="rescheduleReason", default="")

    most_guests = MAX_GUESTS

    @property
    def may_add_guest(self) -> bool:
        """Tell whether there is room for one more guest."""
        return len(self.guests.data) < MAX_GUESTS

    def submission(self, *, zone: str, locale: str) -> Submission:
        """Return what was typed, checked; `zone` stands in where the form has none that exists. Raises InvalidInput."""
        return check_submission(
            start=self.start.data or "",
            time_zone=zone,
            name=self.name.data or "",
            email=self.email.data or "",
            notes=self.notes.data or "",
            guests=self.guests.data,
            reschedule_reason=self.reschedule_reason.data or "",
            locale=locale,
        )

    def typed(self) -> dict[str, Any]:
        """Return what was typed as a link carries it."""
        return {
            "name": self.name.data or "",
            "email": self.email.data or "",
            "guests": tuple(self.guests.data),
            "notes": self.notes.data or "",
            "reschedule_reason": self.reschedule_reason.data or "",
        }

    def show(self, errors: Mapping[str, str]) -> None:
        """Put each sentence at its field, by the contract's names."""
        for each in self:
            if each.name in errors:
                each.errors = (errors[each.name],)


def form_for(link: BookingLink, former: Booking | None) -> BookingForm:
    """Return the form with what the link, or the booking that is to be moved, fills in beforehand."""
    known = {"name": "", "email": "", "guests": (), "notes": ""}
    if former:
        booker, *guests = former.attendees
        known |= {
            "name": booker.name,
            "email": booker.email,
            "guests": tuple(guest.email for guest in guests),
            "notes": former.additional_notes,
        }
    typed = {
        "name": link.name,
        "email": link.email,
        "guests": link.guests,
        "notes": link.notes,
        "reschedule_reason": link.reschedule_reason,
    }
    return BookingForm(formdata=None, data=known | {name: value for name, value in typed.items() if value})
