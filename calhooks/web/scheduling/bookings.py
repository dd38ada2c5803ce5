"""The host's bookings: upcoming, unconfirmed, past, cancelled, and what the host does about them."""

from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import TextAreaField

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.config import current_config
from calhooks.db import db, writing
from calhooks.events import TRIGGER_LABELS
from calhooks.mail.log import problems
from calhooks.scheduling.bookings import confirm, lists, lookups, no_show
from calhooks.scheduling.bookings.export import bookings_csv
from calhooks.scheduling.bookings.history import story
from calhooks.scheduling.bookings.lists import Search, View
from calhooks.scheduling.errors import InvalidInput, NotAllowed, NotFound, SlotTaken
from calhooks.scheduling.event_types.lookups import list_event_types
from calhooks.scheduling.models.bookings import Booking, BookingStatus
from calhooks.web.site import access
from calhooks.web.site.htmx import fragment, is_htmx
from calhooks.web.site.row_numbers import counted, row_number
from calhooks.web.wording.times import in_zone

blueprint = Blueprint("bookings", __name__)

LONGEST_SEARCH = 200
PATH = "/bookings/<any(upcoming,unconfirmed,past,cancelled):view>"


class RejectForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """Why a request is turned down."""

    reason = TextAreaField("Reason", name="rejectionReason", default="")


@blueprint.get("/bookings")
@access.signed_in
def start() -> Response:
    """Lead to the first of the lists."""
    return redirect(url_for("bookings.index", view=View.UPCOMING))


@blueprint.get(PATH)
@access.signed_in
def index(view: str) -> str | Response:
    """Show one of the lists, or with `?reject=<uid>` the question why a request is turned down."""
    uid = request.args.get("reject")
    return _ask_why(view, uid, RejectForm()) if uid else _page(view)


@blueprint.get(f"{PATH}/bookings.csv")
@access.signed_in
def export(view: str) -> Response:
    """Give a list, as it is narrowed, to a spreadsheet."""
    table = bookings_csv(db.session(), access.account(), View(view), clock.now(), _search())
    # Written whole, so that a slow reader holds no transaction open.
    answer = Response("".join(table), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="bookings-{view}.csv"'
    return answer


@blueprint.get("/bookings/history/<uid>")
@access.signed_in
def history(uid: str) -> str:
    """Tell a booking's whole story."""
    try:
        found = story(db.session(), access.account(), uid)
    except NotFound:
        abort(404)
    return render_template(
        "scheduling/bookings/history.html", story=found, booking=found.booking, labels=TRIGGER_LABELS
    )


@blueprint.post(PATH)
@access.signed_in
def act(view: str) -> str | Response | tuple[str, int]:
    """Confirm or reject a request, or note who did not come."""
    action, uid, form = request.form.get("action", ""), request.form.get("uid", ""), RejectForm()
    if action not in ACTIONS:
        abort(400, "What to do with the booking was not said.")
    try:
        with writing() as session:
            message = ACTIONS[action](session, access.account(), uid)
    except NotFound:
        abort(404)
    except InvalidInput as error:
        form.reason.errors = list(error.errors.values())
        return _ask_why(view, uid, form), 422
    except (SlotTaken, NotAllowed) as error:
        return _answer(view, error.sentence, "danger", 409)
    return _answer(view, message, "success", 200)


def _confirm(session: Session, host: User, uid: str) -> str:
    confirm.confirm(session, uid, host)
    return "Confirmed."


def _reject(session: Session, host: User, uid: str) -> str:
    confirm.reject(session, uid, host, reason=request.form.get("rejectionReason", ""))
    return "Rejected."


def _note_absence(session: Session, host: User, uid: str) -> str:
    absent = {number for text in request.form.getlist("absent") if (number := counted(text)) is not None}
    no_show.set_no_show(session, uid, host, absent)
    return "Saved."


ACTIONS: Mapping[str, Callable[[Session, User, str], str]] = {
    "confirm": _confirm,
    "reject": _reject,
    "no-show": _note_absence,
}


def _answer(view: str, message: str, tone: str, status: int) -> Response:
    """Say what has happened over the list as it is now."""
    if not is_htmx():
        flash(message, tone)
        return redirect(url_for("bookings.index", view=view, **_narrowed(_search())), 303)
    closes = {"closeModal": True} if request.form.get("action") == "reject" else {}
    return fragment(_list(view), trigger=closes | {"toast": {"message": message, "tone": tone}}, status=status)


def _ask_why(view: str, uid: str, form: RejectForm) -> str:
    try:
        booking = lookups.find_hosts_booking(db.session(), access.account(), uid)
    except NotFound:
        abort(404)
    template = "scheduling/bookings/_reject.html" if is_htmx() else "scheduling/bookings/reject.html"
    return render_template(template, view=view, booking=booking, form=form, narrowed=_narrowed(_search()))


def _page(view: str) -> str:
    return render_template("scheduling/bookings/index.html", **_listed(view))


def _list(view: str) -> str:
    in_box = request.form.get("action") == "reject"
    return render_template("scheduling/bookings/_list.html", in_place=True, out_of_band=in_box, **_listed(view))


def _listed(view: str) -> dict[str, object]:
    """Return what the list shows: bookings under the days on which they are, by the host's clock."""
    host, now = access.account(), clock.now()
    search = _search()
    page = lists.list_bookings(db.session(), host, View(view), now, request.args.get("cursor"), search)
    days = groupby(page.bookings, key=lambda booking: in_zone(booking.start_time, host.time_zone).date())
    return {
        "view": view,
        "views": list(View),
        "unconfirmed": lists.count_bookings(db.session(), host, View.UNCONFIRMED, now),
        "days": [(day, list(booked)) for day, booked in days],
        "today": in_zone(now, host.time_zone).date(),
        "now": now,
        "next_cursor": page.next_cursor,
        "search": search,
        "longest_search": LONGEST_SEARCH,
        "narrowed": _narrowed(search),
        "event_types": list_event_types(db.session(), host),
        "is_first_page": "cursor" not in request.args,
        "public_url": current_config().base_url + url_for("profile.show", username=host.username),
        "can_note_absence": _can_note_absence,
        "mail_problems": problems(db.session(), host.id, [booking.uid for booking in page.bookings]),
    }


def _search() -> Search:
    """Return what the address narrows the list to."""
    words = request.args.get("q", "").strip()[:LONGEST_SEARCH]
    return Search(words, request.args.get("eventType", type=row_number))


def _narrowed(search: Search) -> dict[str, Any]:
    """Return what an address says of a search."""
    return {"q": search.words or None, "eventType": search.event_type_id}


def _can_note_absence(booking: Booking) -> bool:
    return booking.status == BookingStatus.ACCEPTED and booking.start_time <= clock.now()
