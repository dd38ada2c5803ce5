"""A host's own page: the event types that can be booked."""

from flask import Blueprint, abort, render_template, request
from sqlalchemy import select

from calhooks.accounts.models import User
from calhooks.accounts.owners import owner_of
from calhooks.accounts.teams.models import Team
from calhooks.db import db
from calhooks.scheduling.event_types import lookups
from calhooks.web.public.booking_link import BookingLink, link_metadata
from calhooks.web.site import access
from calhooks.web.wording.addresses import booking_path

blueprint = Blueprint("profile", __name__)

TEAM_PROFILE = "team_profile"


@blueprint.get("/<username>")
@access.public
def show(username: str) -> str:
    """List what can be booked with a person or, below /team, with a team. The link's metadata goes on to each."""
    owner = _holder(username.lower()) or abort(404)
    metadata = link_metadata(request.args.items(multi=True))
    listed = [
        (event_type, BookingLink(path=booking_path(event_type), metadata=metadata))
        for event_type in lookups.list_public_event_types(db.session(), owner_of(owner))
    ]
    return render_template("public/profile.html", owner=owner, team=isinstance(owner, Team), listed=listed)


def _holder(name: str) -> User | Team | None:
    if request.blueprint == TEAM_PROFILE:
        return db.session.scalar(select(Team).where(Team.slug == name))
    return db.session.scalar(select(User).where(User.username == name))
