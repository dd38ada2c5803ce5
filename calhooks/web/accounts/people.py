"""Administrators: who has an account here, which teams there are, and one-time links for people without a password."""

from flask import Blueprint, abort, redirect, render_template, session, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse
from wtforms import EmailField, StringField

from calhooks.accounts import links, usernames, users
from calhooks.accounts.errors import InvalidAccount
from calhooks.accounts.models import User
from calhooks.accounts.teams.editing import list_teams
from calhooks.accounts.teams.memberships import list_members
from calhooks.config import current_config
from calhooks.db import db, writing
from calhooks.scheduling.defaults import give_defaults
from calhooks.text import MAX_EMAIL_LENGTH, MAX_NAME_LENGTH
from calhooks.web.forms.fields import ServiceForm, ZoneField
from calhooks.web.site import access

blueprint = Blueprint("people", __name__, url_prefix="/settings/people")

# Where a link waits, in the administrator's own session, for the one page that shows it.
FRESH_LINK = "fresh_link"


class PersonForm(ServiceForm):
    """Whom to add. Without a username one is made from the name."""

    name = StringField("Name", default="", render_kw={"maxlength": MAX_NAME_LENGTH})
    email = EmailField("E-mail address", default="", render_kw={"maxlength": MAX_EMAIL_LENGTH})
    username = StringField("Username", default="", render_kw={"maxlength": usernames.MAX_USERNAME_LENGTH})
    time_zone = ZoneField("Time zone", name="timeZone")


@blueprint.route("", methods=["GET", "POST"])
@access.admin_only
def index() -> str | tuple[str, int] | BaseResponse:
    """List the people, and add one."""
    form = PersonForm(time_zone=access.account().time_zone)
    if not form.is_submitted():
        return _page(form)
    try:
        user, token = _invite(form)
    except InvalidAccount as error:
        form.show(error.errors)
        return _page(form), 422
    session[FRESH_LINK] = [user.id, token]
    return redirect(url_for("people.index"), 303)


@blueprint.post("/<int:user_id>/link")
@access.admin_only
def link(user_id: int) -> BaseResponse:
    """Make a new link for a person who lost theirs, or their password; an earlier one stops working."""
    with writing() as database:
        user = database.get(User, user_id) or abort(404)
        token = links.create_link(database, user)
    session[FRESH_LINK] = [user.id, token]
    return redirect(url_for("people.index"), 303)


def _invite(form: PersonForm) -> tuple[User, str]:
    username = form.username.data or users.free_username(db.session(), form.name.data, form.email.data)
    account = users.draft_account(
        name=form.name.data, username=username, email=form.email.data, time_zone=form.time_zone.data
    )
    with writing() as database:
        user, token = links.invite(database, account)
        give_defaults(database, user)
    return user, token


def _page(form: PersonForm) -> str:
    user_id, token = session.pop(FRESH_LINK, (None, ""))
    people = db.session.scalars(select(User).order_by(User.name, User.id)).all()
    teams = list_teams(db.session())
    return render_template(
        "accounts/people.html",
        form=form,
        people=people,
        teams=teams,
        members=list_members(db.session(), [team.id for team in teams]),
        waiting=links.waiting(db.session()),
        invited=next((person for person in people if person.id == user_id), None),
        address=links.address(current_config().base_url, token),
        days=links.LINK_LIFETIME.days,
    )
