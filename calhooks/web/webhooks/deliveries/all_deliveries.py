"""The deliveries of all webhooks, and whether a booking has arrived everywhere."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from flask import Blueprint, abort, request, url_for
from sqlalchemy import select

from calhooks.db import db
from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.delivery.status.arrivals import arrivals
from calhooks.delivery.status.delivery_status import delivery_status
from calhooks.scheduling.bookings.reading.filtered import filtered_out
from calhooks.scheduling.models.bookings import Booking
from calhooks.web.site.access import account, owner, sees_owners
from calhooks.web.site.htmx import is_htmx, page_or_part
from calhooks.web.webhooks.deliveries.log_filters import FROM_ALL, WAITING, LogFilters, log_filters
from calhooks.web.webhooks.deliveries.log_page import delivery_links, listing
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.settings.subscriptions import list_webhooks

blueprint = Blueprint("all_deliveries", __name__, url_prefix="/integrations/deliveries")


@blueprint.get("")
@sees_owners
def index() -> tuple[str, int]:
    """Show the log of all webhooks, or of one of them, newest first; to htmx, the part of it that was asked for."""
    filters = log_filters(request.args, account().time_zone)
    webhooks = list_webhooks(db.session(), owner())
    shown = [each for each in webhooks if filters.webhook_id in (None, each.id)]
    if filters.webhook_id is not None and not shown:
        abort(404)
    context = listing(filters, [each.endpoint_id for each in shown], partial(url_for, "all_deliveries.index"))
    context |= {"webhooks": webhooks, "webhook_of": {each.endpoint_id: each for each in webhooks}}
    context["delivery_at"] = delivery_links(filters.kept | {"from": FROM_ALL})
    if not is_htmx():
        context["arrived"] = _arrived(webhooks, filters)
    page = page_or_part("webhooks/log/all", "_all_list", **context)
    return page, 422 if filters.problems else 200


def _arrived(webhooks: Sequence[Webhook], filters: LogFilters) -> dict[str, Any] | None:
    """Return where the booking has arrived whose uid is searched for, by webhook; None where that is none."""
    if not filters.words:
        return None
    found = arrivals(db.session(), [each.endpoint_id for each in webhooks], _reschedules(filters.words))
    deliveries = [delivery for each in found.values() for delivery in each]
    if not deliveries:
        return None
    states = {DeliveryState(delivery.state) for delivery in deliveries}
    return {
        "summary": deliveries[-1].event.summary,
        "webhooks": [(each, found.get(each.endpoint_id, [])) for each in webhooks],
        "filtered": _filtered(found),
        "status": {delivery.id: delivery_status(delivery) for delivery in deliveries},
        "is_complete": states == {DeliveryState.DELIVERED},
        "is_waiting": bool(states & set(WAITING)),
        "is_missing": bool(states & {DeliveryState.FAILED, DeliveryState.DROPPED}),
    }


def _reschedules(uid: str) -> Sequence[str]:
    """Return the uid of a booking with those it was rescheduled from and to; the uid alone for no booking's."""
    root = select(Booking.root_uid).where(Booking.uid == uid).scalar_subquery()
    return db.session.scalars(select(Booking.uid).where(Booking.root_uid == root)).all() or [uid]


def _filtered(found: Mapping[int, Sequence[Delivery]]) -> set[int]:
    """Return the webhooks, by their ids, whose conditions at least one of the events did not meet."""
    events = {delivery.event_id: delivery.event for deliveries in found.values() for delivery in deliveries}
    told: dict[int, set[int]] = {}
    for endpoint_id, deliveries in found.items():
        for delivery in deliveries:
            told.setdefault(delivery.event_id, set()).add(endpoint_id)
    kept_from = filtered_out(db.session(), owner(), list(events.values()), told)
    return {webhook.id for webhooks in kept_from.values() for webhook in webhooks}
