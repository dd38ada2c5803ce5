"""Why a time is not free: a question that hosts have when somebody tells them so."""

from datetime import UTC, datetime

from flask import Blueprint, render_template, request

from calhooks import clock
from calhooks.db import db
from calhooks.scheduling.availability.why_not_free import reasons
from calhooks.scheduling.event_types.lookups import list_event_types
from calhooks.web.http.row_numbers import row_number
from calhooks.web.site import access
from calhooks.zones import zone_info

blueprint = Blueprint("why_not_free", __name__)


@blueprint.get("/availability/why")
@access.signed_in
def ask() -> str:
    """Ask for an event type and a time on the host's clock, and say what stands in the way."""
    host = access.account()
    event_types = list_event_types(db.session(), host)
    wanted = request.args.get("eventType", type=row_number)
    chosen = next((each for each in event_types if each.id == wanted), None)
    start = _moment(request.args.get("at", ""), host.time_zone)
    asked = chosen is not None and start is not None
    wished = request.args.get("length", type=row_number)
    length = wished if chosen and wished in chosen.lengths else chosen.length if chosen else None
    return render_template(
        "scheduling/availability/why_not_free.html",
        event_types=event_types,
        chosen=chosen,
        start=start,
        length=length,
        at=request.args.get("at", ""),
        incomplete="at" in request.args and not asked,
        reasons=reasons(db.session(), chosen, start.astimezone(UTC), clock.now(), length) if chosen and start else None,
    )


def _moment(text: str, zone: str) -> datetime | None:
    """Return a time that was typed on the clock of a zone; None for what is none, or near the ends of the calendar."""
    try:
        local = datetime.fromisoformat(text.strip()).replace(tzinfo=zone_info(zone))
    except ValueError:
        return None
    return local if 1970 <= local.year <= 9_000 else None
