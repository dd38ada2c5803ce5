"""Giving a team's booking to another host: the dialog, and what it does."""

from flask import Blueprint, flash, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import TextAreaField

from calhooks import clock
from calhooks.accounts.owners import Owner
from calhooks.db import db, writing
from calhooks.scheduling.assignment.candidates import HostObstacle
from calhooks.scheduling.bookings import reassign, rules
from calhooks.scheduling.bookings.events import owners_of_hosts, told_owners
from calhooks.scheduling.bookings.lookups import find_booking
from calhooks.scheduling.bookings.reading.lists import BookingList
from calhooks.scheduling.bookings.reassign import Reassignment
from calhooks.scheduling.errors import InvalidInput, NotAllowed, NotFound
from calhooks.scheduling.models.bookings import Booking, BookingStatus
from calhooks.web.http.row_numbers import counted
from calhooks.web.site import access
from calhooks.web.site.htmx import go_to, page_or_part
from calhooks.webhooks.dispatch import prepare_templates

blueprint = Blueprint("reassign", __name__)

PATH_OF_BOOKING = "/bookings/<uid>/reassign"


# What the page says of a member; a free one is free.
OBSTACLES = {
    HostObstacle.BOOKED: ("Has another meeting", "danger"),
    HostObstacle.TIME_OFF: ("Time off", "warning"),
    HostObstacle.OUTSIDE_HOURS: ("Outside working hours", "warning"),
    HostObstacle.NEAR: ("Within a buffer", "warning"),
}


class ReassignForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """Why a booking goes to another host."""

    reason = TextAreaField("Reason", name="reassignReason", default="")


@blueprint.get(PATH_OF_BOOKING)
@access.sees_owners
def ask(uid: str) -> str:
    """Ask who takes over a booking."""
    return _page(_booking(uid), ReassignForm())


@blueprint.post(PATH_OF_BOOKING)
@access.sees_owners
def give(uid: str) -> Response | tuple[str, int]:
    """Give a booking to the member who was chosen, or to the next by turns."""
    booking, form = _booking(uid), ReassignForm()
    back = _back(booking)
    prepare_templates(db.session(), _told(booking))
    try:
        with writing() as session:
            changed = reassign.reassign(session, uid, _sent(form), access.account())
    except InvalidInput as error:
        form.reason.errors = [error.errors[name] for name in error.errors if name == form.reason.name]
        return _page(_booking(uid), form, sentence=error.errors.get("host", "")), 422
    except NotAllowed as error:
        return _page(_booking(uid), form, sentence=error.sentence), 409
    flash(f"Reassigned to {changed.taking.name}.", "success")
    return go_to(back)


def _booking(uid: str) -> Booking:
    """Return a booking that the person who is signed in may change as a host.

    Raises NotFound, as for other lists', or HostedByOthers for a member who does not host it.
    """
    booking, owner = find_booking(db.session(), uid), access.owner()
    if booking.team_id is None or owner not in (Owner(team_id=booking.team_id), Owner(user_id=access.account().id)):
        raise NotFound
    rules.require_host(db.session(), booking, access.account())
    return booking


def _told(booking: Booking) -> list[Owner]:
    """Return whose webhooks may be told."""
    told = told_owners(db.session(), booking)
    return told if booking.event_type is None else [*told, *owners_of_hosts(db.session(), booking.event_type)]


def _sent(form: ReassignForm) -> Reassignment:
    chosen = request.form.get("host", "")
    number = counted(chosen) if chosen else None
    # What is no number is nobody's.
    member_id = 0 if chosen and number is None else number
    replaced = request.form.get("replacedHost", "")
    return Reassignment(member_id=member_id, replaced=replaced, reason=form.reason.data or "")


def _page(booking: Booking, form: ReassignForm, *, sentence: str = "") -> str:
    """Return the dialog; one that says why not where the booking cannot go to another host."""
    session, now = db.session(), clock.now()
    context = {"booking": booking, "form": form, "back": _back(booking), "sentence": sentence}
    try:
        reassign.require_reassignable(session, booking, now)
        replaced = reassign.replaced_host(session, booking)
    except NotAllowed as error:
        return page_or_part("scheduling/bookings/reassign", **context, is_closed=True, reason=error.sentence)
    found = reassign.offered(session, booking, access.account(), now)
    return page_or_part(
        "scheduling/bookings/reassign",
        **context,
        candidates=found,
        following=reassign.next_candidate(booking, replaced, found, now),
        replaced=replaced,
        former=reassign.former_hosts(session, booking),
        chosen=request.form.get("host"),
        obstacles=OBSTACLES,
    )


def _back(booking: Booking) -> str:
    """Return the list in which the person sees the booking: their own, or the team's."""
    view = BookingList.UNCONFIRMED if booking.status == BookingStatus.PENDING else BookingList.UPCOMING
    own = access.owner().team_id is None and access.account() in booking.hosts
    return url_for("bookings.index", view=view, team_id=None if own else booking.team_id)
