"""Write down how attempts ended, and what follows: the next try, the next of the sequence, the endpoint's health."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from sqlalchemy import bindparam, insert, or_, select, update
from sqlalchemy.orm import Session

from calhooks.delivery.claim import Claim, settle
from calhooks.delivery.failures import Failure
from calhooks.delivery.models import Attempt, Delivery, DeliveryState, Endpoint, InactiveReason
from calhooks.delivery.schedule import next_attempt_at, parse_retry_after
from calhooks.delivery.sender import Result

FAILING_FOR = timedelta(days=5)
# Two failures in a row are an outage that can end; a single one may be the delivery's own.
OUTAGE_FAILURES = 2
# Each success during a recovery brings so many others forward: slow at first, twice as fast each time.
BROUGHT_FORWARD = 2
MOST_LOOKED_AT = 1000


@dataclass(frozen=True, slots=True)
class Finished:
    """A claim and how its attempt ended."""

    claim: Claim
    result: Result


def record(session: Session, finished: Sequence[Finished], *, waits: Sequence[float], now: datetime) -> None:
    """Record attempts, in the order in which they ended. Those whose lease somebody else holds by now are left out."""
    endpoints = _lock_endpoints(session, finished)
    held = _held(session, finished)
    ended = [(each, held[each.claim.delivery_id]) for each in finished if each.claim.delivery_id in held]
    if not ended:
        return
    session.execute(insert(Attempt), [_attempt(each) for each, _ in ended])
    changes = [_change(each, row.tries, waits, now) for each, row in ended]
    session.connection().execute(_CHANGE, changes)
    over = [row for (_, row), change in zip(ended, changes, strict=True) if change["new_state"] != DeliveryState.DUE]
    _unblock(session, [row for row in over if row.ordered], now)
    for endpoint_id, results in _by_endpoint(ended).items():
        _note_health(endpoints[endpoint_id], results, now)
        _bring_forward(session, endpoints[endpoint_id], sum(result.succeeded for result in results), now)
    settle(session, endpoints)


_CHANGE = (
    update(Delivery.__table__)  # type: ignore[arg-type]  # a table, as the declarative base makes it
    .where(Delivery.id == bindparam("delivery"))
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


def _lock_endpoints(session: Session, finished: Sequence[Finished]) -> dict[int, Endpoint]:
    """Hold the endpoints first and in order, as everyone does who owes to them or claims from them."""
    query = (
        select(Endpoint)
        .where(Endpoint.id.in_({each.claim.endpoint_id for each in finished}))
        .order_by(Endpoint.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {endpoint.id: endpoint for endpoint in session.scalars(query)}


def _held(session: Session, finished: Sequence[Finished]) -> dict[int, Any]:
    tokens = {each.claim.delivery_id: each.claim.token for each in finished}
    query = select(
        Delivery.id, Delivery.endpoint_id, Delivery.sequence_key, Delivery.ordered, Delivery.tries, Delivery.lease_token
    ).where(Delivery.id.in_(tokens), Delivery.state == DeliveryState.DUE)
    rows = session.execute(query.with_for_update(key_share=True))
    return {row.id: row for row in rows if row.lease_token == tokens[row.id]}


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


def _change(finished: Finished, tries: int, waits: Sequence[float], now: datetime) -> dict[str, Any]:
    result = finished.result
    retry_after = parse_retry_after(result.header("retry-after"), now)
    due_at = None if result.succeeded else next_attempt_at(now, tries=tries + 1, waits=waits, retry_after=retry_after)
    if result.succeeded:
        state = DeliveryState.DELIVERED
    else:
        state = DeliveryState.DUE if due_at else DeliveryState.FAILED
    return {
        "delivery": finished.claim.delivery_id,
        "new_state": state,
        "new_due_at": due_at,
        "new_not_before": now + retry_after if retry_after and due_at else None,
        "new_tries": tries + 1,
        "attempted_at": result.started_at,
        "new_status": result.status,
        "new_finished_at": None if due_at else now,
    }


def _unblock(session: Session, over: Sequence[Any], now: datetime) -> None:
    """Make the next delivery of each sequence due."""
    sequences = {(row.endpoint_id, row.sequence_key) for row in over}
    if not sequences:
        return
    query = (
        select(Delivery.id, Delivery.endpoint_id, Delivery.sequence_key)
        .where(
            Delivery.endpoint_id.in_({endpoint_id for endpoint_id, _ in sequences}),
            Delivery.sequence_key.in_({key for _, key in sequences}),
            Delivery.state == DeliveryState.BLOCKED,
        )
        .order_by(Delivery.id.desc())
    )
    rows = session.execute(query)
    # The last one to be put into the mapping is the first of its sequence.
    heads = {(row.endpoint_id, row.sequence_key): row.id for row in rows}
    due = [heads[sequence] for sequence in sequences if sequence in heads]
    _set_due(session, due, now)


def _by_endpoint(ended: Sequence[tuple[Finished, Any]]) -> dict[int, list[Result]]:
    results: dict[int, list[Result]] = defaultdict(list)
    for each, _ in ended:
        results[each.claim.endpoint_id].append(each.result)
    return results


def _note_health(endpoint: Endpoint, results: Sequence[Result], now: datetime) -> None:
    for result in results:
        # An owner that nobody told anything for days starts a new count.
        if endpoint.last_attempt_at and now - endpoint.last_attempt_at > FAILING_FOR:
            endpoint.failing_since = None
        endpoint.last_attempt_at = now
        if result.succeeded:
            if endpoint.consecutive_failures >= OUTAGE_FAILURES:
                endpoint.recovering_since = now
            endpoint.last_success_at = now
            endpoint.consecutive_failures = 0
            endpoint.failing_since = None
        elif result.failure is not Failure.INTERNAL:
            endpoint.consecutive_failures += 1
            endpoint.failing_since = endpoint.failing_since or now
            if endpoint.consecutive_failures >= OUTAGE_FAILURES:
                endpoint.recovering_since = None
        if result.status == HTTPStatus.GONE:
            _switch_off(endpoint, InactiveReason.GONE, now)
    if endpoint.failing_since and now - endpoint.failing_since >= FAILING_FOR:
        _switch_off(endpoint, InactiveReason.FAILING, now)


def _switch_off(endpoint: Endpoint, reason: InactiveReason, now: datetime) -> None:
    if endpoint.active:
        endpoint.active = False
        endpoint.inactive_reason = reason
        endpoint.inactive_since = now


def _bring_forward(session: Session, endpoint: Endpoint, successes: int, now: datetime) -> None:
    """Let what failed while the endpoint was down go out, a few more with each success, so as not to bury it."""
    if endpoint.recovering_since is None or not successes:
        return
    waiting = (
        select(Delivery.id)
        .where(
            Delivery.endpoint_id == endpoint.id,
            Delivery.state == DeliveryState.DUE,
            Delivery.due_at > now,
            Delivery.lease_token.is_(None),
            Delivery.last_attempt_at < endpoint.recovering_since,
            or_(Delivery.not_before.is_(None), Delivery.not_before <= now),
        )
        .order_by(Delivery.due_at)
        .limit(MOST_LOOKED_AT)
        .subquery()
    )
    query = select(waiting.c.id).order_by(waiting.c.id).limit(successes * BROUGHT_FORWARD)
    found = session.scalars(query).all()
    if not found:
        endpoint.recovering_since = None
    _set_due(session, found, now)


def _set_due(session: Session, delivery_ids: Sequence[int], now: datetime) -> None:
    if delivery_ids:
        session.execute(
            update(Delivery)
            .where(Delivery.id.in_(delivery_ids))
            .values(state=DeliveryState.DUE, due_at=now)
            .execution_options(synchronize_session=False)
        )
