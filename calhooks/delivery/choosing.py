"""Deliveries ticked in the log: which of them can be resent, and which would arrive out of order."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.delivery.outbox import OPEN_STATES

MAX_CHOSEN = 500


@dataclass(frozen=True, slots=True)
class ChosenDeliveries:
    """A judged choice: the ids that can be sent again, oldest first, and how many are still `open`.

    `overtaken` are those of them that would arrive after a newer delivery of their sequence that is not chosen too.
    """

    ids: Sequence[int]
    overtaken: frozenset[int]
    open: int

    def to_send(self, *, leave_out_overtaken: bool) -> list[int]:
        """Return the ids to send again."""
        return [number for number in self.ids if not (leave_out_overtaken and number in self.overtaken)]


def judge_choice(session: Session, endpoint_id: int, chosen: Sequence[int]) -> ChosenDeliveries:
    """Judge the deliveries of an endpoint with these ids, of which at most MAX_CHOSEN are looked at.

    Looks through the endpoint's later deliveries, so use it outside of a transaction that writes.
    """
    wanted = sorted(set(chosen))[:MAX_CHOSEN]
    query = select(Delivery.id, Delivery.sequence_key, Delivery.state)
    rows = session.execute(
        query.where(Delivery.endpoint_id == endpoint_id, Delivery.id.in_(wanted)).order_by(Delivery.id)
    ).all()
    over = [row for row in rows if row.state not in OPEN_STATES]
    arrived = _newest_arrived(session, endpoint_id, over[0].id, {row.sequence_key for row in over}) if over else {}
    chosen_ids = {row.id for row in over}
    overtaken = frozenset(
        row.id
        for row in over
        if (newest := arrived.get(row.sequence_key, row.id)) > row.id and newest not in chosen_ids
    )
    return ChosenDeliveries([row.id for row in over], overtaken, open=len(rows) - len(over))


def _newest_arrived(session: Session, endpoint_id: int, first: int, sequences: set[str]) -> dict[str, int]:
    """Return the id of the newest delivery of each sequence that has arrived or is being sent, from `first` on."""
    query = (
        select(Delivery.sequence_key, func.max(Delivery.id).label("newest"))
        .where(
            Delivery.endpoint_id == endpoint_id,
            Delivery.id > first,
            Delivery.sequence_key.in_(sequences),
            or_(Delivery.state == DeliveryState.DELIVERED, Delivery.lease_token.is_not(None)),
        )
        .group_by(Delivery.sequence_key)
    )
    return {row.sequence_key: row.newest for row in session.execute(query)}
