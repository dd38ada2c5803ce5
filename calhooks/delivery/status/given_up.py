"""What was given up for an endpoint, grouped by what its receiver said last."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import LargeBinary, String, and_, case, cast, func, select, type_coerce
from sqlalchemy.orm import Session, defer, joinedload

from calhooks.delivery.models.deliveries import Attempt, Delivery, DeliveryState, Event

# Grouped are the newest of them; shown of each group a few, and of the answer its beginning.
MAX_GROUPED = 10_000
MAX_GROUPS = 30
MAX_SHOWN = 5
MAX_ANSWER_BYTES = 300
# The reasons that are no status and no word of egress/failures.py.
NO_BODY, UNKNOWN = "no_body", "unknown"

IS_LAST_ATTEMPT = and_(Attempt.delivery_id == Delivery.id, Attempt.number == Delivery.attempt_count)
# To be joined with the last attempt: the status that was answered, or why there was no answer.
REASON = func.coalesce(
    case((Delivery.error.is_not(None), NO_BODY)), cast(Attempt.status, String), Attempt.error, UNKNOWN
)


@dataclass(frozen=True, slots=True)
class GivenUpGroup:
    """Deliveries that were given up for one `reason`: how many, and the newest few of them.

    `sentence` and the beginning of the `answer` are those of the newest; either may be empty.
    """

    reason: str
    count: int
    newest: Sequence[Delivery]
    sentence: str
    answer: bytes

    @property
    def status(self) -> int | None:
        """Return the status that the receiver answered, None where the reason is another."""
        return int(self.reason) if self.reason.isdigit() else None


@dataclass(frozen=True, slots=True)
class GivenUp:
    """What was given up for an endpoint, the largest group first.

    `count` are grouped, the newest of all where `is_cut`; `hidden` of them are in groups beyond the largest, left out.
    """

    groups: Sequence[GivenUpGroup]
    count: int
    hidden: int
    is_cut: bool


def given_up(session: Session, endpoint_id: int) -> GivenUp:
    """Group the deliveries of an endpoint that were given up."""
    newest = (
        select(Delivery.id)
        .where(Delivery.endpoint_id == endpoint_id, Delivery.state == DeliveryState.FAILED)
        .order_by(-Delivery.id)
        .limit(MAX_GROUPED + 1)
    )
    rows = session.execute(
        select(Delivery.id, REASON)
        .outerjoin(Attempt, IS_LAST_ATTEMPT)
        .where(Delivery.id.in_(newest))
        .order_by(Delivery.id.desc())
    )
    reasons: dict[int, str] = dict(rows.all())
    ids: dict[str, list[int]] = {}
    for delivery_id, reason in list(reasons.items())[:MAX_GROUPED]:
        ids.setdefault(reason, []).append(delivery_id)
    largest = sorted(ids, key=lambda reason: -len(ids[reason]))[:MAX_GROUPS]
    groups = [_group(session, reason, ids[reason]) for reason in largest]
    count = min(len(reasons), MAX_GROUPED)
    hidden = count - sum(group.count for group in groups)
    return GivenUp(groups, count, hidden, is_cut=len(reasons) > MAX_GROUPED)


def reason_of(session: Session, delivery: Delivery) -> str:
    """Return why a delivery was given up, as a sentence; empty when that is not known."""
    if delivery.error:
        return delivery.error
    query = select(Attempt.error_detail).join(Delivery, IS_LAST_ATTEMPT).where(Delivery.id == delivery.id)
    return session.scalar(query) or ""


def _group(session: Session, reason: str, ids: Sequence[int]) -> GivenUpGroup:
    query = (
        select(Delivery)
        .where(Delivery.id.in_(ids[:MAX_SHOWN]))
        .order_by(Delivery.id.desc())
        .options(joinedload(Delivery.event).defer(Event.payload), defer(Delivery.body))
    )
    newest = session.scalars(query).all()
    beginning = type_coerce(func.substr(Attempt.response_body, 1, MAX_ANSWER_BYTES), LargeBinary)
    answer = session.scalar(select(beginning).join(Delivery, IS_LAST_ATTEMPT).where(Delivery.id == ids[0]))
    sentence = reason_of(session, newest[0]) if newest else ""
    return GivenUpGroup(reason, len(ids), newest, sentence, bytes(answer or b""))
