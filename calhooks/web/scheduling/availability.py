"""The hours in which a host can be booked: a week for each schedule."""

from functools import partial

from flask import Blueprint, abort, flash, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import StringField

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.db import db, writing
from calhooks.scheduling.availability import schedules
from calhooks.scheduling.availability.absences import list_absences
from calhooks.scheduling.errors import InvalidInput, NotAllowed
from calhooks.scheduling.models.schedules import MAX_SCHEDULE_NAME_LENGTH, Schedule
from calhooks.web.forms.fields import ServiceForm, ZoneField
from calhooks.web.scheduling.week_form import Week, change_week, stored_week, typed_hours, typed_week
from calhooks.web.site import access
from calhooks.web.site.htmx import asked_by, done, go_to, page_or_part
from calhooks.web.site.undo import offered_undo
from calhooks.web.wording.times import in_zone

blueprint = Blueprint("availability", __name__, url_prefix="/availability")

CHANGE_BUTTONS = ("addRange", "removeRange", "copyRange")


class HoursForm(ServiceForm):
    """The name and the zone of the hours; the hours themselves are in `calhooks.web.week`."""

    name = StringField("Name", default="", render_kw={"maxlength": MAX_SCHEDULE_NAME_LENGTH})
    time_zone = ZoneField("Time zone", name="timeZone")


class NameForm(ServiceForm):
    """What a new schedule is called."""

    name = StringField("Name", default="", render_kw={"maxlength": MAX_SCHEDULE_NAME_LENGTH})


@blueprint.get("", defaults={"schedule_id": None})
@blueprint.get("/<int:schedule_id>")
@access.signed_in
def index(schedule_id: int | None) -> str | Response:
    """Show the hours of a schedule, by default the first one; lead a host without any to making one."""
    schedule = _schedule(access.account(), schedule_id)
    if schedule is None:
        return go_to(url_for("availability.new"))
    return _page(schedule, _hours_form(schedule), stored_week(schedule), {})


@blueprint.post("", defaults={"schedule_id": None})
@blueprint.post("/<int:schedule_id>")
@access.signed_in
def save(schedule_id: int | None) -> str | Response | tuple[str, int]:
    """Keep the hours, or give the form one range more or less."""
    host, week = access.account(), typed_week(request.form)
    schedule = _schedule(host, schedule_id) or abort(404)
    form, number = _hours_form(schedule), schedule.id
    if any(change in request.form for change in CHANGE_BUTTONS):
        added = change_week(week, request.form)
        return _page(schedule, form, week, {}, added)
    name, zone, hours = form.name.data or "", form.time_zone.data or "", typed_hours(week)
    try:
        with writing() as session:
            schedules.update_schedule(session, host, number, name=name, time_zone=zone, hours=hours)
    except InvalidInput as error:
        form.show(error.errors)
        return _page(schedule, form, week, error.errors), 422
    flash("Your hours are saved. Bookings made earlier stay as they are.", "success")
    return go_to(_address(schedule_id))


@blueprint.route("/new", methods=["GET", "POST"])
@access.signed_in
def new() -> str | Response | tuple[str, int]:
    """Make a schedule."""
    form = NameForm()
    if not form.is_submitted():
        return page_or_part("scheduling/availability/new", form=form)
    try:
        with writing() as session:
            schedule = schedules.create_schedule(session, access.account(), name=form.name.data or "")
    except InvalidInput as error:
        form.show(error.errors)
        return page_or_part("scheduling/availability/new", form=form), 422
    flash(f"“{schedule.name}” has the usual hours for now. Event types use it when you choose it there.", "success")
    return go_to(_address(schedule.id))


@blueprint.route("/<int:schedule_id>/delete", methods=["GET", "POST"])
@access.signed_in
def delete(schedule_id: int) -> str | Response:
    """Ask, then delete a schedule. Its event types go on with another one."""
    schedule = own_schedule(schedule_id)
    if request.method != "POST":
        return page_or_part("scheduling/availability/delete", schedule=schedule)
    try:
        with writing() as session:
            schedules.delete_schedule(session, access.account(), schedule_id)
    except NotAllowed as error:
        flash(error.sentence, "danger")
        return go_to(_address(schedule_id))
    flash("Deleted. Its event types use your first schedule now.", "success")
    return go_to(_address(None))


def exceptions_of(host: User, schedule: Schedule) -> dict[str, object]:
    """Return what the part of the page about single days is drawn from; days that are past are left out."""
    today = in_zone(clock.now(), schedule.time_zone).date()
    return {
        "schedule": schedule,
        "overrides": [override for override in schedule.overrides if override.day >= today],
        "absences": list_absences(db.session(), host, clock.now()),
        "clock_time": schedules.minute_as_clock_time,
        "undo": offered_undo(),
    }


def own_schedule(schedule_id: int) -> Schedule:
    """Return one of the signed-in account's schedules. Raises NotFound, also for someone else's."""
    return schedules.find_schedule(db.session(), access.account(), schedule_id)


def show_exceptions(schedule_id: int, message: str) -> Response:
    """Say what has happened over the days as they are now."""
    in_box = asked_by("modal")
    return done(message, part=partial(_exceptions, schedule_id, in_box), to=_address(schedule_id), closes=in_box)


def _exceptions(schedule_id: int, out_of_band: bool) -> str:
    context = exceptions_of(access.account(), own_schedule(schedule_id))
    return render_template("scheduling/availability/_overrides.html", out_of_band=out_of_band, **context)


def _page(schedule: Schedule, form: HoursForm, week: Week, errors: dict[str, str], added: str = "") -> str:
    host = access.account()
    return page_or_part(
        "scheduling/availability/index",
        "_form",
        form=form,
        week=week,
        errors=errors,
        added=added,
        schedules=schedules.list_schedules(db.session(), host),
        **exceptions_of(host, schedule),
    )


def _address(schedule_id: int | None) -> str:
    return url_for("availability.index", schedule_id=schedule_id)


def _hours_form(schedule: Schedule) -> HoursForm:
    return HoursForm(data={"name": schedule.name, "time_zone": schedule.time_zone})


def _schedule(host: User, schedule_id: int | None) -> Schedule | None:
    """Return one of the host's schedules, by default the first, None for a host without any."""
    if schedule_id is not None:
        return own_schedule(schedule_id)
    found = schedules.list_schedules(db.session(), host)
    return found[0] if found else None
