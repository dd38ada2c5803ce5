"""A page of a log: of one webhook, or of all."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from flask import request, url_for

from calhooks import clock
from calhooks.db import db
from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.delivery.resending import earlier_ones
from calhooks.delivery.status import log
from calhooks.delivery.status.delivery_status import delivery_status
from calhooks.delivery.status.log_query import MAX_SEARCHED
from calhooks.events import TRIGGER_LABELS
from calhooks.web.http.row_numbers import row_number
from calhooks.web.site.htmx import is_htmx
from calhooks.web.webhooks.context import SOON_SECONDS
from calhooks.web.webhooks.deliveries.log_filters import MAX_LOG_SEARCH_LENGTH, STATES, WAITING, LogFilters
from calhooks.webhooks.models import Webhook

# Enough for everything that can have come between two polls.
NEWER = 500
TABS = {"": "All", "delivered": "Delivered", "failed": "Failed", "waiting": "Waiting", "dropped": "Dropped"}
# How often a log asks for what is new, in seconds: when something is about to happen, and otherwise.
POLL_SOON, POLL = 4, 20


def listing(filters: LogFilters, endpoint_ids: Sequence[int], link: Callable[..., str]) -> dict[str, Any]:
    """Return the log from its top, from `before` on, or everything not older than `since`.

    `link` makes addresses of this log, of what they say.
    """
    before, since = request.args.get("before", type=row_number), request.args.get("since", type=row_number)
    asked = filters.query(endpoint_ids)
    is_poll = since is not None and is_htmx()
    counts: Mapping[DeliveryState, int] | None = None
    if before is None and since is None:
        page, counts = log.first_page(db.session(), asked)
    else:
        page = log.page(db.session(), asked, before=before, since=since, size=log.PAGE if since is None else NEWER)
        # What is searched for is not counted again and again.
        if not is_htmx() or not filters.is_narrowed:
            counts = log.first_page(db.session(), asked)[1]
    waits_for = earlier_ones(db.session(), page.deliveries)
    soon = any(seconds_left(delivery) < SOON_SECONDS for delivery in page.deliveries) and not filters.words

    def log_at(**changes: Any) -> str:
        return link(**(filters.kept | changes))

    return {
        "deliveries": page.deliveries,
        "waits_for": waits_for,
        "delivery_status": {each.id: delivery_status(each) for each in (*page.deliveries, *waits_for.values())},
        "older": page.older if since is None else None,
        "is_cut": page.is_cut,
        "poll": None if before is not None else (POLL_SOON if soon else POLL),
        "state": filters.state,
        "filters": filters,
        "delivery_at": delivery_links(filters.kept),
        "log_at": log_at,
        "labels": TRIGGER_LABELS,
        "tabs": TABS,
        "counts": None if counts is None else _tab_counts(counts),
        "most_searched": MAX_SEARCHED,
        "longest_search": MAX_LOG_SEARCH_LENGTH,
        # What is above the log belongs to what is asked for again and again.
        "with_health": is_poll,
    }


def delivery_links(kept: Mapping[str, Any]) -> Callable[[Webhook, Delivery], str]:
    """Return what gives the addresses of deliveries, which keep what the log is narrowed to.

    Flask is asked once for each webhook: it takes longer over an address than all else in a row of the log does.
    """

    @cache
    def around(webhook_id: int) -> tuple[str, str]:
        url = url_for("deliveries.show", webhook_id=webhook_id, delivery_id=0, **kept)
        before, _, after = url.partition("/deliveries/0")
        return before, after

    def delivery_at(webhook: Webhook, delivery: Delivery) -> str:
        before, after = around(webhook.id)
        return f"{before}/deliveries/{delivery.id}{after}"

    return delivery_at


def seconds_left(delivery: Delivery) -> float:
    """Return how long it is until something happens to a delivery; infinity when nothing will."""
    if delivery.state not in WAITING or not delivery.due_at:
        return float("inf")
    return (delivery.due_at - clock.now()).total_seconds()


def _tab_counts(counts: Mapping[DeliveryState, int]) -> dict[str, str]:
    """Return how many deliveries each tab has, as the page writes it: exactly up to 9,999."""
    numbers = {name: sum(counts.get(state, 0) for state in states) for name, states in STATES.items()}
    numbers[""] = sum(numbers.values())
    return {
        name: f"{number:,}" if number < MAX_SEARCHED else f"{MAX_SEARCHED - 1:,}+" for name, number in numbers.items()
    }
