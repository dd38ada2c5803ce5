"""The first start: the page that makes the first account."""

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse
from wtforms import EmailField, PasswordField, StringField

from calhooks.accounts import passwords, usernames, users
from calhooks.accounts.errors import InvalidAccount
from calhooks.accounts.models import User
from calhooks.accounts.setup_code import is_right
from calhooks.config import current_config
from calhooks.db import db, writing
from calhooks.scheduling.defaults import give_defaults
from calhooks.text import MAX_EMAIL_LENGTH, MAX_NAME_LENGTH
from calhooks.web.forms.fields import ServiceForm, ZoneField
from calhooks.web.http.hosts import came_directly
from calhooks.web.site import access, rate_limits
from calhooks.web.site.sessions import start_session

blueprint = Blueprint("setup", __name__)

WRONG_CODE = "This is not the code that calhooks printed when it started."
TOO_MANY_CODES = "Too many wrong codes. Wait a few minutes, then try again."


class AccountForm(ServiceForm):
    """What an account needs whose person chooses the password."""

    name = StringField("Your name", default="", render_kw={"maxlength": MAX_NAME_LENGTH})
    username = StringField("Username", default="", render_kw={"maxlength": usernames.MAX_USERNAME_LENGTH})
    email = EmailField("E-mail address", default="", render_kw={"maxlength": MAX_EMAIL_LENGTH})
    password = PasswordField("Password", default="", render_kw={"maxlength": passwords.MAX_PASSWORD_LENGTH})
    time_zone = ZoneField("Time zone", name="timeZone")

    def draft(self) -> users.AccountDraft:
        """Check what was typed and hash the password, outside of any transaction. Raises InvalidAccount."""
        return users.draft_account(
            name=self.name.data,
            username=self.username.data,
            email=self.email.data,
            password=self.password.data,
            time_zone=self.time_zone.data,
        )


class SetupForm(AccountForm):
    """What the first account needs."""

    code = StringField("One-time code", default="", render_kw={"maxlength": 20})


def _slow_down() -> str:
    form = SetupForm()
    form.show({"code": TOO_MANY_CODES})
    return _page(form, not came_directly())


@blueprint.route("/setup", methods=["GET", "POST"])
@access.public
@rate_limits.guesses("10 per 10 minutes", rate_limits.client_network, _slow_down)
def setup() -> str | tuple[str, int] | BaseResponse:
    """Make the first account and sign its person in; afterwards this page does not exist."""
    if users.exist(db.session()):
        abort(404)
    form, needs_code = SetupForm(), not came_directly()
    if not form.is_submitted():
        return _page(form, needs_code)
    try:
        user = _create(form, needs_code)
    except InvalidAccount as error:
        form.show(error.errors)
        return _page(form, needs_code), 422
    except users.SetupDone:
        flash("calhooks has just been set up. Log in with that account.", "info")
        return redirect(url_for("login.login"), 303)
    start_session(user)
    return redirect(url_for("event_types.index"), 303)


def _create(form: SetupForm, needs_code: bool) -> User:
    if needs_code and not is_right(current_config(), form.code.data):
        rate_limits.guess_failed()
        raise InvalidAccount({"code": WRONG_CODE})
    account = form.draft()
    with writing() as session:
        user = users.create_first_user(session, account)
        give_defaults(session, user)
    return user


def _page(form: SetupForm, needs_code: bool) -> str:
    return render_template("accounts/setup.html", form=form, needs_code=needs_code)
