"""Browsers that have been signed in before: wrong passwords of strangers must not lock their owners out.

Wrong passwords are counted apart for a browser with a signed cookie of an earlier sign-in to the account, and for a
network the account was signed in from, so that both get in while all others are refused. As in
https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies.
"""

import hashlib
from datetime import timedelta

from flask import Response, after_this_request, current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from calhooks import ids
from calhooks.accounts import details, sessions
from calhooks.config import current_config
from calhooks.db import db
from calhooks.web.site.rate_limits import client_network

COOKIE = "calhooks_browser"
KNOWN_FOR = timedelta(days=365)


def remember_browser(email: str) -> None:
    """Have this browser known as one of the account with this email address."""
    value = _serializer().dumps([_hash(email), ids.new_uid()])

    @after_this_request
    def set_cookie(response: Response) -> Response:
        secure = current_app.config["SESSION_COOKIE_SECURE"]
        response.set_cookie(
            _cookie_name(), value, max_age=KNOWN_FOR, secure=secure, httponly=True, samesite="Lax", path="/"
        )
        return response


def is_known() -> bool:
    """Tell whether this browser has been signed in to the account whose email address was typed."""
    return bool(_known_id(_typed_email()))


def guesser() -> str:
    """Return under which name wrong guesses about the account whose email address was typed are counted.

    All spellings of an address are one account's. The name tells Redis nothing about the address.
    """
    email = _typed_email()
    if known := _known_id(email):
        return f"browser {known}"
    if sessions.signed_in_from(db.session(), email, client_network()):
        return f"account {_hash(email)} from {client_network()}"
    return f"account {_hash(email)}"


def _typed_email() -> str:
    typed = request.form.get("email", "")
    try:
        return details.known_email(typed)
    except ValueError:
        return typed


def _known_id(email: str) -> str:
    """Return this browser's id if its cookie is the account's, else ""."""
    try:
        account, known_id = _serializer().loads(request.cookies.get(_cookie_name(), ""), max_age=_max_age())
    except (BadSignature, ValueError):
        return ""
    return str(known_id) if account == _hash(email) else ""


def _cookie_name() -> str:
    return ("__Host-" if current_app.config["SESSION_COOKIE_SECURE"] else "") + COOKIE


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_config().signing_keys, salt="calhooks known browser")


def _max_age() -> int:
    return int(KNOWN_FOR.total_seconds())


def _hash(email: str) -> str:
    return hashlib.sha256(email.encode(errors="replace")).hexdigest()
