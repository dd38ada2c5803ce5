"""Why a time is not free: a question that hosts have when somebody tells them so."""

from datetime import UTC, datetime

from flask import Blueprint, render_template, request

from calhooks import clock
from calhooks.db import db
from calhooks.scheduling.availability.hindrances import Wanted
from calhooks.scheduling.availability.why_no_host import TeamAnswer, team_reasons
from calhooks.scheduling.availability.why_not_free import reasons
from calhooks.scheduling.event_types.lookups import list_event_types
from calhooks.scheduling.models.event_types import EventType
from calhooks.web.http.row_numbers import row_number
from calhooks.web.scheduling.moments import typed_moment
from calhooks.web.site import access

blueprint = Blueprint("why_not_free", __name__)


@blueprint.get("/availability/why")
@access.sees_owners
def ask() -> str:
    """Ask for an event type and a time on the reader's clock, and say what stands in the way."""
    event_types = list_event_types(db.session(), access.owner())
    wanted = request.args.get("eventType", type=row_number)
    chosen = next((each for each in event_types if each.id == wanted), None)
    start = typed_moment(request.args.get("at", ""), access.account().time_zone)
    wished = request.args.get("length", type=row_number)
    length = wished if chosen and wished in chosen.lengths else chosen.length if chosen else None
    return render_template(
        "scheduling/availability/why_not_free.html",
        event_types=event_types,
        chosen=chosen,
        start=start,
        length=length,
        at=request.args.get("at", ""),
        incomplete="at" in request.args and not (chosen and start),
        answer=_answer(chosen, start.astimezone(UTC), length) if chosen and start else None,
    )


def _answer(event_type: EventType, start: datetime, length: int | None) -> TeamAnswer:
    """Return what keeps an event type from being booked; a person's has no hosts to tell apart."""
    now = clock.now()
    if event_type.team is not None:
        return team_reasons(db.session(), event_type, start, Wanted(now=now, length=length), access.account())
    found = reasons(db.session(), event_type, start, now, length)
    return TeamAnswer(is_free=not found, reasons=found, hosts=[])
