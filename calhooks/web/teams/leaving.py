"""Leaving a team and removing a member, with the meetings that are left behind."""

from functools import partial

from flask import Blueprint, flash, render_template, request, url_for
from werkzeug.wrappers import Response

from calhooks import clock
from calhooks.accounts.errors import NotPermitted, TeamRefused
from calhooks.accounts.teams.memberships import ONLY_OWNERS, find_member
from calhooks.db import db, writing
from calhooks.scheduling.teams import leaving
from calhooks.scheduling.teams.meetings import meetings_left, meetings_of_member
from calhooks.web.site import access
from calhooks.web.site.htmx import done, go_to, page_or_part, refused
from calhooks.web.teams.members import found_membership, members_list, team_id

blueprint = Blueprint("leaving", __name__)


@blueprint.route("/<int:member_id>/remove", methods=["GET", "POST"])
@access.changes_owners
def remove(member_id: int) -> str | Response:
    """Show what the member hosts and ask, then remove."""
    member = find_member(db.session(), team_id(), member_id)
    if member is found_membership():
        return go_to(url_for("leaving.leave"))
    if not found_membership().may_change(member):
        raise NotPermitted(ONLY_OWNERS)
    meetings = meetings_of_member(db.session(), member, clock.now())
    if request.method == "GET":
        return page_or_part("teams/dialogs/remove", member=member, meetings=meetings)
    part, to = partial(members_list, out_of_band=True), url_for("members.index")
    try:
        with writing() as session:
            leaving.remove_member(session, team_id(), member_id, access.account())
    except TeamRefused as error:
        return refused(error.sentence, part=part, to=to, closes=True)
    if meetings.count:
        return go_to(url_for("leaving.left"))
    return done(f"{member.user.name} is removed.", part=part, to=to, closes=True)


@blueprint.route("/leave", methods=["GET", "POST"])
@access.sees_owners
def leave() -> str | Response:
    """Show what the reader hosts and ask, then end the membership."""
    member, team = found_membership(), found_membership().team
    if request.method == "GET":
        meetings = meetings_of_member(db.session(), member, clock.now())
        return page_or_part("teams/dialogs/leave", member=member, meetings=meetings)
    try:
        with writing() as session:
            leaving.leave_team(session, team.id, access.account())
    except TeamRefused as error:
        return refused(error.sentence, part=members_list, to=url_for("members.index"), closes=True)
    flash(f"You have left “{team.name}”.", "success")
    return go_to(url_for("teams.index"))


@blueprint.get("/left")
@access.sees_owners
def left() -> str:
    """List the future meetings whose host has left."""
    return render_template("teams/left.html", meetings=meetings_left(db.session(), team_id(), clock.now()))
