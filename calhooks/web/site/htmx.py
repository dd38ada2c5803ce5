"""The glue to htmx: which requests are its own, and the headers it understands."""

import json
from typing import Any, cast

from flask import Response, make_response, request
from htmx_flask import Htmx
from htmx_flask.requests import HtmxAwareRequest

htmx = Htmx()


def is_htmx() -> bool:
    """Tell whether htmx asked for a fragment. Going back in the history asks for whole pages."""
    details = cast(HtmxAwareRequest, request).htmx
    return bool(details) and not details.history_restore_request


def fragment(html: str, *, trigger: dict[str, Any] | None = None, status: int = 200) -> Response:
    """Answer htmx with HTML; `trigger` maps the names of client-side events to their details."""
    response = make_response(html, status)
    if trigger:
        # ASCII, since a header carries nothing else safely.
        response.headers["HX-Trigger"] = json.dumps(trigger)
    return response
