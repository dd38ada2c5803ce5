"""The page of an invitation: one button for people with an account, the fields of one for people without."""

import hashlib

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from calhooks.accounts import users
from calhooks.accounts.errors import InvalidAccount, TeamRefused
from calhooks.accounts.teams.invitations import InvitationUnusable, accept_invitation, find_invitation
from calhooks.accounts.teams.memberships import find_membership
from calhooks.accounts.teams.models import Invitation, Membership
from calhooks.db import db, writing
from calhooks.scheduling.defaults import give_defaults
from calhooks.web.accounts.setup import AccountForm
from calhooks.web.site import access, rate_limits
from calhooks.web.site.sessions import start_session

blueprint = Blueprint("joining", __name__)

UNUSABLE_INVITATION = (
    "It has been used or revoked, or has expired. Ask the person who invited you for a new one."
    " If you have joined already, log in and look under Teams."
)
TOO_MANY_ACCOUNTS = "Too many tries. Wait an hour, or log in with the account you have."


@blueprint.after_request
def _keep_secret(response: Response) -> Response:
    """Have nobody keep or list a page whose address lets somebody in."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _token() -> str:
    return str((request.view_args or {}).get("token", ""))


def _token_hash() -> str:
    # The counts are in Redis, which is not to know the link itself.
    return hashlib.sha256(_token().encode()).hexdigest()


def _slow_down() -> str:
    form = AccountForm()
    form.show({"email": TOO_MANY_ACCOUNTS})
    try:
        return _render(find_invitation(db.session(), _token()), form)
    except InvitationUnusable:
        return _unusable()


@blueprint.route("/invitations/<token>", methods=["GET", "POST"])
@access.public
@rate_limits.guesses("10 per hour", _token_hash, _slow_down)
def join(token: str) -> str | tuple[str, int] | BaseResponse:
    """Let the person who got this link join the team, once."""
    try:
        invitation = find_invitation(db.session(), token)
        if request.method == "GET":
            return _render(invitation, AccountForm())
        return _join(token) if access.signed_in_user() else _join_as_new(token, invitation)
    except InvitationUnusable:
        return _unusable(), 404
    except TeamRefused as error:
        return render_template("error.html", status=409, title="You can’t join", sentence=error.sentence), 409


def _join(token: str) -> BaseResponse:
    with writing() as session:
        member = accept_invitation(session, token, access.account())
    return _welcome(member)


def _join_as_new(token: str, invitation: Invitation) -> tuple[str, int] | BaseResponse:
    """Make an account and have it join. Addresses that are taken count as guesses: each answer tells that one is."""
    form = AccountForm()
    try:
        account = form.draft()
        with writing() as session:
            user = users.create_user(session, account)
            give_defaults(session, user)
            member = accept_invitation(session, token, user)
    except InvalidAccount as error:
        if error.errors.get("email") == users.TAKEN_SENTENCES["email"]:
            rate_limits.guess_failed()
        form.show(error.errors)
        return _render(invitation, form), 422
    start_session(user)
    return _welcome(member)


def _welcome(member: Membership) -> BaseResponse:
    flash(f"Welcome to “{member.team.name}”.", "success")
    return redirect(url_for("members.index", team_id=member.team_id), 303)


def _render(invitation: Invitation, form: AccountForm) -> str:
    user = access.signed_in_user()
    belongs = user is not None and find_membership(db.session(), invitation.team_id, user) is not None
    return render_template("teams/join.html", invitation=invitation, form=form, belongs=belongs)


def _unusable() -> str:
    return render_template(
        "error.html", status=404, title="This invitation no longer works", sentence=UNUSABLE_INVITATION
    )
