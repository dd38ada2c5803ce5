"""A person's own settings: how others see them, and their password."""

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse
from wtforms import PasswordField, SelectField, StringField
from wtforms.fields.choices import SelectChoice

from calhooks import locales
from calhooks.accounts import passwords, sessions, usernames, users
from calhooks.accounts.errors import InvalidAccount
from calhooks.accounts.models import User
from calhooks.db import writing
from calhooks.text import MAX_NAME_LENGTH
from calhooks.web.forms.fields import ServiceForm, ZoneField
from calhooks.web.site import access, rate_limits
from calhooks.web.site.sessions import start_session

blueprint = Blueprint("settings", __name__, url_prefix="/settings")

TOO_MANY_PASSWORDS = "Too many tries. Wait a few minutes, then try again."


class ProfileForm(ServiceForm):
    """How others see a person."""

    name = StringField("Name", default="", render_kw={"maxlength": MAX_NAME_LENGTH})
    username = StringField("Username", default="", render_kw={"maxlength": usernames.MAX_USERNAME_LENGTH})
    time_zone = ZoneField("Time zone", name="timeZone")
    locale = SelectField(
        "Language", choices=[SelectChoice(*locale) for locale in locales.LOCALES.items()], validate_choice=False
    )


class PasswordForm(ServiceForm):
    """The password so far, and the one from now on."""

    current = PasswordField(
        "Current password", name="currentPassword", default="", render_kw={"maxlength": passwords.MAX_PASSWORD_LENGTH}
    )
    password = PasswordField("New password", default="", render_kw={"maxlength": passwords.MAX_PASSWORD_LENGTH})


def _session_id() -> str:
    # Not the account: wrong passwords in a stolen session must not keep its owner from changing the password.
    return str(access.current_session().id)


def _slow_down() -> str:
    form = PasswordForm()
    form.show({"currentPassword": TOO_MANY_PASSWORDS})
    return render_template("accounts/password.html", form=form)


@blueprint.route("/profile", methods=["GET", "POST"])
@access.signed_in
def profile() -> str | tuple[str, int] | BaseResponse:
    """Show and change how others see this person."""
    form = ProfileForm(obj=access.account())
    if not form.is_submitted():
        return render_template("accounts/profile.html", form=form)
    try:
        _save(form)
    except InvalidAccount as error:
        form.show(error.errors)
        return render_template("accounts/profile.html", form=form), 422
    flash("Your profile is saved.", "success")
    return redirect(url_for("settings.profile"), 303)


@blueprint.route("/password", methods=["GET", "POST"])
@access.signed_in
@rate_limits.guesses("10 per 10 minutes", _session_id, _slow_down)
def password() -> str | tuple[str, int] | BaseResponse:
    """Change the password, which ends all other sessions of this person."""
    user = access.account()
    form = PasswordForm()
    if not form.is_submitted():
        return render_template("accounts/password.html", form=form)
    if errors := _problems(form, user):
        form.show(errors)
        return render_template("accounts/password.html", form=form), 422
    checked_hash, password_hash = user.password_hash, passwords.hash_password(form.password.data)
    try:
        with writing() as session:
            sessions.refuse_changed_password(session, user.id, checked_hash)
            users.change_password(session, user, password_hash)
    except sessions.PasswordChanged:
        return access.to_login()
    start_session(user)
    flash("Your password is changed. Every other session of yours has been signed out.", "success")
    return redirect(url_for("settings.password"), 303)


def _save(form: ProfileForm) -> None:
    name, username = form.name.data, form.username.data
    zone, locale = form.time_zone.data, form.locale.data
    with writing() as session:
        user = access.account()
        users.update_profile(session, user, name=name, username=username, time_zone=zone, locale=locale)


def _problems(form: PasswordForm, user: User) -> dict[str, str]:
    errors = {}
    if not passwords.matches(user.password_hash, form.current.data):
        rate_limits.guess_failed()
        errors["currentPassword"] = "This is not your current password."
    if sentence := passwords.password_problem(form.password.data, user.name, user.username, user.email):
        errors["password"] = sentence
    return errors
