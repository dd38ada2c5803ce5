"""What a log is narrowed to, as its address says it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import has_request_context, request
from werkzeug.datastructures import MultiDict

from calhooks.delivery.models.deliveries import DeliveryState
from calhooks.delivery.status.log_query import NO_STATUS, LogQuery
from calhooks.events import TRIGGER_LABELS
from calhooks.web.http.row_numbers import row_number
from calhooks.web.site.team_pages import OF_TEAM
from calhooks.zones import zone_info

MAX_LOG_SEARCH_LENGTH = 200
WAITING = (DeliveryState.DUE, DeliveryState.BLOCKED)
STATES: Mapping[str, Sequence[DeliveryState]] = {
    "delivered": (DeliveryState.DELIVERED,),
    "failed": (DeliveryState.FAILED,),
    "waiting": WAITING,
    "dropped": (DeliveryState.DROPPED,),
}
# The log of all webhooks, as `from` of a delivery's address, to go back to.
FROM_ALL = "all"
# What a delivery's address and that of sending it again keep of the log's, to go back to.
_KEPT = ("q", "trigger", "code", "reason", "day", "webhook", "from")
_KEEPING = ("deliveries", "resend")
# Servers answer numbers that are no status, too.
_CODE = re.compile(rf"[1-9][0-9][0-9]|[1-9]xx|{NO_STATUS}")
_REASON = re.compile(r"[a-z_]{1,40}")
# Dates whose moments exist in every zone.
_YEARS = range(1970, 2200)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilters:
    """What a log is narrowed to, as typed, and `problems`: a sentence for each field that says nothing.

    Empty fields ask for everything, as do those with a problem. Only the log of all webhooks reads `webhook_id`.
    """

    state: str
    words: str
    trigger: str
    code: str
    reason: str
    day: str
    made: tuple[datetime, datetime] | None
    webhook_id: int | None
    problems: Mapping[str, str]

    @property
    def kept(self) -> dict[str, Any]:
        """Return what addresses of the log say of it."""
        fields = {"q": self.words, "trigger": self.trigger, "code": self.code, "reason": self.reason, "day": self.day}
        said = {"state": self.state} | {name: text for name, text in fields.items() if _is_kept(text)}
        return {name: said.get(name) or None for name in ("state", *fields)} | {"webhook": self.webhook_id}

    @property
    def is_narrowed(self) -> bool:
        """Tell whether something is asked for beside the state and the webhook."""
        return bool(self.words or self.trigger or self.code or self.reason or self.day)

    def query(self, endpoint_ids: Sequence[int]) -> LogQuery:
        """Return what is asked for, of these endpoints."""
        return LogQuery(
            endpoint_ids=endpoint_ids,
            states=STATES.get(self.state, ()),
            words="" if "q" in self.problems else self.words,
            trigger="" if "trigger" in self.problems else self.trigger,
            status="" if "code" in self.problems else self.code,
            failure=self.reason,
            made=self.made,
        )


def log_filters(asked: MultiDict[str, str], zone: str) -> LogFilters:
    """Return what an address asks for. Its day is of a time zone."""
    words, code, day = asked.get("q", "").strip(), asked.get("code", "").strip().lower(), asked.get("day", "").strip()
    trigger, reason = asked.get("trigger", ""), asked.get("reason", "")
    made, problems = _day(day, zone), {}
    if len(words) > MAX_LOG_SEARCH_LENGTH:
        problems["q"] = f"Search for at most {MAX_LOG_SEARCH_LENGTH} characters."
    if trigger and trigger not in TRIGGER_LABELS:
        problems["trigger"] = "Choose one of the events in the list."
    if code and not _CODE.fullmatch(code):
        problems["code"] = f"Enter a status such as 500 or 5xx, or “{NO_STATUS}” for no response."
    if day and made is None:
        problems["day"] = "Enter a date such as 2026-03-05."
    return LogFilters(
        state=shown_state(asked),
        words=words,
        trigger=trigger,
        code=code,
        reason=reason if _REASON.fullmatch(reason) else "",
        day=day,
        made=made,
        webhook_id=asked.get("webhook", type=row_number),
        problems=problems,
    )


def shown_state(asked: MultiDict[str, str]) -> str:
    """Return which deliveries the log shows; empty for all."""
    state = asked.get("state", "")
    return state if state in STATES else ""


def keep_filters(endpoint: str, values: dict[str, Any]) -> None:
    """Have links between a log and its deliveries keep what the log is narrowed to, unless they say something else."""
    if not has_request_context() or not request.args:
        return
    if all(name.removeprefix(OF_TEAM) in _KEEPING for name in (endpoint.partition(".")[0], request.blueprint or "")):
        for name in _KEPT:
            if _is_kept(request.args.get(name, "")):
                values.setdefault(name, request.args[name])


def _is_kept(text: str) -> bool:
    """Tell whether links repeat a field. A text that is too long to search for would only make each link long."""
    return 0 < len(text) <= MAX_LOG_SEARCH_LENGTH


def _day(text: str, zone: str) -> tuple[datetime, datetime] | None:
    """Return when a day begins and ends in a time zone, None if it is not a valid date."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    if day.year not in _YEARS:
        return None
    begins, ends = (
        datetime(each.year, each.month, each.day, tzinfo=zone_info(zone)) for each in (day, day + timedelta(days=1))
    )
    return begins, ends
