"""The host's event types: listed, made, changed, hidden and deleted."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from calhooks.config import current_config
from calhooks.db import db, writing
from calhooks.scheduling.availability.schedules import list_schedules
from calhooks.scheduling.errors import InvalidInput, NotFound
from calhooks.scheduling.event_types import editing, lookups
from calhooks.scheduling.event_types.form import check_event_type
from calhooks.scheduling.models.event_types import EventType
from calhooks.web.scheduling.event_type_form import TypedEventType, form_for
from calhooks.web.site import access
from calhooks.web.site.htmx import fragment, is_htmx

blueprint = Blueprint("event_types", __name__, url_prefix="/event-types")


@blueprint.get("")
@access.signed_in
def index() -> str:
    """List what people can book."""
    return render_template("scheduling/event_types/index.html", **_listed())


@blueprint.route("/new", methods=["GET", "POST"])
@access.signed_in
def new() -> str | Response | tuple[str, int]:
    """Make an event type."""
    form = form_for(None, list_schedules(db.session(), access.account()))
    if not form.is_submitted() or form.change(request.form):
        return _form(form, None)
    try:
        checked = check_event_type(form.values(request.form))
        with writing() as session:
            made = editing.create_event_type(session, access.account(), checked)
    except InvalidInput as error:
        form.show(error.errors)
        return _form(form, None), 422
    flash(f"“{made.title}” can be booked. Copy its link and send it to somebody.", "success")
    return redirect(url_for("event_types.index"), 303)


@blueprint.route("/<int:event_type_id>/edit", methods=["GET", "POST"])
@access.signed_in
def edit(event_type_id: int) -> str | Response | tuple[str, int]:
    """Change an event type; what was booked stays as it was."""
    event_type = _find(event_type_id)
    form = form_for(event_type, list_schedules(db.session(), access.account()))
    if not form.is_submitted() or form.change(request.form):
        return _form(form, event_type)
    try:
        checked = check_event_type(form.values(request.form))
        with writing() as session:
            editing.update_event_type(session, access.account(), event_type_id, checked)
    except InvalidInput as error:
        form.show(error.errors)
        return _form(form, _find(event_type_id)), 422
    flash("Saved.", "success")
    return redirect(url_for("event_types.edit", event_type_id=event_type_id), 303)


@blueprint.post("/<int:event_type_id>/hidden")
@access.signed_in
def hide(event_type_id: int) -> str | Response:
    """Take an event type off the public page, or put it back; its link works either way."""
    hidden = request.form.get("hidden") == "y"
    try:
        with writing() as session:
            editing.set_hidden(session, access.account(), event_type_id, hidden)
    except NotFound:
        abort(404)
    message = "Hidden from your public page. Its link still works." if hidden else "Shown on your public page."
    return _answer(message)


@blueprint.post("/<int:event_type_id>/duplicate")
@access.signed_in
def duplicate(event_type_id: int) -> Response:
    """Make a copy to change."""
    try:
        with writing() as session:
            copy = editing.duplicate_event_type(session, access.account(), event_type_id)
    except NotFound:
        abort(404)
    flash("This is the copy. It stays hidden from your public page until you show it.", "success")
    address = url_for("event_types.edit", event_type_id=copy.id)
    return Response(headers={"HX-Redirect": address}) if is_htmx() else redirect(address, 303)


@blueprint.post("/<int:event_type_id>/move")
@access.signed_in
def move(event_type_id: int) -> Response:
    """Move an event type up or down by one place."""
    up = request.form.get("direction") == "up"
    try:
        with writing() as session:
            moved = editing.move_event_type(session, access.account(), event_type_id, -1 if up else 1)
    except NotFound:
        abort(404)
    return _answer(f"“{moved.title}” is further {'up' if up else 'down'}.", focus=moved.id)


@blueprint.route("/<int:event_type_id>/delete", methods=["GET", "POST"])
@access.signed_in
def delete(event_type_id: int) -> str | Response:
    """Ask, then delete. Bookings are kept."""
    event_type = _find(event_type_id)
    if request.method == "GET":
        template = "scheduling/event_types/_delete.html" if is_htmx() else "scheduling/event_types/delete.html"
        return render_template(template, event_type=event_type)
    with writing() as session:
        editing.delete_event_type(session, access.account(), event_type_id)
    return _answer("Deleted. What was booked is kept.", closes_box=True)


def _answer(message: str, *, closes_box: bool = False, focus: int | None = None) -> Response:
    """Say what has happened over the list as it is now, with the focus at the event type that was moved."""
    if not is_htmx():
        flash(message, "success")
        return redirect(url_for("event_types.index"), 303)
    page = render_template("scheduling/event_types/_list.html", out_of_band=closes_box, focus=focus, **_listed())
    trigger = ({"closeModal": True} if closes_box else {}) | {"toast": {"message": message, "tone": "success"}}
    return fragment(page, trigger=trigger)


def _form(form: TypedEventType, event_type: EventType | None) -> str:
    part = "_places" if request.headers.get("HX-Target") == "places" else "_questions"
    template = f"event_types/{part}.html" if is_htmx() else "scheduling/event_types/edit.html"
    return render_template(template, form=form, event_type=event_type, address=_address() + "/")


def _listed() -> dict[str, object]:
    host = access.account()
    return {"event_types": lookups.list_event_types(db.session(), host), "host": host, "address": _address()}


def _address() -> str:
    """Return the public address of the host's page."""
    return current_config().base_url + url_for("profile.show", username=access.account().username)


def _find(event_type_id: int) -> EventType:
    try:
        return lookups.find_event_type(db.session(), access.account(), event_type_id)
    except NotFound:
        abort(404)
