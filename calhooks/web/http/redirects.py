"""Where a person goes next: only ever to a page of this site, by an address of bounded length."""

from urllib.parse import urlsplit

from flask import Flask, abort, redirect, request, url_for
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response

# In characters, percent-encoded. Proxies give all headers of an answer 4 to 16 kB; a link with all the metadata that
# a booking keeps is half as long.
MAX_OWN_REDIRECT_LENGTH = 8_000
MAX_NEXT_LENGTH = 2_000


def init_app(app: Flask) -> None:
    """Answer for the router where it would redirect."""
    app.before_request(_merge_slashes)


def fits_location(address: str) -> bool:
    """Tell whether an address is short enough for a header that leads to it."""
    return len(address) <= MAX_OWN_REDIRECT_LENGTH


def _merge_slashes() -> Response | None:
    """Lead from a//b to a/b. The router itself would lead to the host that the request names, whoever's it is.

    Answers 414 where the address is too long to be repeated, 404 where it is not a path of this site.
    """
    problem = request.routing_exception
    if not isinstance(problem, RequestRedirect):
        return None
    path = f"/{problem.new_url.partition('://')[2].partition('/')[2]}"
    if not fits_location(path):
        abort(414)
    return redirect(path, 308) if is_own_path(path) else abort(404)


def own_path(target: str | None) -> str | None:
    """Return `target` if it is a path of this site that is not too long to go to, else None."""
    return target if target and len(target) <= MAX_NEXT_LENGTH and is_own_path(target) else None


def is_own_path(target: str) -> bool:
    """Tell whether a browser reads `target` as a path of this site.

    Browsers read a backslash as a slash and leave out control characters, so both could hide another site's name.
    """
    if not target.startswith("/") or target.startswith("//"):
        return False
    if "\\" in target or any(ord(letter) <= 0x20 or ord(letter) == 0x7F for letter in target):
        return False
    try:
        parts = urlsplit(target)
    except ValueError:
        return False
    return not parts.scheme and not parts.netloc


def to_next() -> Response:
    """Go to the page that `next` of the query or the form names, else to the first page of who is signed in."""
    return redirect(own_path(request.values.get("next")) or url_for("event_types.index"), 303)
