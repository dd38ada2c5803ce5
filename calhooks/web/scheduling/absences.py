"""Time off: days on which a host cannot be booked."""

from flask import Blueprint, url_for
from werkzeug.wrappers import Response
from wtforms import StringField
from wtforms.widgets import DateInput

from calhooks.db import writing
from calhooks.scheduling.availability import absences
from calhooks.scheduling.errors import InvalidInput
from calhooks.scheduling.models.schedules import MAX_NOTE_LENGTH
from calhooks.web.forms.fields import ServiceForm
from calhooks.web.scheduling.availability import own_schedule, show_exceptions
from calhooks.web.site import access
from calhooks.web.site.htmx import page_or_part
from calhooks.web.site.undo import offer_undo
from calhooks.web.wording.times import long_day

blueprint = Blueprint("absences", __name__, url_prefix="/availability/<int:schedule_id>")


class AwayForm(ServiceForm):
    """From when to when a host is away."""

    first_day = StringField("First day", name="firstDay", default="", widget=DateInput())
    last_day = StringField("Last day", name="lastDay", default="", widget=DateInput())
    note = StringField("Note", default="", render_kw={"maxlength": MAX_NOTE_LENGTH})


@blueprint.route("/away/new", methods=["GET", "POST"])
@access.signed_in
def new_absence(schedule_id: int) -> str | Response | tuple[str, int]:
    """Take some days away from all schedules."""
    schedule, form = own_schedule(schedule_id), AwayForm()
    if not form.is_submitted():
        return page_or_part("scheduling/availability/absence", schedule=schedule, form=form)
    first, last, note = form.first_day.data or "", form.last_day.data or "", form.note.data or ""
    try:
        with writing() as session:
            kept = absences.add_absence(session, access.account(), first=first, last=last, note=note)
    except InvalidInput as error:
        form.show(error.errors)
        return page_or_part("scheduling/availability/absence", schedule=schedule, form=form), 422
    return show_exceptions(schedule_id, "Nobody can book these days." + _left(kept.booked))


@blueprint.post("/away/<int:absence_id>/delete")
@access.signed_in
def remove_absence(schedule_id: int, absence_id: int) -> Response:
    """Have the host back."""
    own_schedule(schedule_id)
    with writing() as session:
        was = absences.remove_absence(session, access.account(), absence_id)
    fields = [("firstDay", was.first_day.isoformat()), ("lastDay", was.last_day.isoformat()), ("note", was.note)]
    offer_undo(long_day(was.first_day), url_for("absences.new_absence", schedule_id=schedule_id), fields)
    return show_exceptions(schedule_id, "These days can be booked again.")


def _left(booked: int) -> str:
    if not booked:
        return ""
    return (
        f" {booked} {'booking is' if booked == 1 else 'bookings are'} on them already; move or cancel what cannot be."
    )
