"""Sessions: begun anew at every sign-in, and nothing left of them after signing out."""

from flask import Flask, Response, request, session
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_login import login_user

from calhooks.accounts.models import User


class Sessions(SecureCookieSessionInterface):
    """Sessions in a signed cookie, which static files have no part in: any cache may keep those, for everybody."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Renew the cookie, but not with a static file."""
        if request.endpoint != "static":
            super().save_session(app, session, response)


def start_session(user: User) -> None:
    """Sign a person in, with a session that has nothing of the one before, and a CSRF token of its own."""
    session.clear()
    session.permanent = True
    login_user(user)
