"""The front door."""

from flask import Blueprint, redirect, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from calhooks.accounts import users
from calhooks.db import db
from calhooks.web.site import access

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@access.public
def index() -> Response:
    """Lead to what makes sense: setting up, logging in, or the event types."""
    if current_user.is_authenticated:
        return redirect(url_for("event_types.index"))
    if users.exist(db.session()):
        return redirect(url_for("login.login"))
    return redirect(url_for("setup.setup"))
