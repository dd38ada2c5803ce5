"""A filter tried on the bookings that were made last: which of them it would have sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from calhooks import clock
from calhooks.config import current_config
from calhooks.db import db
from calhooks.events import Trigger
from calhooks.scheduling.bookings.events import supposed_event
from calhooks.scheduling.bookings.lookups import recent_bookings
from calhooks.scheduling.models.bookings import Booking, BookingHost
from calhooks.web.site.access import owner
from calhooks.web.webhooks.form.choices import known_to_owner
from calhooks.web.webhooks.form.fields import WebhookForm
from calhooks.webhooks.body.payload import build_payload
from calhooks.webhooks.editor.filter_variables import near_metadata
from calhooks.webhooks.editor.recorded import latest_bodies
from calhooks.webhooks.filters.conditions import WebhookFilter
from calhooks.webhooks.filters.matching import JudgedEvent, meets, unmet
from calhooks.webhooks.filters.typed import condition_errors, filter_errors, filter_to_keep
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.settings.reach import typed_reach
from calhooks.webhooks.settings.validation import WebhookValues, chosen_triggers, scope_error


@dataclass(frozen=True, slots=True)
class TriedBooking:
    """A booking, and what it lacks to be sent, such as ("metadata.plan", "free"); None if it would be sent."""

    booking: Booking
    lacks: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class FilterTrial:
    """The bookings that a webhook is told of, newest first, or a `problem` that keeps the filter from being tried.

    `hints` name variables that were probably meant.
    """

    bookings: Sequence[TriedBooking] = ()
    problem: str = ""
    hints: Sequence[str] = field(default_factory=list)

    @property
    def sent(self) -> int:
        """Return how many of the bookings would be sent."""
        return sum(tried.lacks is None for tried in self.bookings)


def filter_trial(form: WebhookForm, stored: Webhook | None) -> FilterTrial | None:
    """Return what a filter as typed would have sent, None where there are no conditions."""
    typed, values = form.filter.data, form.values()
    if not form.filter.rows:
        return None
    if filter_errors(typed):
        return FilterTrial(problem=_first_problem(form))
    wanted = filter_to_keep(typed, WebhookFilter())
    hints = list(near_metadata(typed, known_to_owner(owner())))
    bookings = [booking for booking in recent_bookings(db.session(), owner()) if _is_told(booking, values, stored)]
    bodies = _bodies(bookings, chosen_triggers(values) or [Trigger.BOOKING_CREATED])
    return FilterTrial([_tried(booking, wanted, bodies[booking.uid]) for booking in bookings], hints=hints)


def _first_problem(form: WebhookForm) -> str:
    problems, places = condition_errors(form.filter.data), [number for number, _ in form.filter.rows]
    found = ((place, problems[number]) for place, number in enumerate(places, 1) if number in problems)
    place, problem = next(found, (0, ""))
    return f"Condition {place}: {problem}" if place else " ".join(filter_errors(form.filter.data).values())


def _tried(booking: Booking, wanted: WebhookFilter, body: Mapping[str, Any]) -> TriedBooking:
    event = JudgedEvent(body)
    return TriedBooking(booking, None if meets(wanted, event) else unmet(wanted, event))


def _is_told(booking: Booking, values: WebhookValues, stored: Webhook | None) -> bool:
    """Tell whether the event types of the webhook let it be told of a booking."""
    if scope_error(values):
        return True
    reach = typed_reach(values, stored)
    about = Webhook(triggers=[""], scope=reach.scope, event_type_ids=list(reach.event_type_ids))
    return about.hears("", booking.event_type_id, booking.team_id)


def _bodies(bookings: Sequence[Booking], triggers: Sequence[Trigger]) -> dict[str, dict[str, Any]]:
    """Return the last body of each booking; without a recorded event, as if the first trigger happened now."""
    recorded = latest_bodies(db.session(), owner(), [booking.uid for booking in bookings], triggers)
    missing = [booking for booking in bookings if booking.uid not in recorded]
    _load([booking.id for booking in missing])
    base_url, now = current_config().base_url, clock.now()
    as_if = {each.uid: build_payload(supposed_event(each, triggers[0], now), base_url) for each in missing}
    return recorded | as_if


def _load(numbers: Sequence[int]) -> None:
    """Read what the bodies of bookings are made of, all at once."""
    if numbers:
        hosts = selectinload(Booking.co_hosts).joinedload(BookingHost.host)
        whole = (joinedload(Booking.host), joinedload(Booking.team), joinedload(Booking.rescheduled_from), hosts)
        db.session.scalars(select(Booking).where(Booking.id.in_(numbers)).options(*whole)).all()
