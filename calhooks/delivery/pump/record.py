"""Write down how attempts ended, and what follows: the next try, the next of the sequence, the endpoint's health."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, exists, func, literal_column, select, update
from sqlalchemy.engine import Connection

from calhooks.db import UTCDateTime
from calhooks.delivery import run_counts
from calhooks.delivery.counting import counters, statistics
from calhooks.delivery.endpoint_state import STATE_COLUMNS, AttemptAnswer, EndpointState
from calhooks.delivery.models.deliveries import DeliveryState
from calhooks.delivery.notices import News, notify_owner
from calhooks.delivery.pump.attempt_log import write_attempts
from calhooks.delivery.pump.claim import EARLIEST_BEHIND_GATE, EARLIEST_DUE
from calhooks.delivery.pump.ended import Ended, Finished, counts_of, statistics_of
from calhooks.delivery.pump.outcome import DeliveryOutcome, outcome
from calhooks.delivery.pump.recovery import bring_forward
from calhooks.delivery.tables import IS_OPEN, attempts, deliveries, endpoints


def record_attempts(
    connection: Connection, finished: Sequence[Finished], *, waits: Sequence[float], now: datetime
) -> datetime | None:
    """Record attempts, in the order in which they ended. Those whose lease somebody else holds by now are left out.

    Returns when the first of the endpoints that have to wait for their pace may be sent to again; None where none has.
    """
    # The endpoints are held first and in order, as by everyone who owes to them or claims from them.
    states, urls = _hold_endpoints(connection, {each.claim.endpoint_id for each in finished})
    held = _held(connection, finished)
    mine = [each for each in finished if each.claim.delivery_id in held]
    if len(mine) < len(finished):
        _log_dropped(connection, [each for each in finished if each.claim.delivery_id not in held])
    if not mine:
        return None
    write_attempts(connection, [_attempt(each) for each in mine])
    ended = [_ended(each, held[each.claim.delivery_id], states, urls, waits, now) for each in mine]
    _change_deliveries(connection, ended, now)
    _unblock(connection, ended, now)
    news = _note(states, ended, now)
    for state in states.values():
        bring_forward(connection, state, now)
    _write_states(connection, states.values(), now)
    if news:
        notify_owner(connection, news, now)
    run_counts.count_ended(connection, ((each.delivery.run_id, each.outcome.state) for each in ended))
    counters.add(connection, counts_of(ended, now))
    statistics.count_attempts(connection, statistics_of(mine))
    return min(filter(None, (state.pace.gate(now) for state in states.values())), default=None)


_ENDPOINTS = (
    select(*(endpoints.c[name] for name in STATE_COLUMNS), endpoints.c.url)
    .where(endpoints.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(endpoints.c.id)
    .with_for_update(key_share=True)
)
_SET_STATE = (
    update(endpoints)
    .where(endpoints.c.id == bindparam("endpoint"))
    .values({name: bindparam(f"new_{name}") for name in STATE_COLUMNS if name != "id"})
)
_STATE = _SET_STATE.values(next_due_at=EARLIEST_DUE)
_PACED_STATE = _SET_STATE.values(next_due_at=EARLIEST_BEHIND_GATE)
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
        deliveries.c.scheduled_at,
        deliveries.c.refusals,
        deliveries.c.refused_since,
        deliveries.c.lease_token,
        deliveries.c.run_id,
        deliveries.c.resent_at,
        deliveries.c.created_at,
        _SOME_BLOCKED.label("followed"),
    )
    .where(deliveries.c.id.in_(bindparam("ids", expanding=True)), deliveries.c.state == DeliveryState.DUE)
    .with_for_update(key_share=True)
)
_DROPPED = select(deliveries.c.id, deliveries.c.attempt_count).where(
    deliveries.c.id.in_(bindparam("ids", expanding=True)), deliveries.c.state == DeliveryState.DROPPED
)
_SET_OUTCOME = update(deliveries).values(
    state=bindparam("new_state"),
    due_at=bindparam("new_due_at"),
    not_before=bindparam("new_not_before"),
    scheduled_at=bindparam("new_scheduled_at"),
    tries=bindparam("new_tries"),
    refusals=bindparam("new_refusals"),
    refused_since=bindparam("new_refused_since"),
    last_status=bindparam("new_status"),
    finished_at=bindparam("new_finished_at"),
    lease_token=None,
)
_CHANGE = _SET_OUTCOME.values(last_attempt_at=bindparam("attempted_at")).where(deliveries.c.id == bindparam("delivery"))
# Many at once, whose attempts are written already.
_CHANGE_ALIKE = _SET_OUTCOME.values(
    last_attempt_at=select(attempts.c.started_at)
    .where(attempts.c.delivery_id == deliveries.c.id, attempts.c.number == deliveries.c.attempt_count)
    .scalar_subquery()
).where(deliveries.c.id.in_(bindparam("ids", expanding=True)))
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
_NOW = bindparam("now", type_=UTCDateTime)
_SET_DUE = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("delivery"))
    .values(
        state=DeliveryState.DUE,
        # One that had to let an earlier one go first keeps its schedule, and the wait that its receiver asked for.
        due_at=case((deliveries.c.not_before > _NOW, deliveries.c.not_before), else_=_NOW),
        scheduled_at=func.coalesce(deliveries.c.scheduled_at, _NOW),
    )
)


def _hold_endpoints(connection: Connection, endpoint_ids: set[int]) -> tuple[dict[int, EndpointState], dict[int, str]]:
    """Lock endpoints and return, by their ids, their states and their URLs."""
    rows = connection.execute(_ENDPOINTS, {"ids": sorted(endpoint_ids)}).all()
    return {row.id: EndpointState.of(row[:-1]) for row in rows}, {row.id: row.url for row in rows}


def _write_states(connection: Connection, states: Iterable[EndpointState], now: datetime) -> None:
    """Write endpoints back, and when the claim must look at them next: that have a pace, not before it lets one go."""
    for statement, is_open in ((_STATE, True), (_PACED_STATE, False)):
        values = [
            {"endpoint": state.id, "gate": state.pace.gate(now)}
            | {f"new_{name}": value for name, value in state.values().items() if name != "id"}
            for state in states
            if state.pace.is_open is is_open
        ]
        if values:
            connection.execute(statement, values)


def _note(states: Mapping[int, EndpointState], ended: Sequence[Ended], now: datetime) -> list[News]:
    """Let each endpoint take its attempts into account, and return what the owners have to be told of."""
    news: list[News] = []
    for endpoint_id, state in states.items():
        mine = [each for each in ended if each.delivery.endpoint_id == endpoint_id]
        told = state.note([_answer(each, now) for each in mine if not each.elsewhere], now)
        news += [News(endpoint_id, kind, result.detail or "") for kind, result in told]
        if any(each.outcome.state is DeliveryState.FAILED for each in mine):
            state.given_up_at = state.given_up_at or now
    return news


def _answer(ended: Ended, now: datetime) -> AttemptAnswer:
    result, delivery = ended.finished.result, ended.delivery
    wait = (ended.outcome.due_at or now) - now if result.refused else None
    repeats = delivery.refusals if result.refused else delivery.tries
    return AttemptAnswer(result, asked=ended.finished.claim.asked, refused=wait, repeats=repeats)


def _held(connection: Connection, finished: Sequence[Finished]) -> dict[int, Any]:
    tokens = {each.claim.delivery_id: each.claim.token for each in finished}
    rows = connection.execute(_HELD, {"ids": list(tokens)})
    return {row.id: row for row in rows if row.lease_token == tokens[row.id]}


def _log_dropped(connection: Connection, finished: Sequence[Finished]) -> None:
    """Log the attempts of deliveries that were dropped meanwhile: the receiver may have taken them all the same."""
    numbers = {each.claim.delivery_id: each.claim.number for each in finished}
    rows = connection.execute(_DROPPED, {"ids": list(numbers)})
    dropped = {row.id for row in rows if row.attempt_count == numbers[row.id]}
    logged = [each for each in finished if each.claim.delivery_id in dropped]
    if logged:
        write_attempts(connection, [_attempt(each) for each in logged])
        statistics.count_attempts(connection, statistics_of(logged))


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


def _ended(
    finished: Finished,
    delivery: Any,
    states: Mapping[int, EndpointState],
    urls: Mapping[int, str],
    waits: Sequence[float],
    now: datetime,
) -> Ended:
    refusing_since = states[delivery.endpoint_id].pace.refusing_since
    end = outcome(delivery, finished.result, waits, now, refusing_since)
    elsewhere = finished.claim.request.url != urls[delivery.endpoint_id]
    if elsewhere and end.state is DeliveryState.DUE:
        # The new receiver has neither failed nor asked to wait.
        end = replace(end, due_at=now, not_before=None, refused_since=None)
    return Ended(finished, delivery, end, elsewhere)


def _change_deliveries(connection: Connection, ended: Sequence[Ended], now: datetime) -> None:
    """Write what became of deliveries: in one statement for all that ended alike, as most do."""
    alike: dict[tuple[DeliveryOutcome, int | None], list[Ended]] = {}
    for each in ended:
        alike.setdefault((each.outcome, each.finished.result.status), []).append(each)
    single: list[dict[str, Any]] = []
    for first, *others in alike.values():
        change, ids = _change(first, now), [each.delivery.id for each in (first, *others)]
        if others:
            connection.execute(_CHANGE_ALIKE, change | {"ids": ids})
        else:
            single.append(change | {"delivery": ids[0], "attempted_at": first.finished.result.started_at})
    if single:
        connection.execute(_CHANGE, single)


def _change(ended: Ended, now: datetime) -> dict[str, Any]:
    values = {"new_status": ended.finished.result.status, "new_finished_at": now if ended.is_over else None}
    return values | {f"new_{name}": getattr(ended.outcome, name) for name in DeliveryOutcome.__slots__}


def _unblock(connection: Connection, ended: Sequence[Ended], now: datetime) -> None:
    """Make the next delivery of each sequence due whose head is over."""
    over = {
        (each.delivery.endpoint_id, each.delivery.sequence_key)
        for each in ended
        if each.delivery.ordered and each.delivery.followed and each.is_over
    }
    if not over:
        return
    query = {"endpoints": list({endpoint for endpoint, _ in over}), "keys": [key for _, key in over]}
    heads = connection.execute(_HEADS, query).all()
    first = [row.id for row in heads if (row.endpoint_id, row.sequence_key) in over]
    if first:
        connection.execute(_SET_DUE, [{"delivery": each, "now": now} for each in first])
