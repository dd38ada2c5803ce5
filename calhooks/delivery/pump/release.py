"""Give back what was claimed and not finished: it is due at once, for whoever comes."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.engine import Connection

from calhooks.delivery.pump.attempt_log import write_attempts
from calhooks.delivery.pump.claim import EARLIEST_DUE, Claim, interrupted_attempt
from calhooks.delivery.tables import HOLD_ENDPOINTS, deliveries, endpoints, execute_each


def release_deliveries(connection: Connection, claims: Sequence[Claim], now: datetime) -> None:
    """Give back claims whose requests may have been sent: the log has the attempts."""
    if not claims:
        return
    _hold_endpoints(connection, claims)
    leased = {
        (row.id, row.lease_token): row
        for row in connection.execute(_LEASED, {"ids": [each.delivery_id for each in claims]})
    }
    cut_off = [(leased.get((each.delivery_id, each.token)), each.request.url) for each in claims]
    write_attempts(connection, [interrupted_attempt(row, url) for row, url in cut_off if row])
    _give_back(connection, _RELEASE, claims, now)


def return_unsent(connection: Connection, claims: Sequence[Claim], now: datetime) -> None:
    """Give back claims of which no request began, where the lease is still theirs: there was no attempt."""
    if not claims:
        return
    _hold_endpoints(connection, claims)
    _give_back(connection, _RETURN, claims, now)


def settle_endpoints(connection: Connection, endpoint_ids: Collection[int], asked: Collection[int] = ()) -> None:
    """Have the claim look at endpoints when their first delivery is due.

    Those in `asked` were held until the answer to a delivery that finds out their pace, and now there will be none.
    """
    execute_each(connection, _SETTLE, [{"endpoint": each} for each in sorted(endpoint_ids)])
    execute_each(connection, _ASK_ANEW, [{"endpoint": each} for each in sorted(asked)])


def _hold_endpoints(connection: Connection, claims: Sequence[Claim]) -> None:
    """Lock the endpoints first and in order, as everyone does who records or claims."""
    connection.execute(HOLD_ENDPOINTS, {"ids": sorted({each.endpoint_id for each in claims})})


def _give_back(connection: Connection, statement: Any, claims: Sequence[Claim], now: datetime) -> None:
    held = sorted(claims, key=lambda claim: claim.endpoint_id)
    given_back = [{"delivery": each.delivery_id, "token": each.token, "now": now} for each in held]
    execute_each(connection, statement, given_back)
    asked = {each.endpoint_id for each in held if each.asked}
    settle_endpoints(connection, {each.endpoint_id for each in held}, asked)


_LEASED = (
    select(deliveries.c.id, deliveries.c.lease_token, deliveries.c.attempt_count, deliveries.c.due_at)
    .where(deliveries.c.id.in_(bindparam("ids", expanding=True)))
    .with_for_update(key_share=True)
)
_RELEASE = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("delivery"), deliveries.c.lease_token == bindparam("token"))
    .values(lease_token=None, due_at=bindparam("now"))
)
_RETURN = _RELEASE.values(attempt_count=deliveries.c.attempt_count - 1)
_SETTLE = update(endpoints).where(endpoints.c.id == bindparam("endpoint")).values(next_due_at=EARLIEST_DUE)
_ASK_ANEW = update(endpoints).where(endpoints.c.id == bindparam("endpoint"), endpoints.c.asking).values(held_until=None)
