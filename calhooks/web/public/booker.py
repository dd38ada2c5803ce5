"""What anybody can see of a host: the event types, and for each the page on which a time is chosen and booked."""

from contextlib import suppress
from urllib.parse import urlencode

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from sqlalchemy.exc import IntegrityError
from werkzeug.datastructures import CombinedMultiDict
from werkzeug.wrappers import Response

from calhooks import clock
from calhooks.db import db, writing
from calhooks.scheduling.availability.holds import hold, release
from calhooks.scheduling.bookings import book, reschedule, rules
from calhooks.scheduling.bookings.lookups import find_booking
from calhooks.scheduling.bookings.metadata import MetadataError
from calhooks.scheduling.bookings.submission import Submission
from calhooks.scheduling.errors import InvalidInput, NotAllowed, NotFound, SlotNotOffered, SlotTaken
from calhooks.scheduling.event_types import lookups
from calhooks.scheduling.event_types.places import Place, places
from calhooks.scheduling.event_types.questions import Question, asked
from calhooks.scheduling.models.bookings import Booking
from calhooks.scheduling.models.event_types import EventType
from calhooks.web.public.booker_page import CLOCK_PARAMETER, BookerPage, booker_page, choose, chosen_length
from calhooks.web.public.booking_form import BookingForm, form_class, form_for
from calhooks.web.public.booking_link import BookingLink, booking_path, link_metadata, read_link, read_moment, too_much
from calhooks.web.public.forwarding import FORWARD, own_parameters
from calhooks.web.site import access, rate_limits
from calhooks.web.site.htmx import is_htmx
from calhooks.web.site.visitor import keep_clock, known_visitor, visitor_id, visitor_locale, visitor_zone

blueprint = Blueprint("booker", __name__)


@blueprint.get("/<username>/<slug>")
@access.public
def event_type(username: str, slug: str) -> Response:
    """Show a month with its free times, and the form when a free time is chosen."""
    bookable = _bookable(username, slug)
    link = _link(bookable)
    if CLOCK_PARAMETER in request.args:
        return keep_clock(request.args[CLOCK_PARAMETER], redirect(link.url))
    former = _former(link)
    if former and (elsewhere := _elsewhere(bookable, former, link)):
        return redirect(elsewhere)
    return _show(_page(bookable, link, former))


@blueprint.post("/<username>/<slug>")
@access.public
@rate_limits.booking
def submit(username: str, slug: str) -> Response:
    """Book the chosen time, or take one step back with all that was typed."""
    bookable = _bookable(username, slug)
    link = _link(bookable)
    former = _former(link)
    if former and former.event_type and former.event_type_id != bookable.id:
        return redirect(link.to(path=booking_path(former.event_type)).url, 303)
    form = form_class(_questions(bookable, former), _places(bookable, former))()
    link = link.to(slot=read_moment(form.start.data or ""), **form.typed())
    if "step" in request.form:
        return _step(bookable, link, former)
    try:
        submission = _submission(bookable, link, former, form)
        booked = _book(bookable, submission, link, former)
    except InvalidInput as error:
        form.show(error.errors)
        return _show(_form_page(bookable, link, former, form), 422)
    except (SlotTaken, NotAllowed) as error:
        page = _form_page(bookable, link, former, form)
        page.refusal = error.sentence
        return _show(page, 422 if isinstance(error, SlotNotOffered) else 409)
    except MetadataError as error:
        abort(400, too_much(error))
    address = url_for("booking.show", uid=booked.uid)
    if bookable.redirect_url and not _by_host(former):
        address += f"?{urlencode([(FORWARD, 'y'), *link.others])}"
    return Response(headers={"HX-Redirect": address}) if is_htmx() else redirect(address, 303)


@blueprint.post("/<username>/<slug>/hold")
@access.public
@rate_limits.holding
def hold_slot(username: str, slug: str) -> Response:
    """Leave a chosen time out of other people's lists for a while; the page's script asks for it, no crawler does."""
    bookable = _bookable(username, slug)
    start, visitor = read_moment(request.form.get("start", "")), visitor_id()
    length = chosen_length(bookable, _link(bookable), None)
    # Two at once of one visitor, or a time that is gone: nothing is promised.
    with suppress(NotAllowed, IntegrityError), writing() as session:
        if start:
            hold(session, bookable, visitor, start, length, clock.now())
    return Response(status=204)


def _book(bookable: EventType, submission: Submission, link: BookingLink, former: Booking | None) -> Booking:
    """Book or move, as one transaction."""
    number, metadata = bookable.id, link.metadata
    uid = former.uid if former else None
    with writing() as session:
        release(session, visitor_id())
        if uid is None:
            return book.book(session, number, submission, metadata=metadata, visitor=visitor_id())
        return reschedule.reschedule(
            session, uid, submission, metadata=metadata, visitor=visitor_id(), by=access.signed_in_user()
        )


def _submission(bookable: EventType, link: BookingLink, former: Booking | None, form: BookingForm) -> Submission:
    return form.submission(
        zone=_zone(bookable, link, former)[0],
        locale=visitor_locale(),
        length=chosen_length(bookable, link, former),
        # A host who moves a booking keeps its guests.
        allows_guests=bookable.allows_guests or _by_host(former),
    )


def _step(bookable: EventType, link: BookingLink, former: Booking | None) -> Response:
    """Go to another state of the page, with all that was typed in its address."""
    if request.form["step"] == "add-guest":
        link = link.to(guests=(*link.guests, ""))
    else:
        day = _page(bookable, link, former).link.day
        link = link.to(slot=None, day=day, month=day.replace(day=1) if day else None)
    if not is_htmx():
        return redirect(link.url, 303)
    answer = _show(_page(bookable, link, former))
    answer.headers["HX-Push-Url"] = link.url
    return answer


def _page(bookable: EventType, link: BookingLink, former: Booking | None) -> BookerPage:
    """Return the page that a link leads to."""
    zone, zone_known = _zone(bookable, link, former)
    page = booker_page(
        db.session(),
        bookable,
        link,
        zone=zone,
        zone_known=zone_known,
        former=former,
        by_host=_by_host(former),
        visitor=known_visitor(),
    )
    if page.slot:
        # Known before the form is sent, so that pressing twice is recognised.
        visitor_id()
        page.form = form_for(_questions(bookable, former), _places(bookable, former), link, former)
    return page


def _questions(bookable: EventType, former: Booking | None) -> list[Question]:
    """Return what is asked; a host who moves a booking answers nothing in the booker's place."""
    return [] if _by_host(former) else asked(bookable)


def _places(bookable: EventType, former: Booking | None) -> list[Place]:
    """Return where it can be; a host who moves a booking leaves it where the booker chose."""
    return [] if _by_host(former) else places(bookable)


def _by_host(former: Booking | None) -> bool:
    return former is not None and rules.is_host(former, access.signed_in_user())


def _form_page(bookable: EventType, link: BookingLink, former: Booking | None, form: BookingForm) -> BookerPage:
    """Return the page with the form as it was typed, also when its time is not free; the month when it has no time."""
    page = _page(bookable, link, former)
    if link.slot and not page.slot:
        choose(page, link.slot)
    elif not link.slot:
        page.sentence = "Choose a time."
    page.form = form
    return page


def _show(page: BookerPage, status: int = 200) -> Response:
    template = "public/_booker.html" if is_htmx() else "public/booker.html"
    answer = make_response(render_template(template, page=page), status)
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def _bookable(username: str, slug: str) -> EventType:
    try:
        return lookups.find_bookable(db.session(), username, slug)
    except NotFound:
        abort(404)


def _link(bookable: EventType) -> BookingLink:
    """Return what the address says, and the fields of a form that was sent."""
    identifiers = [question.identifier for question in asked(bookable)]
    said = CombinedMultiDict([request.form, request.args])
    link = read_link(booking_path(bookable), said, link_metadata(), identifiers)
    return link.to(others=own_parameters(bookable, identifiers))


def _zone(bookable: EventType, link: BookingLink, former: Booking | None) -> tuple[str, bool]:
    """Return the zone to show times in, and whether it is the booker's own and not the host's in its place."""
    zone = link.time_zone or visitor_zone()
    if not zone and former and not _by_host(former):
        zone = former.attendees[0].time_zone
    return (zone, True) if zone else (bookable.owner.time_zone, False)


def _former(link: BookingLink) -> Booking | None:
    """Return the booking that is to be moved."""
    if not link.reschedule_uid:
        return None
    try:
        return find_booking(db.session(), link.reschedule_uid)
    except NotFound:
        abort(404)


def _elsewhere(bookable: EventType, former: Booking, link: BookingLink) -> str | None:
    """Return where to go with a booking that cannot be moved on this page."""
    try:
        rules.require_changeable(former, clock.now())
    except NotAllowed:
        return url_for("booking.show", uid=former.uid)
    if former.event_type is None:
        return url_for("booking.show", uid=former.uid)
    if former.event_type_id != bookable.id:
        return link.to(path=booking_path(former.event_type)).url
    return None
