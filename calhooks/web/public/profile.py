"""A host's own page: the event types that can be booked."""

from flask import Blueprint, abort, render_template
from sqlalchemy import select

from calhooks.accounts.models import User
from calhooks.db import db
from calhooks.scheduling.event_types import lookups
from calhooks.web.public.booking_link import BookingLink, booking_path, link_metadata
from calhooks.web.site import access

blueprint = Blueprint("profile", __name__)


@blueprint.get("/<username>")
@access.public
def show(username: str) -> str:
    """List what can be booked with a host. The link's metadata goes on to each."""
    owner = db.session.scalar(select(User).where(User.username == username.lower())) or abort(404)
    metadata = link_metadata()
    listed = [
        (event_type, BookingLink(path=booking_path(event_type), metadata=metadata))
        for event_type in lookups.list_public_event_types(db.session(), owner)
    ]
    return render_template("public/profile.html", owner=owner, listed=listed)
