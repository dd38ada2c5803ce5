"""A question to the log as SQL conditions, for both databases, over a bounded number of deliveries."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Subquery,
    Text,
    and_,
    bindparam,
    cast,
    collate,
    func,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from calhooks.delivery.models.deliveries import Attempt, Delivery, DeliveryState, Event
from calhooks.delivery.outbox import OPEN_STATES
from calhooks.delivery.status.given_up import NO_BODY, UNKNOWN

# How many of the newest deliveries are looked through for conditions without an index.
MAX_SEARCHED = 10_000
# A booking has a handful of events.
MAX_NAMED = 500
NO_STATUS = "none"
_ENDED = (DeliveryState.FAILED, DeliveryState.DROPPED)
# Written as the partial index ix_deliveries_not_delivered has it, for SQLite.
_NOT_DELIVERED: ColumnElement[bool] = literal_column("deliveries.state IN ('failed', 'dropped')")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """Which deliveries of which endpoints are asked for. What is empty asks for all.

    `words` are looked for in the booking's title, uid, names and email addresses, in the webhook-id and in the bodies,
    whatever their (ASCII) case. `status` is "500", "5xx", or NO_STATUS for no response; `failure` is a reason
    of status/given_up.py that is no status. They were made from the first to before the second moment of `made`.
    `only` these ids are asked for, where `with_named` has found what the words name.
    """

    endpoint_ids: Sequence[int]
    states: Sequence[DeliveryState] = ()
    words: str = ""
    trigger: str = ""
    status: str = ""
    failure: str = ""
    made: tuple[datetime, datetime] | None = None
    only: Sequence[int] | None = None

    @property
    def is_narrowed(self) -> bool:
        """Tell whether there are conditions without an index."""
        return bool(self.words or self.trigger or self.status or self.failure)


@dataclass(frozen=True, slots=True)
class IdSpan:
    """Deliveries from the id `first` to before the id `end`; None for no limit."""

    first: int | None = None
    end: int | None = None

    def of(self, column: InstrumentedAttribute[int]) -> list[ColumnElement[bool]]:
        """Return the conditions."""
        lower = [column >= self.first] if self.first is not None else []
        return lower + ([column < self.end] if self.end is not None else [])

    def within(self, first: int | None, end: int | None) -> "IdSpan":
        """Return the part that is also in another span."""
        firsts = [each for each in (self.first, first) if each is not None]
        ends = [each for each in (self.end, end) if each is not None]
        return IdSpan(max(firsts, default=None), min(ends, default=None))


def with_named(session: Session, asked: LogQuery) -> LogQuery:
    """Return the question with the ids of the deliveries in place of words that are a booking's uid or a webhook-id."""
    if not asked.words:
        return asked
    events = session.scalars(
        select(Event.id).where(or_(Event.message_id == asked.words, Event.subject == asked.words)).limit(MAX_NAMED)
    ).all()
    if not events:
        return asked
    found = session.execute(
        select(Delivery.id, Delivery.endpoint_id).where(Delivery.event_id.in_(events)).limit(MAX_SEARCHED)
    )
    ids = [row.id for row in found if row.endpoint_id in asked.endpoint_ids]
    return replace(asked, words="", only=ids) if ids else asked


def looked_through(session: Session, asked: LogQuery, span: IdSpan, *, is_counted: bool = False) -> IdSpan:
    """Return the part of a span that is looked through: the newest 10,000 deliveries if no index answers.

    Where all that is found is counted, also if one does.
    """
    if asked.only is not None or (asked.states and set(asked.states) <= set(OPEN_STATES) and _few_open(session, asked)):
        return span
    is_ended = bool(asked.states) and set(asked.states) <= set(_ENDED)
    if not is_counted and not asked.is_narrowed and (is_ended or not asked.states):
        return span
    return _window(session, asked.endpoint_ids, asked.states if is_ended else (), span)


def matching(session: Session, asked: LogQuery, span: IdSpan, limit: int | None = None) -> Subquery:
    """Return the ids and states of the deliveries asked for within a span: of each endpoint the newest `limit`."""
    dialect = session.get_bind().dialect.name
    conditions = [*span.of(Delivery.id), *in_states(dialect, asked.states), *_conditions(session, asked)]
    # Few are open: they are found by their state and put in order, not looked for through the log.
    is_open = bool(asked.states) and set(asked.states) <= set(OPEN_STATES)
    order = -Delivery.id if is_open and span.first is None else Delivery.id.desc()
    of_each: list[ColumnElement[bool]] = [Delivery.endpoint_id == each for each in asked.endpoint_ids]
    if asked.only is not None:
        # Once for all: databases limit how many ids a statement has.
        of_each = [Delivery.endpoint_id.in_(asked.endpoint_ids)]
    parts: list[Any] = []
    for of_endpoint in of_each:
        part = select(Delivery.id, Delivery.state).where(of_endpoint, *conditions)
        parts.append(part if limit is None else part.order_by(order).limit(limit))
    return _one_of(parts)


_FROM = select(Delivery.id, Delivery.created_at).where(Delivery.id >= bindparam("first")).order_by(Delivery.id).limit(1)


def first_made_at(session: Session, moment: datetime, low: int = 0) -> int:
    """Return the first id, from `low` on, of a delivery made at a moment or later, by bisection: ids grow with time."""
    connection = session.connection()
    high = (connection.scalar(select(func.max(Delivery.id))) or 0) + 1
    while low < high:
        middle = (low + high) // 2
        row = connection.execute(_FROM, {"first": middle}).first()
        if row is None or row.created_at >= moment:
            high = middle
        else:
            low = row.id + 1
    return low


def _window(session: Session, endpoint_ids: Sequence[int], states: Sequence[DeliveryState], span: IdSpan) -> IdSpan:
    """Return the newest 10,000 of a span. An index alone is read."""
    parts = []
    for endpoint_id in endpoint_ids:
        part = select(Delivery.id).where(
            Delivery.endpoint_id == endpoint_id,
            *in_states(session.get_bind().dialect.name, states),
            *span.of(Delivery.id),
        )
        parts.append(part.order_by(Delivery.id.desc()).limit(MAX_SEARCHED))
    found = _one_of(parts)
    last = session.scalar(select(found.c.id).order_by(found.c.id.desc()).offset(MAX_SEARCHED - 1).limit(1))
    return span.within(last, None)


def _few_open(session: Session, asked: LogQuery) -> bool:
    open_ones = select(Delivery.id).where(Delivery.endpoint_id.in_(asked.endpoint_ids), Delivery.state.in_(OPEN_STATES))
    some = open_ones.limit(MAX_SEARCHED).subquery()
    return (session.scalar(select(func.count()).select_from(some)) or 0) < MAX_SEARCHED


def _one_of(parts: Sequence[Any]) -> Subquery:
    """Put the parts of several endpoints together. Each has its own order and limit."""
    if len(parts) == 1:
        alone: Subquery = parts[0].subquery()
        return alone
    together: Subquery = union_all(*(select(part.subquery()) for part in parts)).subquery()
    return together


def in_states(dialect: str, states: Sequence[DeliveryState]) -> list[ColumnElement[bool]]:
    """Return the conditions for being in one of some states, as a database finds the index for them."""
    if not states:
        return []
    # PostgreSQL finds the index without it, and with it expects so few rows that it sorts them all.
    says_index = dialect == "sqlite" and set(states) <= set(_ENDED)
    ended = [_NOT_DELIVERED] if says_index else []
    return [Delivery.state == states[0] if len(states) == 1 else Delivery.state.in_(states), *ended]


def _conditions(session: Session, asked: LogQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if asked.only is not None:
        conditions.append(Delivery.id.in_(asked.only))
    if asked.made:
        conditions += [Delivery.created_at >= asked.made[0], Delivery.created_at < asked.made[1]]
    if asked.trigger or asked.words:
        conditions.append(_is_of_event(session, asked))
    if asked.status:
        conditions.append(_answered(asked.status))
    if asked.failure:
        conditions.append(_failed_with(asked.failure))
    return conditions


def _is_of_event(session: Session, asked: LogQuery) -> ColumnElement[bool]:
    """Return the condition for the event, which is looked up for each delivery.

    Joined, PostgreSQL would read through all events from the oldest on.
    """
    trigger = [Event.trigger == asked.trigger] if asked.trigger else []
    words = [_says(session, asked.words)] if asked.words else []
    found = select(and_(*trigger, *words)).where(Event.id == Delivery.event_id)
    return found.correlate(Delivery).scalar_subquery()


def _answered(status: str) -> ColumnElement[bool]:
    if status == NO_STATUS:
        return Delivery.last_status.is_(None) & (Delivery.attempt_count > 0)
    if status.endswith("xx"):
        return Delivery.last_status.between(int(status[0]) * 100, int(status[0]) * 100 + 99)
    return Delivery.last_status == int(status)


def _failed_with(failure: str) -> ColumnElement[bool]:
    if failure == NO_BODY:
        return Delivery.error.is_not(None)
    last = select(Attempt.error).where(Attempt.delivery_id == Delivery.id, Attempt.number == Delivery.attempt_count)
    return func.coalesce(last.scalar_subquery(), UNKNOWN) == failure


def _says(session: Session, words: str) -> ColumnElement[bool]:
    """Return the condition that a delivery or its event has these words somewhere."""
    dialect = session.get_bind().dialect.name
    # As they are in JSON, where that is something else.
    needles = dict.fromkeys([words, json.dumps(words, ensure_ascii=False)[1:-1]])
    return or_(
        _has(Event.summary, words, dialect),
        _has(Event.message_id, words, dialect),
        *(_has(body, needle, dialect) for needle in needles for body in (Event.payload, Delivery.body)),
    )


def _has(column: InstrumentedAttribute[Any], needle: str, dialect: str) -> ColumnElement[bool]:
    """Return the condition that a column has a text in it, whatever the case of its ASCII letters."""
    lowered = needle.encode().lower()
    is_bytes = isinstance(column.type, LargeBinary)
    if dialect == "sqlite":
        return func.instr(func.lower(cast(column, Text) if is_bytes else column), lowered.decode()) > 0
    # Not as UTF-8: a body may be none. Its bytes are compared, other than ASCII as three octal digits.
    text = func.encode(column, "escape") if is_bytes else column
    sought = _escaped(lowered) if is_bytes else lowered.decode()
    return func.strpos(func.lower(collate(text, "C")), sought) > 0


def _escaped(text: bytes) -> str:
    """Return what PostgreSQL's encode(…, 'escape') makes of bytes."""
    return "".join(f"\\{byte:03o}" if byte == 0 or byte > 127 else "\\\\" if byte == 92 else chr(byte) for byte in text)
