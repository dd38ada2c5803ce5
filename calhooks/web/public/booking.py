"""A booking's own page. Its uid is the capability: whoever has the address can cancel and move the booking."""

from datetime import datetime
from urllib.parse import urlsplit

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import TextAreaField

from calhooks import clock
from calhooks.config import current_config
from calhooks.db import db, writing
from calhooks.mail.log import newest_to, problems
from calhooks.scheduling.bookings import rules
from calhooks.scheduling.bookings.cancel import cancel
from calhooks.scheduling.bookings.events import told_owners
from calhooks.scheduling.bookings.lookups import find_booking
from calhooks.scheduling.bookings.reading.people import names_by_email
from calhooks.scheduling.calendars.links import calendar_links
from calhooks.scheduling.errors import InvalidInput, NotAllowed
from calhooks.scheduling.models.bookings import Booking
from calhooks.web.public.booker_mail import mail_sentence
from calhooks.web.public.booking_link import BookingLink, link_metadata
from calhooks.web.public.booking_state import booking_state
from calhooks.web.public.forwarding import FORWARD, destination
from calhooks.web.site import access
from calhooks.web.wording.addresses import booking_path
from calhooks.webhooks.dispatch import prepare_templates

blueprint = Blueprint("booking", __name__)


class CancelForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """Why a booking is cancelled."""

    reason = TextAreaField("Reason for cancelling", name="cancellationReason", default="")


@blueprint.after_request
def _keep_to_itself(answer: Response) -> Response:
    """Keep the address out of search engines and the page out of caches."""
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.get("/booking/<uid>")
@access.public
def show(uid: str) -> Response:
    """Show everything about a booking; with `?cancel=true` the question whether to cancel it."""
    booking = find_booking(db.session(), uid)
    address = destination(booking, request.args.items(multi=True)) if FORWARD in request.args else ""
    if address and booking.status in rules.OPEN_STATUSES:
        site = urlsplit(address).hostname
        return make_response(render_template("public/forward.html", booking=booking, address=address, site=site))
    return _show(booking, CancelForm(), asks="cancel" in request.args)


@blueprint.post("/booking/<uid>")
@access.public
def cancel_booking(uid: str) -> Response:
    """Cancel a booking. Pressing twice leads to the same page."""
    form = CancelForm()
    prepare_templates(db.session(), told_owners(db.session(), find_booking(db.session(), uid)))
    try:
        with writing() as session:
            cancel(session, uid, reason=form.reason.data or "", by=access.signed_in_user())
    except InvalidInput as error:
        form.reason.errors = list(error.errors.values())
        return _show(find_booking(db.session(), uid), form, asks=True, status=422)
    except NotAllowed as error:
        booking = find_booking(db.session(), uid)
        if booking.cancelled_by:
            return redirect(url_for("booking.show", uid=uid), 303)
        return _show(booking, form, sentence=error.sentence, status=409)
    return redirect(url_for("booking.show", uid=uid), 303)


@blueprint.get("/reschedule/<uid>")
@access.public
def reschedule(uid: str) -> Response:
    """Lead to the page on which another time is chosen."""
    booking = find_booking(db.session(), uid)
    if booking.event_type is None:
        return redirect(url_for("booking.show", uid=uid))
    metadata = link_metadata(request.query_string)
    return redirect(BookingLink(path=booking_path(booking.event_type), metadata=metadata, reschedule_uid=uid).url)


def _show(booking: Booking, form: CancelForm, *, asks: bool = False, sentence: str = "", status: int = 200) -> Response:
    reader, now = access.signed_in_user(), clock.now()
    by_host = rules.is_host(db.session(), booking, reader)
    may_change = by_host or rules.may_change(db.session(), booking, reader)
    address = current_config().base_url + url_for("booking.show", uid=booking.uid)
    page = render_template(
        "public/booking.html",
        booking=booking,
        state=booking_state(db.session(), booking, now, by_host=by_host, may_change=may_change),
        address=address,
        by_host=by_host,
        is_member=by_host or not may_change,
        # Who attends has it among the own bookings, other members of a team only among the team's.
        team_id=booking.team_id if reader and not rules.attends(booking, reader) else None,
        can_reassign=by_host and rules.can_be_reassigned(booking, now),
        names=names_by_email(db.session(), [booking]) if by_host else {},
        calendar_links=calendar_links(booking, for_host=by_host, page=address),
        mail_problems=problems(db.session(), {booking.uid: booking.mail_owner_id}) if by_host else {},
        mail_sentence="" if by_host else _mail_sentence(booking, now),
        form=form,
        asks=asks,
        sentence=sentence,
    )
    return make_response(page, status)


def _mail_sentence(booking: Booking, now: datetime) -> str:
    booker = booking.attendees[0].email
    return mail_sentence(newest_to(db.session(), booking.mail_owner_id, booking.uid, booker), now)
