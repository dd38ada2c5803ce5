"""The host's bookings: upcoming, unconfirmed, past, cancelled, and what the host does about them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response
from wtforms import TextAreaField

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.accounts.owners import Owner
from calhooks.accounts.teams.memberships import list_members
from calhooks.accounts.teams.models import Membership
from calhooks.config import current_config
from calhooks.db import db, writing
from calhooks.events import TRIGGER_LABELS
from calhooks.mail.log import problems
from calhooks.scheduling.bookings import confirm, lookups, no_show, rules
from calhooks.scheduling.bookings.events import told_owners
from calhooks.scheduling.bookings.reading import lists
from calhooks.scheduling.bookings.reading.export import bookings_csv
from calhooks.scheduling.bookings.reading.history import story
from calhooks.scheduling.bookings.reading.lists import EVERYTHING, BookingList, Search
from calhooks.scheduling.bookings.reading.people import names_by_email
from calhooks.scheduling.bookings.submission import MAX_GUESTS
from calhooks.scheduling.errors import HostedByOthers, InvalidInput, NotAllowed
from calhooks.scheduling.event_types.lookups import list_event_types, list_hosted_event_types
from calhooks.scheduling.models.bookings import Booking, BookingStatus
from calhooks.scheduling.models.event_types import EventType
from calhooks.web.http.row_numbers import counted, row_number
from calhooks.web.site import access
from calhooks.web.site.htmx import done, page_or_part, refused
from calhooks.web.wording.addresses import profile_path
from calhooks.web.wording.times import in_zone
from calhooks.webhooks.dispatch import prepare_templates

blueprint = Blueprint("bookings", __name__)

MAX_SEARCH_LENGTH = 200
PATH = "/bookings/<any(upcoming,unconfirmed,past,cancelled):view>"

Sent = MultiDict[str, str]


@dataclass(frozen=True, slots=True)
class Listing:
    """A list as its address says it: which, narrowed to what, and from which booking on, by default the first."""

    view: str
    search: Search
    cursor: str | None

    @property
    def narrowed(self) -> dict[str, Any]:
        """Return what an address says of the search."""
        found = self.search
        return {"q": found.words or None, "eventType": found.event_type_id, "host": found.membership_id}


class RejectForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """Why a request is turned down."""

    reason = TextAreaField("Reason", name="rejectionReason", default="")


@blueprint.get("/bookings")
@access.sees_owners
def start() -> Response:
    """Lead to the first of the lists."""
    return redirect(url_for("bookings.index", view=BookingList.UPCOMING))


@blueprint.get(PATH)
@access.sees_owners
def index(view: str) -> str:
    """Show one of the lists, or with `?reject=<uid>` the question why a request is turned down."""
    listing, uid = _listing(view, request.args), request.args.get("reject")
    if uid:
        return _ask_why(listing, uid, RejectForm())
    return render_template("scheduling/bookings/index.html", **_listed(listing))


@blueprint.get(f"{PATH}/bookings.csv")
@access.sees_owners
def export(view: str) -> Response:
    """Give a list, as it is narrowed, to a spreadsheet."""
    search = _listing(view, request.args).search
    table = bookings_csv(db.session(), access.owner(), _zone(), BookingList(view), clock.now(), search)
    # Written whole, so that a slow reader holds no transaction open.
    answer = Response("".join(table), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="bookings-{view}.csv"'
    return answer


@blueprint.get("/bookings/history/<uid>")
@access.sees_owners
def history(uid: str) -> str:
    """Tell a booking's whole story."""
    found = story(db.session(), access.owner(), uid)
    return render_template(
        "scheduling/bookings/history.html", story=found, booking=found.booking, labels=TRIGGER_LABELS
    )


@blueprint.post(PATH)
@access.sees_owners
def act(view: str) -> str | Response | tuple[str, int]:
    """Confirm or reject a request, or note who did not come."""
    action, uid, form = request.form.get("action", ""), request.form.get("uid", ""), RejectForm()
    if action not in ACTIONS:
        abort(400, "What to do with the booking was not said.")
    listing, in_box = _listing(view, request.args), action == "reject"
    part, to = partial(_list, listing, in_box), url_for("bookings.index", view=view, **listing.narrowed)
    booking = _find_own(uid)
    prepare_templates(db.session(), told_owners(db.session(), booking))
    try:
        with writing() as session:
            message = ACTIONS[action](session, access.account(), uid, request.form)
    except InvalidInput as error:
        form.reason.errors = list(error.errors.values())
        return _ask_why(listing, uid, form), 422
    except NotAllowed as error:
        return refused(error.sentence, part=part, to=to, closes=in_box)
    return done(message, part=part, to=to, closes=in_box)


def _confirm(session: Session, host: User, uid: str, _sent: Sent) -> str:
    confirm.confirm(session, uid, host)
    return "Confirmed."


def _reject(session: Session, host: User, uid: str, sent: Sent) -> str:
    confirm.reject(session, uid, host, reason=sent.get("rejectionReason", ""))
    return "Rejected."


def _note_absence(session: Session, host: User, uid: str, sent: Sent) -> str:
    typed = sent.getlist("absent")
    if len(typed) > MAX_GUESTS + 1:
        raise NotAllowed("No booking has that many attendees. Open the page again and mark the no-shows there.")
    absent = {number for text in typed if (number := counted(text)) is not None}
    no_show.set_no_show(session, uid, host, absent)
    return "Saved."


ACTIONS: Mapping[str, Callable[[Session, User, str, Sent], str]] = {
    "confirm": _confirm,
    "reject": _reject,
    "no-show": _note_absence,
}


def _listing(view: str, asked: Sent) -> Listing:
    words = asked.get("q", "").strip()[:MAX_SEARCH_LENGTH]
    host = asked.get("host", type=row_number) if access.membership() else None
    search = Search(words, asked.get("eventType", type=row_number), host)
    return Listing(view, search, asked.get("cursor"))


def _find_own(uid: str) -> Booking:
    """Return a booking that the reader may change; 403 for one of the team's that others host."""
    booking = lookups.find_booking_of(db.session(), access.owner(), uid)
    if not rules.is_host(db.session(), booking, access.account()):
        raise HostedByOthers
    return booking


def _may_change(booking: Booking) -> bool:
    """Tell whether the reader is a host, or an owner or admin of the team whose page this is."""
    membership = access.membership()
    return (membership is not None and membership.is_admin) or rules.attends(booking, access.account())


def _unanswered() -> int:
    """Return how many requests wait for the reader: of a team's, those that the reader may answer."""
    membership = access.membership()
    own = EVERYTHING if membership is None or membership.is_admin else Search(membership_id=membership.id)
    return lists.count_bookings(db.session(), access.owner(), BookingList.UNCONFIRMED, clock.now(), own)


def _event_types() -> Sequence[EventType]:
    """Return what a list can be narrowed to: of a person also the event types of teams that the person hosts."""
    own = list_event_types(db.session(), access.owner())
    if access.membership():
        return own
    return [*own, *list_hosted_event_types(db.session(), access.account().id)]


def _members(owner: Owner) -> Sequence[Membership]:
    """Return the members whose bookings a team's list can be narrowed to."""
    return [] if owner.team_id is None else list_members(db.session(), [owner.team_id])[owner.team_id]


def _ask_why(listing: Listing, uid: str, form: RejectForm) -> str:
    booking = _find_own(uid)
    where = {"view": listing.view, "narrowed": listing.narrowed}
    return page_or_part("scheduling/bookings/reject", booking=booking, form=form, **where)


def _list(listing: Listing, out_of_band: bool) -> str:
    context = _listed(listing)
    return render_template("scheduling/bookings/_list.html", in_place=True, out_of_band=out_of_band, **context)


def _listed(listing: Listing) -> dict[str, object]:
    """Return what the list shows: bookings under the days on which they are, by the host's clock."""
    owner, now, zone = access.owner(), clock.now(), _zone()
    page = lists.list_bookings(db.session(), owner, BookingList(listing.view), now, listing.cursor, listing.search)
    days = groupby(page.bookings, key=lambda booking: in_zone(booking.start_time, zone).date())
    return {
        "view": listing.view,
        "views": list(BookingList),
        "unconfirmed": _unanswered(),
        "days": [(day, list(booked)) for day, booked in days],
        "today": in_zone(now, zone).date(),
        "now": now,
        "next_cursor": page.next_cursor,
        "search": listing.search,
        "narrowed": listing.narrowed,
        "longest_search": MAX_SEARCH_LENGTH,
        "event_types": _event_types(),
        "members": _members(owner),
        "is_first_page": listing.cursor is None,
        "public_url": current_config().base_url + profile_path(access.holder()),
        "may_change": _may_change,
        "can_note_absence": _can_note_absence,
        "can_be_reassigned": partial(rules.can_be_reassigned, now=now),
        "names": names_by_email(db.session(), page.bookings),
        "mail_problems": problems(db.session(), {each.uid: each.mail_owner_id for each in page.bookings}),
    }


def _can_note_absence(booking: Booking) -> bool:
    return booking.status == BookingStatus.ACCEPTED and booking.start_time <= clock.now()


def _zone() -> str:
    """Return the zone of the person who looks, who reads a team's times on their own clock."""
    return access.account().time_zone
