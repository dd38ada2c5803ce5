"""Write down how attempts ended, and what follows: the next try, the next of the sequence, the endpoint's health."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists, func, insert, literal_column, or_, select, update
from sqlalchemy.engine import Connection

from calhooks.db import UTCDateTime
from calhooks.delivery import counters
from calhooks.delivery.endpoint_state import EndpointState
from calhooks.delivery.models.deliveries import DeliveryState
from calhooks.delivery.notices import News, notify_owner
from calhooks.delivery.pump.claim import EARLIEST_DUE, Claim
from calhooks.delivery.pump.retries import next_attempt_at, parse_retry_after
from calhooks.delivery.pump.room import YOUNG_SECONDS
from calhooks.delivery.sending.sender import Result
from calhooks.delivery.tables import IS_OPEN, attempts, deliveries, endpoints

# How many others each success during a recovery brings forward: slow at first, twice as fast each time.
BROUGHT_FORWARD = 2
MAX_LOOKED_AT = 1000


@dataclass(frozen=True, slots=True)
class Finished:
    """A claim and how its attempt ended, `slot_ms` milliseconds after it was given to a thread."""

    claim: Claim
    result: Result
    slot_ms: int


@dataclass(frozen=True, slots=True)
class _Ended:
    """A recorded attempt: its delivery as it was before, and what changes about it."""

    result: Result
    slot_ms: int
    delivery: Any
    change: dict[str, Any]


def record_attempts(
    connection: Connection, finished: Sequence[Finished], *, waits: Sequence[float], now: datetime
) -> None:
    """Record attempts, in the order in which they ended. Those whose lease somebody else holds by now are left out."""
    # The endpoints are held first and in order, as by everyone who owes to them or claims from them.
    states = _hold_endpoints(connection, {each.claim.endpoint_id for each in finished})
    held = _held(connection, finished)
    mine = [each for each in finished if each.claim.delivery_id in held]
    if len(mine) < len(finished):
        _log_dropped(connection, [each for each in finished if each.claim.delivery_id not in held])
    if not mine:
        return
    connection.execute(insert(attempts), [_attempt(each) for each in mine])
    ended = [_ended(each, held[each.claim.delivery_id], waits, now) for each in mine]
    connection.execute(_CHANGE, [each.change for each in ended])
    _unblock(connection, ended, now)
    successes: dict[int, int] = defaultdict(int)
    news: list[News] = []
    for each in ended:
        if kind := states[each.delivery.endpoint_id].note(each.result, now):
            news.append(News(each.delivery.endpoint_id, kind, each.result.detail or ""))
        successes[each.delivery.endpoint_id] += each.result.succeeded
    for endpoint_id, count in successes.items():
        _bring_forward(connection, states[endpoint_id], count, now)
    connection.execute(_STATE, [_values(states[endpoint_id]) for endpoint_id in successes])
    if news:
        notify_owner(connection, news, now)
    counters.add(connection, _counts(ended, now))


_ENDPOINTS = (
    select(*(endpoints.c[name] for name in EndpointState.__slots__))
    .where(endpoints.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(endpoints.c.id)
    .with_for_update(key_share=True)
)
_STATE = (
    update(endpoints)
    .where(endpoints.c.id == bindparam("endpoint"))
    .values({name: bindparam(f"new_{name}") for name in EndpointState.__slots__ if name != "id"})
    .values(next_due_at=EARLIEST_DUE)
)
# Written as the partial index ix_deliveries_open_sequence has it, for SQLite.
_later = deliveries.alias("later")
_SOME_BLOCKED = exists().where(
    _later.c.endpoint_id == deliveries.c.endpoint_id,
    _later.c.sequence_key == deliveries.c.sequence_key,
    _later.c.state == DeliveryState.BLOCKED,
    literal_column("later.state IN ('blocked', 'due')"),
)
_HELD = (
    select(
        deliveries.c.id,
        deliveries.c.endpoint_id,
        deliveries.c.sequence_key,
        deliveries.c.ordered,
        deliveries.c.tries,
        deliveries.c.lease_token,
        deliveries.c.run_id,
        deliveries.c.created_at,
        _SOME_BLOCKED.label("followed"),
    )
    .where(deliveries.c.id.in_(bindparam("ids", expanding=True)), deliveries.c.state == DeliveryState.DUE)
    .with_for_update(key_share=True)
)
_DROPPED = select(deliveries.c.id, deliveries.c.attempt_count).where(
    deliveries.c.id.in_(bindparam("ids", expanding=True)), deliveries.c.state == DeliveryState.DROPPED
)
_CHANGE = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("delivery"))
    .values(
        state=bindparam("new_state"),
        due_at=bindparam("new_due_at"),
        not_before=bindparam("new_not_before"),
        tries=bindparam("new_tries"),
        last_attempt_at=bindparam("attempted_at"),
        last_status=bindparam("new_status"),
        finished_at=bindparam("new_finished_at"),
        lease_token=None,
    )
)
_HEADS = (
    select(func.min(deliveries.c.id).label("id"), deliveries.c.endpoint_id, deliveries.c.sequence_key)
    .where(
        deliveries.c.endpoint_id.in_(bindparam("endpoints", expanding=True)),
        deliveries.c.sequence_key.in_(bindparam("keys", expanding=True)),
        deliveries.c.state == DeliveryState.BLOCKED,
        IS_OPEN,
    )
    .group_by(deliveries.c.endpoint_id, deliveries.c.sequence_key)
)
_SET_DUE = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("delivery"))
    .values(state=DeliveryState.DUE, due_at=bindparam("now"))
)
_WAITING = (
    select(deliveries.c.id)
    .where(
        deliveries.c.endpoint_id == bindparam("endpoint"),
        deliveries.c.state == DeliveryState.DUE,
        deliveries.c.due_at > bindparam("now", type_=UTCDateTime),
        deliveries.c.lease_token.is_(None),
        deliveries.c.last_attempt_at < bindparam("recovering_since", type_=UTCDateTime),
        or_(deliveries.c.not_before.is_(None), deliveries.c.not_before <= bindparam("now", type_=UTCDateTime)),
    )
    .order_by(deliveries.c.due_at)
    .limit(MAX_LOOKED_AT)
    .subquery()
)
_OLDEST_WAITING = select(_WAITING.c.id).order_by(_WAITING.c.id).limit(bindparam("count"))


def _hold_endpoints(connection: Connection, endpoint_ids: set[int]) -> dict[int, EndpointState]:
    rows = connection.execute(_ENDPOINTS, {"ids": sorted(endpoint_ids)})
    return {row.id: EndpointState(*row) for row in rows}


def _values(state: EndpointState) -> dict[str, Any]:
    return {"endpoint": state.id} | {f"new_{name}": value for name, value in asdict(state).items() if name != "id"}


def _held(connection: Connection, finished: Sequence[Finished]) -> dict[int, Any]:
    tokens = {each.claim.delivery_id: each.claim.token for each in finished}
    rows = connection.execute(_HELD, {"ids": list(tokens)})
    return {row.id: row for row in rows if row.lease_token == tokens[row.id]}


def _log_dropped(connection: Connection, finished: Sequence[Finished]) -> None:
    """Log the attempts of deliveries that were dropped meanwhile: the receiver may have taken them all the same."""
    numbers = {each.claim.delivery_id: each.claim.number for each in finished}
    rows = connection.execute(_DROPPED, {"ids": list(numbers)})
    dropped = {row.id for row in rows if row.attempt_count == numbers[row.id]}
    if dropped:
        connection.execute(insert(attempts), [_attempt(each) for each in finished if each.claim.delivery_id in dropped])


def _attempt(finished: Finished) -> dict[str, Any]:
    claim, result = finished.claim, finished.result
    return {
        "delivery_id": claim.delivery_id,
        "number": claim.number,
        "started_at": result.started_at,
        "duration_ms": result.duration_ms,
        "url": claim.request.url,
        "request_headers": result.request_headers,
        "status": result.status,
        "response_headers": result.headers,
        "response_body": result.body,
        "response_truncated": result.truncated,
        "error": result.failure,
        "error_detail": result.detail,
    }


def _ended(finished: Finished, delivery: Any, waits: Sequence[float], now: datetime) -> _Ended:
    result, tries = finished.result, delivery.tries + 1
    retry_after = parse_retry_after(result.header("retry-after"), now)
    due_at = None if result.succeeded else next_attempt_at(now, tries=tries, waits=waits, retry_after=retry_after)
    if result.succeeded:
        state = DeliveryState.DELIVERED
    else:
        state = DeliveryState.DUE if due_at else DeliveryState.FAILED
    change = {
        "delivery": delivery.id,
        "new_state": state,
        "new_due_at": due_at,
        "new_not_before": now + retry_after if retry_after and due_at else None,
        "new_tries": tries,
        "attempted_at": result.started_at,
        "new_status": result.status,
        "new_finished_at": None if due_at else now,
    }
    return _Ended(result, finished.slot_ms, delivery, change)


def _counts(ended: Sequence[_Ended], now: datetime) -> Counter[tuple[str, str]]:
    """Return what is counted of attempts. What was sent again by hand says nothing about latency."""
    counts: Counter[tuple[str, str]] = Counter()
    for each in ended:
        counts[counters.ATTEMPTS, counters.status_class(each.result.status)] += 1
        counts[counters.SLOT_MS, ""] += min(each.slot_ms, round(YOUNG_SECONDS * 1000))
        if each.change["new_state"] != DeliveryState.DUE:
            counts[counters.DELIVERIES, str(each.change["new_state"])] += 1
        if each.result.succeeded and each.delivery.ordered and each.delivery.run_id is None:
            counters.latency(counts, each.delivery.created_at, now)
    return counts


def _unblock(connection: Connection, ended: Sequence[_Ended], now: datetime) -> None:
    """Make the next delivery of each sequence due whose head is over."""
    over = {
        (each.delivery.endpoint_id, each.delivery.sequence_key)
        for each in ended
        if each.delivery.ordered and each.delivery.followed and each.change["new_state"] != DeliveryState.DUE
    }
    if not over:
        return
    query = {"endpoints": list({endpoint for endpoint, _ in over}), "keys": [key for _, key in over]}
    heads = connection.execute(_HEADS, query).all()
    _set_due(connection, [row.id for row in heads if (row.endpoint_id, row.sequence_key) in over], now)


def _bring_forward(connection: Connection, state: EndpointState, successes: int, now: datetime) -> None:
    """Let what failed while the endpoint was down go out, a few more with each success, so as not to bury it."""
    if state.recovering_since is None or not successes:
        return
    query = {
        "endpoint": state.id,
        "now": now,
        "recovering_since": state.recovering_since,
        "count": successes * BROUGHT_FORWARD,
    }
    found = connection.execute(_OLDEST_WAITING, query).scalars().all()
    _set_due(connection, found, now)
    if not found:
        state.recovering_since = None


def _set_due(connection: Connection, delivery_ids: Sequence[int], now: datetime) -> None:
    if delivery_ids:
        connection.execute(_SET_DUE, [{"delivery": each, "now": now} for each in delivery_ids])
