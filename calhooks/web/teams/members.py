"""A team's members: who they are and as what, changing roles, handing the team over."""

from functools import partial

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from calhooks import clock
from calhooks.accounts.errors import TeamRefused
from calhooks.accounts.teams import memberships
from calhooks.accounts.teams.invitations import open_invitations
from calhooks.accounts.teams.memberships import find_member, list_members
from calhooks.accounts.teams.models import Membership, Role
from calhooks.db import db, writing
from calhooks.scheduling.teams.meetings import meetings_left
from calhooks.web.site import access
from calhooks.web.site.htmx import done, page_or_part, refused

blueprint = Blueprint("members", __name__)

ROLE_NAMES = {Role.OWNER: "Owner", Role.ADMIN: "Admin", Role.MEMBER: "Member"}


@blueprint.app_context_processor
def _helpers() -> dict[str, object]:
    """Let templates name roles, and say on a team's pages which of its meetings have lost their host."""
    return {"role_names": ROLE_NAMES, "meetings_left": _meetings_left}


@blueprint.get("")
@access.sees_owners
def home() -> Response:
    """Lead to the first of a team's pages."""
    return redirect(url_for("members.index"))


@blueprint.get("/members")
@access.sees_owners
def index() -> str:
    """List the members, and the open invitations to those who may revoke them."""
    return render_template("teams/members.html", **_listed())


@blueprint.post("/members/<int:member_id>/role")
@access.changes_owners
def change_role(member_id: int) -> Response:
    """Give a member another role."""
    try:
        role = Role(request.form.get("role", ""))
    except ValueError:
        abort(400, "Choose one of the roles.")
    part, to = partial(members_list, focus=member_id), url_for("members.index")
    try:
        with writing() as session:
            member = memberships.change_role(session, team_id(), member_id, role, access.account())
    except TeamRefused as error:
        return refused(error.sentence, part=part, to=to)
    name, words = member.user.name, {"OWNER": "an owner", "ADMIN": "an admin"}.get(role, "a member")
    return done(f"{name} is now {words}.", part=part, to=to)


@blueprint.route("/members/<int:member_id>/hand-over", methods=["GET", "POST"])
@access.changes_owners
def hand_over(member_id: int) -> str | Response:
    """Ask, then make another member the owner in place of the one who asks."""
    if not found_membership().is_owner:
        abort(403, memberships.ONLY_OWNERS)
    member = find_member(db.session(), team_id(), member_id)
    if request.method == "GET":
        return page_or_part("teams/dialogs/hand_over", member=member)
    with writing() as session:
        member = memberships.hand_over(session, team_id(), member_id, access.account())
    part, to = partial(members_list, out_of_band=True), url_for("members.index")
    return done(f"{member.user.name} is now an owner, and you are an admin.", part=part, to=to, closes=True)


def team_id() -> int:
    """Return the team whose page this is."""
    return found_membership().team_id


def found_membership() -> Membership:
    """Return the reader's membership of the team whose page this is."""
    found = access.membership()
    assert found is not None
    return found


def members_list(*, out_of_band: bool = False, focus: int | None = None, in_place: bool = False) -> str:
    """Return the lists of members and invitations as they are now.

    The focus goes to the menu of the membership with the id `focus`. With `in_place` it goes to the lists, for a change
    that removes the button that was pressed.
    """
    return render_template("teams/_list.html", out_of_band=out_of_band, focus=focus, in_place=in_place, **_listed())


def _listed() -> dict[str, object]:
    """Return what the lists show. The reader's own role may have changed in this request."""
    members = list_members(db.session(), [team_id()])[team_id()]
    reader = next((each for each in members if each.user_id == access.account().id), None) or abort(404)
    return {
        "members": members,
        "reader": reader,
        "roles": list(ROLE_NAMES),
        "invitations": open_invitations(db.session(), team_id()) if reader.is_admin else [],
    }


def _meetings_left() -> object:
    return meetings_left(db.session(), team_id(), clock.now())
