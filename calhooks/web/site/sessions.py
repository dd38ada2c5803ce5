"""Sessions: a signed cookie for every browser, and in it, for people who are signed in, the token of their session."""

from flask import Flask, Response, abort, redirect, request, session, url_for
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_login import login_user

from calhooks.accounts import sessions
from calhooks.accounts.clients import client_name
from calhooks.accounts.models import User
from calhooks.db import writing
from calhooks.web.site.known_browsers import remember_browser
from calhooks.web.site.rate_limits import client_network

# Where Flask-Login keeps what its user_loader gets.
SIGNED_IN_KEY = "_user_id"


class Sessions(SecureCookieSessionInterface):
    """Sessions in a signed cookie, which static files have no part in: any cache may keep those, for everybody."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Send the cookie where it has changed, but not with a static file."""
        if request.endpoint != "static":
            super().save_session(app, session, response)


def start_session(user: User) -> None:
    """Sign a person in, with a session that has nothing of the one before, and a CSRF token of its own.

    `user` is as it was when the password was checked. If the password has changed since, the person logs in again.
    """
    password_hash = user.password_hash
    browser = sessions.Browser(client_name(request.user_agent.string), client_network())
    end_session()
    try:
        with writing() as database:
            token = sessions.begin_session(database, user.id, password_hash, browser)
    except sessions.PasswordChanged:
        abort(redirect(url_for("login.login"), 303))
    session.permanent = True
    login_user(user)
    session[SIGNED_IN_KEY] = token
    remember_browser(user.email)


def end_session() -> None:
    """Sign out whoever is signed in here: a copy of the cookie is worth nothing from now on."""
    if SIGNED_IN_KEY in session:
        with writing() as database:
            sessions.end_with_token(database, session[SIGNED_IN_KEY])
    session.clear()
