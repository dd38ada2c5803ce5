"""The browsers in which a person is signed in, and ending these sessions."""

from functools import partial

from flask import Blueprint, abort, render_template, request, url_for
from werkzeug.wrappers import Response

from calhooks.accounts import sessions
from calhooks.db import db, writing
from calhooks.web.site import access
from calhooks.web.site.htmx import done, page_or_part

blueprint = Blueprint("sessions", __name__, url_prefix="/settings/sessions")


@blueprint.get("")
@access.signed_in
def index() -> str:
    """List the open sessions, this one first."""
    return _render("accounts/sessions.html")


@blueprint.route("/<int:session_id>/end", methods=["GET", "POST"])
@access.signed_in
def end(session_id: int) -> str | Response:
    """Ask, then end one session."""
    user_id = access.account().id
    found = sessions.open_session(db.session(), user_id, session_id) or abort(404)
    if request.method == "GET":
        return page_or_part("accounts/end_session", login_session=found)
    with writing() as database:
        sessions.end_one(database, user_id, session_id)
    return _done("Session ended.")


@blueprint.route("/end-others", methods=["GET", "POST"])
@access.signed_in
def end_others() -> str | Response:
    """Ask, then end all sessions but this one."""
    if request.method == "GET":
        return page_or_part("accounts/end_session", login_session=None)
    user_id, this = access.account().id, access.current_session().id
    with writing() as database:
        sessions.end_all(database, user_id, but=this)
    return _done("All other sessions ended.")


def _done(message: str) -> Response:
    part = partial(_render, "accounts/_sessions.html", out_of_band=True)
    return done(message, part=part, to=url_for("sessions.index"), closes=True)


def _render(template: str, *, out_of_band: bool = False) -> str:
    found, this_id = sessions.open_sessions(db.session(), access.account().id), access.current_session().id
    found.sort(key=lambda each: each.id != this_id)
    return render_template(template, login_sessions=found, this_id=this_id, out_of_band=out_of_band)
