"""A team's settings, which members read and owners and admins change, and deleting the team."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from calhooks import clock
from calhooks.accounts.errors import InvalidAccount, NotPermitted, TeamRefused
from calhooks.accounts.teams.editing import update_team
from calhooks.accounts.teams.memberships import ONLY_OWNERS, list_members
from calhooks.config import current_config
from calhooks.db import db, writing
from calhooks.scheduling.event_types.lookups import list_event_types
from calhooks.scheduling.teams.deletion import delete_team
from calhooks.scheduling.teams.meetings import count_meetings, meetings_left
from calhooks.web.site import access
from calhooks.web.site.htmx import go_to, page_or_part
from calhooks.web.teams.members import found_membership, team_id
from calhooks.web.teams.overview import TeamForm

blueprint = Blueprint("team_settings", __name__)


@blueprint.get("")
@access.sees_owners
def show() -> str:
    """Show the settings."""
    return _page(TeamForm(obj=found_membership().team))


@blueprint.post("")
@access.changes_owners
def save() -> tuple[str, int] | Response:
    """Change the settings."""
    form = TeamForm(obj=found_membership().team)
    try:
        draft = form.draft()
        with writing() as session:
            update_team(session, team_id(), draft)
    except InvalidAccount as error:
        form.show(error.errors)
        return _page(form), 422
    flash("Saved.", "success")
    return redirect(url_for("team_settings.show"), 303)


@blueprint.route("/delete", methods=["GET", "POST"])
@access.changes_owners
def delete() -> str | Response:
    """Say what goes and ask, then delete the team."""
    team = found_membership().team
    if not found_membership().is_owner:
        raise NotPermitted(ONLY_OWNERS)
    if request.method == "GET":
        return page_or_part("teams/dialogs/delete", **_going())
    try:
        with writing() as session:
            delete_team(session, team.id, access.account(), clock.now())
    except TeamRefused as error:
        flash(error.sentence, "danger")
        return go_to(url_for("leaving.left"))
    flash(f"“{team.name}” is deleted.", "success")
    return go_to(url_for("teams.index"))


def _page(form: TeamForm) -> str:
    address = f"{current_config().base_url}/team/"
    return render_template("teams/settings.html", form=form, address=address)


def _going() -> dict[str, object]:
    """Return how much of each a team has, and how many meetings are in the way."""
    return {
        "left": meetings_left(db.session(), team_id(), clock.now()).count,
        "event_types": len(list_event_types(db.session(), access.owner())),
        "meetings": count_meetings(db.session(), team_id(), clock.now()),
        "members": len(list_members(db.session(), [team_id()])[team_id()]),
    }
