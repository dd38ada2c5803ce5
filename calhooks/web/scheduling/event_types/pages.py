"""The host's or the team's event types: listed, made, changed, hidden and deleted."""

from functools import partial

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from calhooks.accounts.teams.memberships import list_members
from calhooks.config import current_config
from calhooks.db import db, writing
from calhooks.scheduling.availability.schedules import list_schedules
from calhooks.scheduling.errors import InvalidInput
from calhooks.scheduling.event_types import editing, lookups
from calhooks.scheduling.event_types.form import check_event_type
from calhooks.scheduling.models.event_types import EventType
from calhooks.web.scheduling.event_types.form import EventTypeForm, event_type_form_for
from calhooks.web.scheduling.event_types.team_form import team_form_for
from calhooks.web.site import access
from calhooks.web.site.htmx import asked_by, done, go_to, page_or_part
from calhooks.web.wording.addresses import profile_path

blueprint = Blueprint("event_types", __name__, url_prefix="/event-types")

# The parts of the form that htmx puts in place of the one with this id.
PARTS = ("hosts", "places", "questions")


@blueprint.get("")
@access.sees_owners
def index() -> str:
    """List what people can book."""
    return render_template("scheduling/event_types/index.html", **_listed())


@blueprint.route("/new", methods=["GET", "POST"])
@access.changes_owners
def new() -> str | Response | tuple[str, int]:
    """Make an event type."""
    form = _form_for(None)
    if not form.is_submitted() or form.change(request.form):
        return _form(form, None)
    try:
        checked = check_event_type(form.values(request.form))
        with writing() as session:
            made = editing.create_event_type(session, access.owner(), checked)
    except InvalidInput as error:
        form.show(error.errors)
        return _form(form, None), 422
    flash(f"“{made.title}” can be booked. Copy its link and send it to somebody.", "success")
    return redirect(url_for("event_types.index"), 303)


@blueprint.route("/<int:event_type_id>/edit", methods=["GET", "POST"])
@access.changes_owners
def edit(event_type_id: int) -> str | Response | tuple[str, int]:
    """Change an event type; what was booked stays as it was."""
    event_type = _find(event_type_id)
    form = _form_for(event_type)
    if not form.is_submitted() or form.change(request.form):
        return _form(form, event_type)
    try:
        checked = check_event_type(form.values(request.form))
        with writing() as session:
            editing.update_event_type(session, access.owner(), event_type_id, checked)
    except InvalidInput as error:
        form.show(error.errors)
        return _form(form, _find(event_type_id)), 422
    flash("Saved.", "success")
    return redirect(url_for("event_types.edit", event_type_id=event_type_id), 303)


@blueprint.post("/<int:event_type_id>/hidden")
@access.changes_owners
def hide(event_type_id: int) -> Response:
    """Take an event type off the public page, or put it back; its link works either way."""
    hidden = request.form.get("hidden") == "y"
    with writing() as session:
        editing.set_hidden(session, access.owner(), event_type_id, hidden)
    page = "your public page" if access.membership() is None else "the team’s public page"
    message = f"Hidden from {page}. Its link still works." if hidden else f"Shown on {page}."
    return done(message, part=_list, to=url_for("event_types.index"))


@blueprint.post("/<int:event_type_id>/duplicate")
@access.changes_owners
def duplicate(event_type_id: int) -> Response:
    """Make a copy to change."""
    with writing() as session:
        copy = editing.duplicate_event_type(session, access.owner(), event_type_id)
    flash("This is the copy. It stays hidden until you show it.", "success")
    return go_to(url_for("event_types.edit", event_type_id=copy.id))


@blueprint.post("/<int:event_type_id>/move")
@access.changes_owners
def move(event_type_id: int) -> Response:
    """Move an event type up or down by one place."""
    up = request.form.get("direction") == "up"
    with writing() as session:
        moved = editing.move_event_type(session, access.owner(), event_type_id, -1 if up else 1)
    message = f"“{moved.title}” is further {'up' if up else 'down'}."
    return done(message, part=partial(_list, focus=moved.id), to=url_for("event_types.index"))


@blueprint.route("/<int:event_type_id>/delete", methods=["GET", "POST"])
@access.changes_owners
def delete(event_type_id: int) -> str | Response:
    """Ask, then delete. Bookings are kept."""
    event_type = _find(event_type_id)
    if request.method != "POST":
        return page_or_part("scheduling/event_types/delete", event_type=event_type)
    with writing() as session:
        editing.delete_event_type(session, access.owner(), event_type_id)
    part, to = partial(_list, out_of_band=True), url_for("event_types.index")
    return done("Deleted. What was booked is kept.", part=part, to=to, closes=True)


def _list(*, out_of_band: bool = False, focus: int | None = None) -> str:
    """Return the list as it is now, with the focus at the event type that was moved."""
    return render_template("scheduling/event_types/_list.html", out_of_band=out_of_band, focus=focus, **_listed())


def _form_for(event_type: EventType | None) -> EventTypeForm:
    """Return the form of the person's, or of the team's, event types."""
    session, editor, membership = db.session(), access.account(), access.membership()
    schedules = list_schedules(session, editor)
    if membership is None:
        return event_type_form_for(event_type, schedules)
    members = list_members(session, [membership.team_id])[membership.team_id]
    return team_form_for(event_type, editor, members, schedules)


def _form(form: EventTypeForm, event_type: EventType | None) -> str:
    part = next((f"_{name}" for name in PARTS if asked_by(name)), "_questions")
    address = _address() + "/"
    return page_or_part("scheduling/event_types/edit", part, form=form, event_type=event_type, address=address)


def _listed() -> dict[str, object]:
    return {
        "event_types": lookups.list_event_types(db.session(), access.owner()),
        "holder": access.holder(),
        "address": _address(),
    }


def _address() -> str:
    """Return the public address of the host's page."""
    return current_config().base_url + profile_path(access.holder())


def _find(event_type_id: int) -> EventType:
    return lookups.find_event_type(db.session(), access.owner(), event_type_id)
