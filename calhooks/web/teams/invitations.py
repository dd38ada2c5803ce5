"""Inviting people into a team: a one-time link, shown once, and revoking it."""

from functools import partial

from flask import Blueprint, Response, make_response, redirect, session, url_for
from werkzeug.wrappers import Response as BaseResponse
from wtforms import RadioField

from calhooks.accounts.errors import InvalidAccount, TeamRefused
from calhooks.accounts.teams import invitations
from calhooks.accounts.teams.models import Role
from calhooks.config import current_config
from calhooks.db import writing
from calhooks.web.forms.fields import ServiceForm
from calhooks.web.site import access
from calhooks.web.site.htmx import done, is_htmx, page_or_part
from calhooks.web.teams.members import found_membership, members_list, team_id

blueprint = Blueprint("invitations", __name__)

# Where a link waits, in the session of the person who made it, for the one page that shows it.
FRESH_INVITATION = "fresh_invitation"
WHAT_ROLES_DO = {
    Role.MEMBER: "Member: sees what is the team’s and hosts meetings",
    Role.ADMIN: "Admin: also changes event types and webhooks, and invites people",
    Role.OWNER: "Owner: also names other owners and deletes the team",
}


class InvitationForm(ServiceForm):
    """As what somebody is invited."""

    role = RadioField("Role", default=Role.MEMBER, validate_choice=False)

    def chosen(self) -> Role:
        """Return the role. Raises InvalidAccount."""
        try:
            return Role(self.role.data or "")
        except ValueError as error:
            raise InvalidAccount({"role": "Choose one of the roles."}) from error


@blueprint.route("/invite", methods=["GET", "POST"])
@access.changes_owners
def invite() -> BaseResponse:
    """Ask for the role, then show the link."""
    form = InvitationForm()
    form.role.choices = [(role, WHAT_ROLES_DO[role]) for role in Role if found_membership().may_give(role)]
    if not form.is_submitted():
        return _page(form, _fresh_token())
    try:
        with writing() as database:
            token = invitations.invite_to_team(database, team_id(), form.chosen(), access.account())
    except InvalidAccount as error:
        form.show(error.errors)
        return _page(form, status=422)
    except TeamRefused as error:
        form.show({"role": error.sentence})
        return _page(form, status=422)
    if is_htmx():
        return _page(form, token)
    session[FRESH_INVITATION] = [team_id(), token]
    return redirect(url_for("invitations.invite"), 303)


@blueprint.post("/invitations/<int:invitation_id>/revoke")
@access.changes_owners
def revoke(invitation_id: int) -> BaseResponse:
    """Make an invitation unusable."""
    with writing() as database:
        invitations.revoke_invitation(database, team_id(), invitation_id, access.account())
    return done("Invitation revoked.", part=partial(members_list, in_place=True), to=url_for("members.index"))


def _fresh_token() -> str:
    """Return the token that was made just now for this team, once."""
    of_team, token = session.pop(FRESH_INVITATION, (None, ""))
    return token if of_team == team_id() else ""


def _page(form: InvitationForm, token: str = "", status: int = 200) -> Response:
    context: dict[str, object] = {"form": form, "days": invitations.INVITATION_LIFETIME.days, "address": ""}
    if token:
        context["address"] = invitations.invitation_address(current_config().base_url, token)
    page = page_or_part("teams/dialogs/invite", **context)
    # The list behind the box has one more.
    new_list = members_list(out_of_band=True) if token and is_htmx() else ""
    return make_response(page + new_list, status)
