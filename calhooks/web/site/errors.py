"""Pages for what went wrong, with a sentence that says what to do."""

import errno
import logging
import sqlite3
from http import HTTPStatus

from flask import Flask, abort, current_app, flash, g, redirect, render_template, request, url_for
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from markupsafe import escape
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm.exc import ObjectDeletedError, StaleDataError
from werkzeug.exceptions import BadHost, HTTPException
from werkzeug.sansio.response import Response
from werkzeug.wrappers import Response as BaseResponse

from calhooks.accounts.errors import NotPermitted, NotThere
from calhooks.accounts.passwords import HashingBusy
from calhooks.config import current_config
from calhooks.db import cannot_store, database_reason, db
from calhooks.delivery.pump.endpoint_secrets import UNREADABLE
from calhooks.encryption.columns import Unreadable
from calhooks.scheduling.errors import HostedByOthers, NotFound
from calhooks.server.heads import REFUSED_HEADER
from calhooks.web.http.redirects import own_path
from calhooks.web.site.access import login_manager, membership
from calhooks.web.site.csrf import OtherSite
from calhooks.web.site.htmx import is_htmx, with_toast

# The server's own header; one from a client would arrive in capitals.
REFUSED = f"HTTP_{REFUSED_HEADER}"

log = logging.getLogger(__name__)

SENTENCES = {
    400: ("That did not work", "The request could not be understood."),
    403: ("You can’t do this", "Your account may not change this."),
    404: ("This page does not exist", "Check the address. What you are looking for may have been moved or removed."),
    405: ("That did not work", "This address does not take that kind of request."),
    413: ("Too much at once", "The request is larger than 1 MB. Shorten what you typed and send it again."),
    414: ("This link is too long", "Shorten the address, then open it again."),
    421: ("Unknown address", "This server does not know the address under which you reached it."),
    431: ("This request is too long", "Its headers are too large. Delete this site's cookies and try again."),
    429: ("Too many tries", "Wait a minute, then try again."),
    500: ("Something broke", "It is our fault and has been written to the log. Nothing you saved is lost; try again."),
    503: ("The database does not answer", "Nothing you saved is lost; try again in a minute."),
}
EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.ENOSPC)
NOT_STORED = (
    "This can't be saved right now",
    "The server has no room to store anything, or may not write. Nothing was changed; try again in a few minutes.",
)


def init_app(app: Flask) -> None:
    """Show every error as a page of ours."""
    app.before_request(_refuse)
    app.register_error_handler(HTTPException, _show)
    app.register_error_handler(BadHost, _show_bad_host)
    app.register_error_handler(CSRFError, _show_csrf)
    app.register_error_handler(NotFound, _show_not_found)
    app.register_error_handler(NotThere, _show_not_found)
    # Somebody else has deleted what this request had found.
    app.register_error_handler(ObjectDeletedError, _show_not_found)
    app.register_error_handler(StaleDataError, _show_not_found)
    app.register_error_handler(NotPermitted, _show_not_permitted)
    app.register_error_handler(HostedByOthers, _show_not_permitted)
    app.register_error_handler(OperationalError, _show_no_database)
    app.register_error_handler(HashingBusy, _show_busy)
    app.register_error_handler(OSError, _show_exhausted)
    app.register_error_handler(Unreadable, _show_unreadable)


def _refuse() -> None:
    """Show the page for a request that the server refused before it was complete."""
    if status := request.environ.get(REFUSED):
        abort(int(status))


def _show(error: HTTPException) -> Response | tuple[str, int]:
    if error.response is not None:
        return error.response
    status = error.code or 500
    title, sentence = SENTENCES.get(status, SENTENCES[400] if status < 500 else SENTENCES[500])
    # A description of our own says more than the standard one.
    if error.description and error.description != type(error).description:
        sentence = error.description
    return _forbid(sentence) if status == HTTPStatus.FORBIDDEN else _page(status, title, sentence)


def _show_bad_host(_error: BadHost) -> tuple[str, int, dict[str, str]]:
    # A page has links, which cannot be made here.
    return "The Host header is not a host name.\n", 400, {"Content-Type": "text/plain; charset=utf-8"}


def _show_csrf(error: CSRFError) -> BaseResponse | tuple[str, int]:
    address = current_config().base_url
    if isinstance(error, OtherSite):
        sentence = f"This form came from another address. Open calhooks at {address} and fill it in there."
    elif current_app.config["SESSION_COOKIE_NAME"] not in request.cookies:
        sentence = f"Your browser sent no cookie. Allow cookies, open calhooks at {address} and fill in the form again."
    elif request.endpoint == "login.login" and "csrf_token" in request.form:
        return _to_login_again()
    else:
        sentence = "This form belongs to a session that has ended. Go back, reload the page and send it again."
    return _page(400, "Please send that again", sentence)


def _to_login_again() -> BaseResponse:
    """Show the login form once more, or go on where another tab has logged in since.

    Tabs that a browser opens together have a session each, of which it keeps the last.
    """
    if not current_user.is_authenticated:
        flash("This page was out of date. Log in again.", "info")
    return redirect(url_for("login.login", next=own_path(request.values.get("next"))), 303)


def _show_not_found(_error: Exception) -> tuple[str, int]:
    return _page(404, *SENTENCES[404])


def _show_not_permitted(error: NotPermitted | HostedByOthers) -> Response | tuple[str, int]:
    return _forbid(error.sentence)


def _show_unreadable(error: Unreadable) -> Response | tuple[str, int]:
    """Say, as the attempts of such a webhook do, what the operator can do where a secret is of no known key."""
    log.error("%s", error)
    page, status = _page(503, "A secret cannot be read", UNREADABLE)
    return with_toast(page, UNREADABLE, status=status) if is_htmx() else (page, status)


def _forbid(sentence: str) -> Response | tuple[str, int]:
    """Say why a person may not do something; to htmx, which leaves the page as it is, also by a toast."""
    page, status = _page(403, SENTENCES[403][0], sentence)
    return with_toast(page, sentence, status=status) if is_htmx() else (page, status)


def _show_no_database(error: OperationalError) -> tuple[str, int, dict[str, str]]:
    # What SQLite says of a table or column that it does not know is a mistake of ours.
    if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
        raise error
    if cannot_store(error):
        log.error("Nothing can be stored (%s); a request was refused", database_reason(error))
        return *_page(503, *NOT_STORED), {"Retry-After": "60"}
    log.error("the database does not answer: %s", database_reason(error))
    return *_page(503, *SENTENCES[503]), {"Retry-After": "10"}


def _show_busy(_error: HashingBusy) -> tuple[str, int, dict[str, str]]:
    sentence = "Too many people are logging in at the same time. Wait a few seconds, then try again."
    return *_page(503, "Please try again", sentence), {"Retry-After": "3"}


def _show_exhausted(error: OSError) -> tuple[str, int, dict[str, str]]:
    """Show a page where the machine has no file, socket or memory to spare. Anything else is a bug."""
    if error.errno not in EXHAUSTED:
        raise error
    log.error("A request was refused (%s)", error)
    sentence = "The server is overloaded. Nothing was changed; try again in a minute."
    return *_page(503, "Please try again", sentence), {"Retry-After": "60"}


def _page(status: int, title: str, sentence: str) -> tuple[str, int]:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # Who is signed in may be the very thing that could not be found out; the page does not need it.
        g.setdefault("_login_user", login_manager.anonymous_user())
    _forget_lost_team()
    try:
        return render_template("error.html", status=status, title=title, sentence=sentence), status
    except OSError:
        # The template was not read yet, and no file can be opened.
        return f"<!doctype html><title>{escape(title)}</title><h1>{escape(title)}</h1><p>{escape(sentence)}</p>", status


def _forget_lost_team() -> None:
    """Have the page name no team where the reader has just been removed from it, or nothing can be read of it."""
    found = membership()
    try:
        if found is not None:
            db.session.refresh(found)
    except SQLAlchemyError:
        g.membership = None
