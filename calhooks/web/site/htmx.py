"""What a view answers: to htmx a part of the page and what the page's scripts are to do, to others a whole page."""

import json
from collections.abc import Callable
from typing import Any, cast

from flask import flash, make_response, redirect, render_template, request
from htmx_flask import Htmx
from htmx_flask.requests import HtmxAwareRequest
from werkzeug.wrappers import Response

htmx = Htmx()


def is_htmx() -> bool:
    """Tell whether htmx asked for a fragment. Going back in the history asks for whole pages."""
    details = cast(HtmxAwareRequest, request).htmx
    return bool(details) and not details.history_restore_request


def asked_by(target: str) -> bool:
    """Tell whether htmx will put the answer into the element with this id."""
    return request.headers.get("HX-Target") == target


def fragment(html: str, *, trigger: dict[str, Any] | None = None, status: int = 200) -> Response:
    """Answer htmx with HTML; `trigger` maps the names of client-side events to their details."""
    response = make_response(html, status)
    if trigger:
        # ASCII, since a header carries nothing else safely.
        response.headers["HX-Trigger"] = json.dumps(trigger)
    return response


def page_or_part(name: str, part: str = "", /, **context: Any) -> str:
    """Render the page `room/name.html`; for htmx its part, `room/_name.html` unless `part` names another."""
    room, _, page = name.rpartition("/")
    return render_template(f"{room}/{part or f'_{page}'}.html" if is_htmx() else f"{name}.html", **context)


def go_to(address: str) -> Response:
    """Lead to another page: htmx by a header, since it would put what a redirect leads to into the page it is on."""
    return Response(headers={"HX-Redirect": address}) if is_htmx() else redirect(address, 303)


def done(message: str, *, part: Callable[[], str], to: str, closes: bool = False, event: str = "") -> Response:
    """Say what has been done. Without a message, what is shown speaks for itself.

    htmx gets what `part` returns and a toast, closes the box where that was asked for, and tells the page of `event`.
    Anybody else is led to `to`, which shows the message.
    """
    if not is_htmx():
        return _lead(to, message, "success")
    return fragment(part(), trigger=_events({"message": message}, closes, event))


def refused(
    sentence: str, *, part: Callable[[], str], to: str, closes: bool = False, event: str = "", status: int = 409
) -> Response:
    """Say why something has not been done, in the same ways. The status is for htmx."""
    if not is_htmx():
        return _lead(to, sentence, "danger")
    return fragment(part(), trigger=_events({"message": sentence, "tone": "danger"}, closes, event), status=status)


def with_toast(html: str, sentence: str, *, status: int) -> Response:
    """Answer htmx with HTML and a toast that says why something has not been done."""
    return fragment(html, trigger=_events({"message": sentence, "tone": "danger"}), status=status)


def _lead(address: str, message: str, tone: str) -> Response:
    if message:
        flash(message, tone)
    return redirect(address, 303)


def _events(toast: dict[str, str], closes: bool = False, event: str = "") -> dict[str, Any]:
    said = {"toast": toast} if toast["message"] else {}
    return said | ({"closeModal": True} if closes else {}) | ({event: True} if event else {})
