"""What anybody can see of a host: the event types, and for each the page on which a time is chosen and booked."""

from contextlib import suppress
from urllib.parse import urlencode

from flask import Blueprint, abort, make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from calhooks import clock
from calhooks.db import db, writing
from calhooks.scheduling.availability.holds import hold, release
from calhooks.scheduling.bookings.events import owners_of_hosts
from calhooks.scheduling.bookings.metadata import MetadataError
from calhooks.scheduling.bookings.prepared import book_prepared, prepare_booking
from calhooks.scheduling.bookings.reschedule import reschedule
from calhooks.scheduling.bookings.rules import require_changeable, require_may_change
from calhooks.scheduling.bookings.submission import Submission
from calhooks.scheduling.errors import HostedByOthers, InvalidInput, NotAllowed, SlotNotOffered
from calhooks.scheduling.models.bookings import Booking
from calhooks.web.http.redirects import fits_location
from calhooks.web.public.booker_page import CLOCK_PARAMETER, BookerPage, booker_page, month_and_day
from calhooks.web.public.booking_form import form_class
from calhooks.web.public.booking_link import metadata_refusal, read_moment
from calhooks.web.public.forwarding import FORWARD
from calhooks.web.public.visit import Visit, read_visit
from calhooks.web.site import access, rate_limits
from calhooks.web.site.htmx import go_to, is_htmx, page_or_part
from calhooks.web.site.visitor import keep_clock, visitor_id, visitor_locale
from calhooks.webhooks.dispatch import prepare_templates

blueprint = Blueprint("booker", __name__)


@blueprint.get("/<username>/<slug>")
@access.public
def event_type(username: str, slug: str) -> Response:
    """Show a month with its free times, and the form when a free time is chosen."""
    visit = read_visit(username, slug)
    if CLOCK_PARAMETER in request.args:
        return keep_clock(request.args[CLOCK_PARAMETER], redirect(visit.link.bounded_url))
    if visit.replaced and (elsewhere := _elsewhere(visit, visit.replaced)):
        return redirect(elsewhere)
    return _show(booker_page(visit))


@blueprint.post("/<username>/<slug>")
@access.public
@rate_limits.booking
def book(username: str, slug: str) -> Response:
    """Book the chosen time, or take one step back with all that was typed."""
    visit = read_visit(username, slug)
    if visit.right_link:
        return redirect(visit.right_link.bounded_url, 303)
    form = form_class(visit)()
    visit = visit.to(slot=read_moment(form.start.data or ""), **form.typed())
    if "step" in request.form:
        return _step(visit, request.form["step"])
    try:
        uid = _book(visit, form.submission(visit, visitor_locale()))
    except InvalidInput as error:
        form.show(error.errors)
        return _show(booker_page(visit, form), 422)
    except NotAllowed as error:
        return _show(booker_page(visit, form, error.sentence), 422 if isinstance(error, SlotNotOffered) else 409)
    except MetadataError as error:
        abort(400, metadata_refusal(error))
    return _to_booking(visit, uid)


@blueprint.post("/<username>/<slug>/hold")
@access.public
@rate_limits.holding
def hold_slot(username: str, slug: str) -> Response:
    """Leave a chosen time out of other people's lists for a while; the page's script asks for it, no crawler does."""
    visit, start = read_visit(username, slug), read_moment(request.form.get("start", ""))
    # A time that is gone: nothing is promised.
    with suppress(NotAllowed), writing() as session:
        if start:
            hold(session, visit.bookable, visit.visitor, start, visit.length, clock.now())
    return Response(status=204)


def _elsewhere(visit: Visit, replaced: Booking) -> str | None:
    """Return where to go with a booking that cannot be moved on this page, or not by this person."""
    try:
        require_may_change(db.session(), replaced, access.signed_in_user())
        require_changeable(replaced, clock.now())
    except (NotAllowed, HostedByOthers):
        return url_for("booking.show", uid=replaced.uid)
    if replaced.event_type is None:
        return url_for("booking.show", uid=replaced.uid)
    return visit.right_link.bounded_url if visit.right_link else None


def _step(visit: Visit, step: str) -> Response:
    """Go to another state of the page, with all that was typed in its address."""
    if step == "add-guest":
        visit = visit.to(guests=(*visit.link.guests, ""))
    else:
        _, day = month_and_day(visit, clock.now())
        visit = visit.to(slot=None, day=day, month=day.replace(day=1) if day else None)
    # Where the address would be too long, the page is shown under the one of the form.
    has_address = fits_location(visit.link.url)
    if has_address and not is_htmx():
        return redirect(visit.link.url, 303)
    answer = _show(booker_page(visit))
    if has_address:
        answer.headers["HX-Push-Url"] = visit.link.url
    return answer


def _book(visit: Visit, submission: Submission) -> str:
    """Book or reschedule, as one transaction, and return the booking's uid. Raises NotAllowed or MetadataError."""
    visitor, metadata = visit.visitor, visit.link.metadata
    if visit.replaced is None:
        number = visit.bookable.id
        prepared = prepare_booking(db.session(), number, submission, metadata=metadata, visitor=visitor)
        with writing() as session:
            booked = book_prepared(session, prepared)
            release(session, visitor)
            return booked
    uid = visit.replaced.uid
    prepare_templates(db.session(), owners_of_hosts(db.session(), visit.bookable))
    with writing() as session:
        by = access.signed_in_user()
        moved = reschedule(session, uid, submission, metadata=metadata, visitor=visitor, by=by)
        release(session, visitor)
        return moved.uid


def _show(page: BookerPage, status: int = 200) -> Response:
    if page.slot:
        # Known before the form is sent, so that pressing twice is recognised.
        visitor_id()
    answer = make_response(page_or_part("public/booker", page=page), status)
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def _to_booking(visit: Visit, uid: str) -> Response:
    """Lead to the page of what was booked, which leads on to the host's own page where there is one."""
    address = url_for("booking.show", uid=uid)
    if visit.bookable.redirect_url and not visit.by_host:
        address += f"?{urlencode([(FORWARD, 'y'), *visit.link.others])}"
    return go_to(address)
