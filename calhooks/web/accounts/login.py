"""Logging in and out, and the one-time link with which a person chooses a password."""

from flask import Blueprint, Response, make_response, redirect, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse
from wtforms import EmailField, PasswordField

from calhooks.accounts import links, passwords, users
from calhooks.db import db, writing
from calhooks.text import MAX_EMAIL_LENGTH
from calhooks.web.forms.fields import ServiceForm
from calhooks.web.http.redirects import to_next
from calhooks.web.site import access, known_browsers, rate_limits
from calhooks.web.site.sessions import end_session, start_session

blueprint = Blueprint("login", __name__)

WRONG = "The e-mail address or the password is wrong."
TOO_MANY_LOGINS = "Too many tries. Wait a few minutes, then try again."
UNUSABLE = (
    "It has been used, has expired, or was replaced by a newer one or a new password."
    " Ask an administrator for a new one."
)


class LoginForm(ServiceForm):
    """Who is at the door."""

    email = EmailField("E-mail address", default="", render_kw={"maxlength": MAX_EMAIL_LENGTH})
    password = PasswordField("Password", default="", render_kw={"maxlength": passwords.MAX_PASSWORD_LENGTH})


class ChoosePasswordForm(ServiceForm):
    """The password of an account that has none, or lost it."""

    password = PasswordField("New password", default="", render_kw={"maxlength": passwords.MAX_PASSWORD_LENGTH})


def _slow_down() -> str:
    form = LoginForm()
    form.show({"password": TOO_MANY_LOGINS})
    return render_template("accounts/login.html", form=form)


@blueprint.route("/login", methods=["GET", "POST"])
@access.public
@rate_limits.guesses("30 per 10 minutes", rate_limits.client_network, _slow_down, exempt=known_browsers.is_known)
@rate_limits.guesses("10 per 10 minutes", known_browsers.guesser, _slow_down)
def login() -> str | tuple[str, int] | BaseResponse:
    """Sign a person in and go on to where they wanted to be."""
    if current_user.is_authenticated:
        return to_next()
    if not users.exist(db.session()):
        return redirect(url_for("setup.setup"), 303)
    form = LoginForm()
    if not form.is_submitted():
        return render_template("accounts/login.html", form=form)
    user = users.authenticate(db.session(), form.email.data, form.password.data)
    if user is None:
        rate_limits.guess_failed()
        form.show({"password": WRONG})
        return render_template("accounts/login.html", form=form), 422
    start_session(user)
    return to_next()


@blueprint.post("/logout")
@access.public
def logout() -> BaseResponse:
    """End the session, of whoever has one."""
    end_session()
    return redirect(url_for("login.login"), 303)


@blueprint.route("/auth/link/<token>", methods=["GET", "POST"])
@access.public
def link(token: str) -> Response | BaseResponse:
    """Let the person who got this link choose a password, once, and sign them in."""
    try:
        user = links.find_user(db.session(), token)
    except links.LinkUnusable:
        return _unusable()
    form = ChoosePasswordForm()
    if not form.is_submitted():
        return _secret(render_template("accounts/link.html", form=form, user=user))
    if sentence := passwords.password_problem(form.password.data, user.name, user.username, user.email):
        form.show({"password": sentence})
        return _secret(render_template("accounts/link.html", form=form, user=user), 422)
    password_hash = passwords.hash_password(form.password.data)
    try:
        with writing() as database:
            links.use_link(database, token, password_hash)
    except links.LinkUnusable:
        return _unusable()
    start_session(user)
    return redirect(url_for("event_types.index"), 303)


def _unusable() -> Response:
    page = render_template("error.html", status=404, title="This link no longer works", sentence=UNUSABLE)
    return _secret(page, 404)


def _secret(page: str, status: int = 200) -> Response:
    """Answer with a page whose address opens an account: nobody keeps it, nobody lists it."""
    response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
