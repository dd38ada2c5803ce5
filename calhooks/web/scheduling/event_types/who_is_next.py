"""The hosts of a team's event type: what each has been booked for, who is next and why."""

from datetime import UTC

from flask import Blueprint, render_template, request

from calhooks import clock
from calhooks.db import db
from calhooks.scheduling.assignment.standing import line_at, order_of_turns, standings
from calhooks.scheduling.availability.hindrances import Wanted
from calhooks.scheduling.event_types.lookups import find_event_type
from calhooks.web.scheduling.moments import typed_moment
from calhooks.web.site import access

blueprint = Blueprint("event_type_hosts", __name__, url_prefix="/event-types")


@blueprint.get("/<int:event_type_id>/hosts")
@access.sees_owners
def show(event_type_id: int) -> str:
    """Show every host and who is next; with `at`, on the reader's clock, also who could meet then."""
    session, now = db.session(), clock.now()
    event_type = find_event_type(session, access.owner(), event_type_id)
    standing = standings(session, event_type, now)
    at = request.args.get("at", "")
    start = typed_moment(at, access.account().time_zone)
    asked = start.astimezone(UTC) if start and start > now else None
    return render_template(
        "scheduling/event_types/hosts.html",
        event_type=event_type,
        standings=standing,
        turns=order_of_turns(event_type, [each.host for each in standing], now),
        at=at,
        start=start,
        line=line_at(session, event_type, asked, Wanted(now=now)) if asked else None,
        incomplete="at" in request.args and start is None,
    )
