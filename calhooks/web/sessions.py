"""Sessions: begun anew at every sign-in, and nothing left of them after signing out."""

from flask import session
from flask_login import login_user

from calhooks.accounts.models import User


def start_session(user: User) -> None:
    """Sign a person in, with a session that has nothing of the one before, and a CSRF token of its own."""
    session.clear()
    session.permanent = True
    login_user(user)
