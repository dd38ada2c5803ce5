"""Where a person goes next: only ever to a page of this site."""

from urllib.parse import urlsplit

from flask import redirect, request, url_for
from werkzeug.wrappers import Response


def own_path(target: str | None) -> str | None:
    """Return `target` if it is a path of this site, else None.

    Browsers read a backslash as a slash and leave out control characters, so both could hide another site's name.
    """
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    if "\\" in target or any(ord(letter) <= 0x20 or ord(letter) == 0x7F for letter in target):
        return None
    try:
        parts = urlsplit(target)
    except ValueError:
        return None
    return None if parts.scheme or parts.netloc else target


def to_next() -> Response:
    """Go to the page that `next` of the query or the form names, else to the first page of who is signed in."""
    return redirect(own_path(request.values.get("next")) or url_for("event_types.index"), 303)
