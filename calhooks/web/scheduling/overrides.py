"""Single days of a host: with other hours than their weekday's, or away."""

from flask import Blueprint, abort, flash, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response
from wtforms import RadioField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import DateInput

from calhooks.db import db, writing
from calhooks.scheduling.availability import absences, overrides, schedules
from calhooks.scheduling.availability.schedules import TypedTimes
from calhooks.scheduling.errors import InvalidInput, NotFound
from calhooks.scheduling.models.schedules import Schedule
from calhooks.web.forms.fields import AccountForm
from calhooks.web.scheduling.availability import exceptions_of, to_schedule
from calhooks.web.scheduling.week_form import MOST_RANGES, Ranges, add_range, times
from calhooks.web.site import access
from calhooks.web.site.htmx import fragment, is_htmx
from calhooks.web.site.row_numbers import counted
from calhooks.web.site.undo import offer_undo
from calhooks.web.wording.bookings import long_day

blueprint = Blueprint("exceptions", __name__, url_prefix="/availability/<int:schedule_id>")

OFF, HOURS = "off", "hours"


class OverrideForm(AccountForm):
    """A day, and whether it is off or has other hours; those are pairs of `start` and `end`."""

    day = StringField("Day", default="", widget=DateInput())
    kind = RadioField(
        "On this day",
        choices=[SelectChoice(OFF, "Off all day"), SelectChoice(HOURS, "Other hours")],
        default=OFF,
        validate_choice=False,
    )


class AwayForm(AccountForm):
    """From when to when a host is away."""

    first_day = StringField("First day", name="firstDay", default="", widget=DateInput())
    last_day = StringField("Last day", name="lastDay", default="", widget=DateInput())
    note = StringField("Note", default="")


@blueprint.get("/overrides/new")
@access.signed_in
def new_override(schedule_id: int) -> str:
    """Ask for a day and its hours, filled in for a day that has some."""
    schedule = _schedule(schedule_id)
    day = request.args.get("day", "")
    known = next((each for each in schedule.overrides if str(each.day) == day), None)
    ranges = [times(start, end) for start, end in known.ranges] if known else []
    form = OverrideForm(formdata=None, data={"day": day, "kind": HOURS if ranges else OFF})
    return _override(schedule, form, ranges or [("09:00", "17:00")])


@blueprint.post("/overrides/new")
@access.signed_in
def set_override(schedule_id: int) -> str | Response | tuple[str, int]:
    """Keep a day's own hours, or give the form one range more or less."""
    schedule, form, ranges = _schedule(schedule_id), OverrideForm(), _typed_ranges(request.form)
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
    return _done(schedule_id, f"{long_day(kept.day)} has {'its own hours' if hours else 'no hours'} now.")


@blueprint.post("/overrides/<int:override_id>/delete")
@access.signed_in
def remove_override(schedule_id: int, override_id: int) -> Response:
    """Give a day its weekday's hours back."""
    try:
        with writing() as session:
            was = overrides.remove_override(session, access.account(), schedule_id, override_id)
    except NotFound:
        abort(404)
    hours = [pair for each in was.ranges for pair in zip(("start", "end"), times(*each), strict=True)]
    fields = [("day", was.day.isoformat()), ("kind", HOURS if hours else OFF), *hours]
    offer_undo(long_day(was.day), url_for("exceptions.set_override", schedule_id=schedule_id), fields)
    return _done(schedule_id, f"{long_day(was.day)} has the hours of its weekday again.")


@blueprint.route("/away/new", methods=["GET", "POST"])
@access.signed_in
def new_absence(schedule_id: int) -> str | Response | tuple[str, int]:
    """Take some days away from all schedules."""
    schedule, form = _schedule(schedule_id), AwayForm()
    if not form.is_submitted():
        return _away(schedule, form)
    first, last, note = form.first_day.data or "", form.last_day.data or "", form.note.data or ""
    try:
        with writing() as session:
            kept = absences.add_absence(session, access.account(), first=first, last=last, note=note)
    except InvalidInput as error:
        form.show(error.errors)
        return _away(schedule, form), 422
    return _done(schedule_id, "Nobody can book these days." + _left(kept.booked))


@blueprint.post("/away/<int:absence_id>/delete")
@access.signed_in
def remove_absence(schedule_id: int, absence_id: int) -> Response:
    """Have the host back."""
    try:
        with writing() as session:
            was = absences.remove_absence(session, access.account(), absence_id)
    except NotFound:
        abort(404)
    fields = [("firstDay", was.first_day.isoformat()), ("lastDay", was.last_day.isoformat()), ("note", was.note)]
    offer_undo(long_day(was.first_day), url_for("exceptions.new_absence", schedule_id=schedule_id), fields)
    return _done(schedule_id, "These days can be booked again.")


def _left(booked: int) -> str:
    if not booked:
        return ""
    return (
        f" {booked} {'booking is' if booked == 1 else 'bookings are'} on them already; move or cancel what cannot be."
    )


def _done(schedule_id: int, message: str) -> Response:
    """Say what has happened over the days as they are now."""
    if not is_htmx():
        flash(message, "success")
        return to_schedule(schedule_id)
    in_box = request.headers.get("HX-Target") == "modal"
    context = exceptions_of(access.account(), _schedule(schedule_id))
    page = render_template("availability/_exceptions.html", out_of_band=in_box, **context)
    closes = {"closeModal": True} if in_box else {}
    return fragment(page, trigger=closes | {"toast": {"message": message, "tone": "success"}})


def _override(schedule: Schedule, form: OverrideForm, ranges: Ranges, errors: dict[str, str] | None = None) -> str:
    template = "availability/_override.html" if is_htmx() else "availability/override.html"
    return render_template(template, schedule=schedule, form=form, ranges=ranges, errors=errors or {})


def _away(schedule: Schedule, form: AwayForm) -> str:
    return render_template(
        "availability/_away.html" if is_htmx() else "availability/away.html", schedule=schedule, form=form
    )


def _typed_ranges(sent: MultiDict[str, str]) -> Ranges:
    return list(zip(sent.getlist("start"), sent.getlist("end"), strict=False))[:MOST_RANGES]


def _change(ranges: Ranges, sent: MultiDict[str, str]) -> bool:
    """Add a range or take one away where a button for that was pressed; tell whether one was."""
    number = counted(sent.get("removeRange", ""))
    if number is not None and number < len(ranges):
        del ranges[number]
    if "addRange" in sent:
        add_range(ranges)
    return "addRange" in sent or "removeRange" in sent


def _schedule(schedule_id: int) -> Schedule:
    try:
        return schedules.find_schedule(db.session(), access.account(), schedule_id)
    except NotFound:
        abort(404)
