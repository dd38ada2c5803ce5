"""The teams that a person belongs to, and making one."""

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response
from wtforms import StringField, TextAreaField

from calhooks.accounts.errors import InvalidAccount, TeamRefused
from calhooks.accounts.teams import editing
from calhooks.accounts.teams.editing import MAX_TEAM_DESCRIPTION_LENGTH
from calhooks.accounts.teams.memberships import list_members
from calhooks.accounts.teams.models import MAX_TEAM_SLUG_LENGTH, Team
from calhooks.db import db, writing
from calhooks.text import MAX_NAME_LENGTH
from calhooks.web.forms.fields import ServiceForm, ZoneField
from calhooks.web.site import access

blueprint = Blueprint("teams", __name__, url_prefix="/teams")


class TeamForm(ServiceForm):
    """What a team is called, and its clock."""

    name = StringField("Name", default="", render_kw={"maxlength": MAX_NAME_LENGTH})
    slug = StringField("Slug", default="", render_kw={"maxlength": MAX_TEAM_SLUG_LENGTH})
    description = TextAreaField("Description", default="", render_kw={"maxlength": MAX_TEAM_DESCRIPTION_LENGTH})
    time_zone = ZoneField("Time zone", name="timeZone")

    def draft(self) -> editing.TeamDraft:
        """Check what was typed. Raises InvalidAccount."""
        return editing.draft_team(
            name=self.name.data,
            slug=self.slug.data,
            description=self.description.data,
            time_zone=self.time_zone.data,
        )


@blueprint.get("")
@access.signed_in
def index() -> str:
    """List the teams that this person belongs to."""
    memberships = editing.list_memberships(db.session(), access.account())
    members = list_members(db.session(), [each.team_id for each in memberships])
    return render_template("teams/index.html", memberships=memberships, members=members)


@blueprint.route("/new", methods=["GET", "POST"])
@access.signed_in
def new() -> str | tuple[str, int] | Response:
    """Make a team."""
    form = TeamForm(time_zone=access.account().time_zone)
    if not form.is_submitted():
        return render_template("teams/new.html", form=form)
    try:
        team = _create(form)
    except InvalidAccount as error:
        form.show(error.errors)
        return render_template("teams/new.html", form=form), 422
    except TeamRefused as error:
        flash(error.sentence, "danger")
        return redirect(url_for("teams.index"), 303)
    flash(f"“{team.name}” is created. Invite your colleagues next.", "success")
    return redirect(url_for("members.index", team_id=team.id), 303)


def _create(form: TeamForm) -> Team:
    draft = form.draft()
    with writing() as session:
        return editing.create_team(session, draft, access.account())
