"""How the list of webhooks is shown: which ones, and in which order. Both are in the page's address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from flask import request

from calhooks.delivery.models.endpoints import InactiveReason
from calhooks.delivery.status.endpoint_status import EndpointCondition, EndpointStatus
from calhooks.events import TRIGGER_LABELS, Trigger
from calhooks.web.site.htmx import is_htmx
from calhooks.webhooks.models import Webhook

MAX_LIST_SEARCH_LENGTH = 100
# A shorter list is read faster than it is searched.
SEARCHED_FROM = 11
# The first is how the list is without a choice.
ORDERS = {"": "Oldest first", "newest": "Newest first", "name": "Name", "state": "State, failing first"}
_URGENCY = (
    EndpointCondition.FAILING,
    EndpointCondition.RETRYING,
    EndpointCondition.PAUSED,
    EndpointCondition.NEVER_CALLED,
    EndpointCondition.DELIVERED,
    EndpointCondition.OFF,
)


@dataclass(frozen=True, slots=True)
class ListView:
    """What is searched for, empty for nothing, and a key of ORDERS."""

    words: str
    order: str


def list_view() -> ListView:
    """Return how the list is to be shown, by the page's address: a dialog over the list has it in its own."""
    asked: Mapping[str, str] = request.args
    if is_htmx() and not {"find", "sort"} & request.args.keys():
        # After the first ? and before the first #, also in what no URL can be.
        query = request.headers.get("HX-Current-URL", "").partition("#")[0].partition("?")[2]
        asked = dict(parse_qsl(query))
    order = asked.get("sort", "")
    return ListView(asked.get("find", "").strip()[:MAX_LIST_SEARCH_LENGTH], order if order in ORDERS else "")


def list_query() -> dict[str, Any]:
    """Return the arguments for an address that shows the list as it is shown now."""
    view = list_view()
    return {name: value for name, value in (("find", view.words), ("sort", view.order)) if value}


def arranged(webhooks: Sequence[Webhook], view: ListView, status: Mapping[int, EndpointStatus]) -> list[Webhook]:
    """Return the webhooks that are searched for, in the order that was chosen. They come the oldest first."""
    words = view.words.casefold().split()
    found = [webhook for webhook in webhooks if all(word in _text(webhook) for word in words)]
    match view.order:
        case "newest":
            return found[::-1]
        case "name":
            return sorted(found, key=lambda webhook: webhook.endpoint.label.casefold())
        case "state":
            return sorted(found, key=lambda webhook: _urgency(status[webhook.endpoint_id]))
        case _:
            return found


def _text(webhook: Webhook) -> str:
    """Return what is searched of a webhook: its name, its URL and its events."""
    events = (f"{trigger} {TRIGGER_LABELS[Trigger(trigger)]}" for trigger in webhook.triggers)
    return " ".join((webhook.endpoint.name, webhook.endpoint.url, *events)).casefold()


def _urgency(status: EndpointStatus) -> int:
    """Return how soon its owner should look at it; lower is sooner."""
    if status.condition is EndpointCondition.OFF and status.off_reason not in (InactiveReason.OWNER, None):
        return -1
    return _URGENCY.index(status.condition)
