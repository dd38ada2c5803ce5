"""CSRF tokens that look different in each response, so that the length of a compressed page tells nothing about them.

A token that was the same each time could be found out letter by letter, by whoever chooses another part of the page and
sees how long it is compressed (BREACH, https://www.breachattack.com). The token is masked as Django does.
"""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from typing import cast
from urllib.parse import urlsplit

from flask import Flask, g, request
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError, generate_csrf

from calhooks.config import current_config
from calhooks.web.http.hosts import host_name


class OtherSite(CSRFError):  # type: ignore[misc]  # flask_wtf has no types
    """A form that a page of another site sent, or a page of this one without https."""


class MaskedCSRF(CSRFProtect):  # type: ignore[misc]  # flask_wtf has no types
    """Flask-WTF's protection with a token that is masked anew for each response."""

    def init_app(self, app: Flask) -> None:
        """Check every POST, and give templates the masked token."""
        super().init_app(app)
        app.jinja_env.globals["csrf_token"] = _masked_token
        app.context_processor(lambda: {"csrf_token": _masked_token})

    def protect(self, apply_exemptions: bool = False) -> None:
        """Refuse a POST without the token of its session, and under https one from elsewhere."""
        super().protect(apply_exemptions)
        if request.method == "POST" and request.is_secure and not _is_from_here():
            raise OtherSite

    def _get_csrf_token(self) -> str:
        return unmask(super()._get_csrf_token() or "")


def mask(token: str) -> str:
    """Return random bytes and the token combined with them by XOR, in base64."""
    plain = token.encode()
    pad = secrets.token_bytes(len(plain))
    return urlsafe_b64encode(pad + _xor(plain, pad)).decode()


def unmask(masked: str) -> str:
    """Return the token that was masked, "" if `masked` is no masked token."""
    try:
        data = urlsafe_b64decode(masked.encode("ascii"))
        half = len(data) // 2
        return _xor(data[half:], data[:half]).decode() if len(data) % 2 == 0 else ""
    except (Error, ValueError):
        return ""


def _is_from_here() -> bool:
    """Tell whether a page of this host, or nobody knows which page, sent a form.

    Ports are left out, since many proxies tell them to nobody: nginx's $host has none. Privacy settings take both
    headers away; the token and the cookie's __Host- prefix protect such a form too.
    """
    origin = request.headers.get("Origin", "null")
    source = (request.referrer or "") if origin == "null" else origin
    if not source:
        return True
    try:
        parts = urlsplit(source)
    except ValueError:
        return False
    return parts.scheme == "https" and parts.hostname in (
        host_name(request.host),
        urlsplit(current_config().base_url).hostname,
    )


def _masked_token() -> str:
    # Once for a response: the same text twice costs nothing when it is compressed.
    if "masked_csrf_token" not in g:
        g.masked_csrf_token = mask(generate_csrf())
    return cast(str, g.masked_csrf_token)


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
