"""Date overrides of a schedule: days with other hours than their weekday's, or none."""

from flask import Blueprint, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response
from wtforms import RadioField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import DateInput

from calhooks.db import writing
from calhooks.scheduling.availability import overrides
from calhooks.scheduling.availability.schedules import TypedTimes
from calhooks.scheduling.errors import InvalidInput
from calhooks.scheduling.models.schedules import Schedule
from calhooks.web.forms.fields import ServiceForm
from calhooks.web.http.row_numbers import counted
from calhooks.web.scheduling.availability import own_schedule, show_exceptions
from calhooks.web.scheduling.week_form import MAX_RANGES, Ranges, add_range, times
from calhooks.web.site import access
from calhooks.web.site.htmx import page_or_part
from calhooks.web.site.undo import offer_undo
from calhooks.web.wording.times import long_day

blueprint = Blueprint("overrides", __name__, url_prefix="/availability/<int:schedule_id>")

OFF, HOURS = "off", "hours"


class OverrideForm(ServiceForm):
    """A day, and whether it is off or has other hours; those are pairs of `start` and `end`."""

    day = StringField("Day", default="", widget=DateInput())
    kind = RadioField(
        "On this day",
        choices=[SelectChoice(OFF, "Off all day"), SelectChoice(HOURS, "Other hours")],
        default=OFF,
        validate_choice=False,
    )


@blueprint.get("/overrides/new")
@access.signed_in
def new_override(schedule_id: int) -> str:
    """Ask for a day and its hours, filled in for a day that has some."""
    schedule = own_schedule(schedule_id)
    day = request.args.get("day", "")
    known = next((each for each in schedule.overrides if str(each.day) == day), None)
    ranges = [times(start, end) for start, end in known.ranges] if known else []
    form = OverrideForm(formdata=None, data={"day": day, "kind": HOURS if ranges else OFF})
    return _override(schedule, form, ranges or [("09:00", "17:00")])


@blueprint.post("/overrides/new")
@access.signed_in
def set_override(schedule_id: int) -> str | Response | tuple[str, int]:
    """Keep a day's own hours, or give the form one range more or less."""
    schedule, form, ranges = own_schedule(schedule_id), OverrideForm(), _typed_ranges(request.form)
    if _change(ranges, request.form):
        return _override(schedule, form, ranges)
    hours = [TypedTimes(*each) for each in ranges if any(each)] if form.kind.data == HOURS else []
    try:
        if form.kind.data == HOURS and not hours:
            raise InvalidInput({"hours": "Enter the hours of this day."})
        with writing() as session:
            day = form.day.data or ""
            kept = overrides.set_override(session, access.account(), schedule_id, day=day, hours=hours)
    except InvalidInput as error:
        form.show(error.errors)
        return _override(schedule, form, ranges, error.errors), 422
    return show_exceptions(schedule_id, f"{long_day(kept.day)} has {'its own hours' if hours else 'no hours'} now.")


@blueprint.post("/overrides/<int:override_id>/delete")
@access.signed_in
def remove_override(schedule_id: int, override_id: int) -> Response:
    """Give a day its weekday's hours back."""
    with writing() as session:
        was = overrides.remove_override(session, access.account(), schedule_id, override_id)
    hours = [pair for each in was.ranges for pair in zip(("start", "end"), times(*each), strict=True)]
    fields = [("day", was.day.isoformat()), ("kind", HOURS if hours else OFF), *hours]
    offer_undo(long_day(was.day), url_for("overrides.set_override", schedule_id=schedule_id), fields)
    return show_exceptions(schedule_id, f"{long_day(was.day)} has the hours of its weekday again.")


def _override(schedule: Schedule, form: OverrideForm, ranges: Ranges, errors: dict[str, str] | None = None) -> str:
    name = "scheduling/availability/override"
    return page_or_part(name, schedule=schedule, form=form, ranges=ranges, errors=errors or {})


def _typed_ranges(sent: MultiDict[str, str]) -> Ranges:
    return list(zip(sent.getlist("start"), sent.getlist("end"), strict=False))[:MAX_RANGES]


def _change(ranges: Ranges, sent: MultiDict[str, str]) -> bool:
    """Add a range or take one away where a button for that was pressed; tell whether one was."""
    number = counted(sent.get("removeRange", ""))
    if number is not None and number < len(ranges):
        del ranges[number]
    if "addRange" in sent:
        add_range(ranges)
    return "addRange" in sent or "removeRange" in sent
