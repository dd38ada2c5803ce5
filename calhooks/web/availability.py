"""The hours of a week in which a host can be booked."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from calhooks.accounts.models import User
from calhooks.db import db, writing
from calhooks.scheduling import availability
from calhooks.scheduling.availability import WEEKDAYS, TypedHours
from calhooks.scheduling.errors import InvalidInput
from calhooks.scheduling.models import Schedule
from calhooks.web import access
from calhooks.web.forms import AccountForm, ZoneField
from calhooks.web.htmx import is_htmx

blueprint = Blueprint("availability", __name__)

MOST_RANGES = 50
FIRST_HOURS = ("09:00", "17:00")

Week = dict[str, list[tuple[str, str]]]


class HoursForm(AccountForm):
    """The zone of the hours. The hours themselves are pairs of times, as many as there are, under their weekday."""

    time_zone = ZoneField("Time zone", name="timeZone")


@blueprint.get("/availability")
@access.signed_in
def index() -> str:
    """Show the hours."""
    schedule = _schedule(access.account())
    return _page(HoursForm(data={"time_zone": schedule.time_zone}), _stored(schedule), {})


@blueprint.post("/availability")
@access.signed_in
def save() -> str | Response | tuple[str, int]:
    """Keep the hours, or give the form one range more or less."""
    host, form, week = access.account(), HoursForm(), _typed(request.form)
    schedule = _schedule(host)
    if "addRange" in request.form or "removeRange" in request.form:
        added = _change(week, request.form)
        return _page(form, week, {}, added)
    hours = [
        TypedHours(number, start, end)
        for number, day in enumerate(WEEKDAYS)
        for start, end in week[day]
        if start or end
    ]
    name, number, zone = schedule.name, schedule.id, form.time_zone.data or ""
    try:
        with writing() as session:
            availability.update_schedule(session, host, number, name=name, time_zone=zone, hours=hours)
    except InvalidInput as error:
        form.show(error.errors)
        return _page(form, week, error.errors), 422
    flash("Your hours are saved. Bookings made earlier stay as they are.", "success")
    return _answer()


def _answer() -> Response:
    address = url_for("availability.index")
    return Response(headers={"HX-Redirect": address}) if is_htmx() else redirect(address, 303)


def _page(form: HoursForm, week: Week, errors: dict[str, str], added: str = "") -> str:
    template = "availability/_form.html" if is_htmx() else "availability/index.html"
    return render_template(template, form=form, week=week, errors=errors, added=added)


def _schedule(host: User) -> Schedule:
    """Return the hours that a host's event types share, made on the first look where there are none."""
    schedules = availability.list_schedules(db.session(), host)
    if schedules:
        return schedules[0]
    with writing() as session:
        return availability.create_default_schedule(session, host)


def _stored(schedule: Schedule) -> Week:
    week: Week = {day: [] for day in WEEKDAYS}
    for each in schedule.ranges:
        start, end = availability.clock_time(each.start_minute), availability.clock_time(each.end_minute)
        # A time field writes midnight as 00:00 at either end.
        week[WEEKDAYS[each.weekday]].append((start, "00:00" if end == "24:00" else end))
    return week


def _typed(sent: MultiDict[str, str]) -> Week:
    return {
        day: list(zip(sent.getlist(f"{day}Start"), sent.getlist(f"{day}End"), strict=False))[:MOST_RANGES]
        for day in WEEKDAYS
    }


def _change(week: Week, sent: MultiDict[str, str]) -> str:
    """Add a range to a day, or take one away. Return the day that has one more."""
    day, _, number = sent.get("removeRange", "").partition("-")
    if day in week and number.isascii() and number.isdecimal() and int(number) < len(week[day]):
        del week[day][int(number)]
    added = sent.get("addRange", "")
    if added not in week:
        return ""
    # The first hours of a day are the usual ones, those after them are for the host to say.
    week[added].append(FIRST_HOURS if not week[added] else ("", ""))
    return added
