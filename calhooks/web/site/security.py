"""What every answer carries to keep the browser strict, and what no request may bring."""

from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request, session

from calhooks.accounts.sessions import SESSION_LIFETIME
from calhooks.config import Config
from calhooks.server.limits import MAX_REQUEST_BYTES
from calhooks.web.site.csrf import MaskedCSRF
from calhooks.web.site.sessions import SIGNED_IN_KEY, Sessions

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
FILE_HEADERS = {"X-Content-Type-Options": "nosniff"}

csrf = MaskedCSRF()


def init_app(app: Flask, settings: Config) -> None:
    """Set cookies, CSRF, limits and headers."""
    https = settings.base_url.startswith("https://")
    app.config.update(
        # With this prefix, browsers take the cookie from this host alone, over https, for all its paths.
        SESSION_COOKIE_NAME="__Host-calhooks_session" if https else "calhooks_session",
        SESSION_COOKIE_PATH="/",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=https,
        PERMANENT_SESSION_LIFETIME=SESSION_LIFETIME,
        # A response that comes late, to a tab that asked before the login, must not bring the cookie of then back.
        SESSION_REFRESH_EACH_REQUEST=False,
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_REQUEST_BYTES,
        # A form that has been open for hours still belongs to its session.
        WTF_CSRF_TIME_LIMIT=None,
        # Instead of Flask-WTF's own check of the Referer header there is that of web/site/csrf.py.
        WTF_CSRF_SSL_STRICT=False,
        # Flask itself tries former keys for its sessions alone.
        WTF_CSRF_SECRET_KEY=settings.signing_keys,
    )
    app.session_interface = Sessions()
    # Before the check of the token, which reads the same header.
    app.before_request(_refuse_unreadable_referer)
    csrf.init_app(app)
    app.before_request(_refuse_files)
    app.before_request(_refuse_nul)
    app.after_request(_add_headers)
    if https:
        app.after_request(_require_https)


def _refuse_unreadable_referer() -> None:
    """Refuse a form from a page whose address is not one."""
    try:
        urlsplit(request.referrer or "")
    except ValueError:
        if request.method == "POST":
            abort(400, "The Referer header is not an address.")


def _refuse_files() -> None:
    """Refuse files, which no form here asks for: a file in place of a text would have none of a text's methods."""
    if request.files:
        abort(400, "The request contains a file, which no form here takes.")


def _refuse_nul() -> None:
    """Refuse the one character that PostgreSQL cannot store; the metadata of a link has a page of its own for it."""
    values: list[Any] = [request.path, *request.form.keys(), *(v for vs in request.form.listvalues() for v in vs)]
    values += [text for key, text in request.args.items(multi=True) if not key.startswith("metadata")]
    if any("\x00" in value for value in values):
        abort(400, "The request contains a NUL character, which no text here can hold.")


def _add_headers(response: Response) -> Response:
    # A style sheet is no page: what is said to pages there would only make phones wait.
    headers = FILE_HEADERS if request.endpoint == "static" else HEADERS
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    if response.mimetype == "text/html":
        response.vary.add("HX-Request")
    # Not only pages: a table of bookings is as private.
    if request.endpoint != "static" and SIGNED_IN_KEY in session:
        response.headers["Cache-Control"] = "no-store"
    return response


def _require_https(response: Response) -> Response:
    response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response
