"""Telling owners of the deliveries that were given up: at once of the first, later at most once a day."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, not_, or_, select
from sqlalchemy.orm import Session

from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.delivery.models.endpoints import Endpoint, Notice, NoticeKind
from calhooks.delivery.notices import News, notify_owner
from calhooks.delivery.status.given_up import reason_of

# So that deliveries which are given up together are told together.
GATHERED = timedelta(seconds=5)
TOLD_EVERY = timedelta(days=1)
TOLD_AT_ONCE = 20


def any_untold(session: Session, now: datetime) -> bool:
    """Tell, without locking anything, whether an owner is to be told now."""
    return session.scalar(select(Endpoint.id).where(*_untold(now)).limit(1)) is not None


def tell_given_up(session: Session, now: datetime) -> int:
    """Tell the owners of a few endpoints what was given up, and return how many endpoints were looked at.

    What was sent again in the meantime is not counted, and nothing is told where nothing is left.
    """
    query = select(Endpoint).where(*_untold(now)).order_by(Endpoint.id).limit(TOLD_AT_ONCE)
    found = session.scalars(query.with_for_update(key_share=True, skip_locked=True)).all()
    news = [told for endpoint in found if (told := _news(session, endpoint)) is not None]
    for each in news:
        session.get_one(Endpoint, each.endpoint_id).given_up_told_at = now
    for endpoint in found:
        endpoint.given_up_at = None
    session.flush()
    if news:
        notify_owner(session.connection(), news, now)
    return len(found)


def _untold(now: datetime) -> list[ColumnElement[bool]]:
    # A moment to come is one of a clock that has been set back since.
    return [
        Endpoint.given_up_at.is_not(None),
        Endpoint.deleted_at.is_(None),
        not_(Endpoint.given_up_at.between(now - GATHERED, now)),
        or_(
            Endpoint.given_up_told_at.is_(None),
            Endpoint.given_up_told_at <= now - TOLD_EVERY,
            Endpoint.given_up_told_at > now,
        ),
    ]


def _news(session: Session, endpoint: Endpoint) -> News | None:
    since = _since(session, endpoint)
    given_up = (
        Delivery.endpoint_id == endpoint.id,
        Delivery.state == DeliveryState.FAILED,
        Delivery.finished_at >= since,
    )
    count = session.scalar(select(func.count()).where(*given_up)) or 0
    first = session.scalar(select(Delivery).where(*given_up).order_by(Delivery.finished_at, Delivery.id).limit(1))
    if first is None:
        return None
    reason = reason_of(session, first)
    return News(endpoint.id, NoticeKind.GIVEN_UP, reason, given_up_count=count, given_up_since=since)


def _since(session: Session, endpoint: Endpoint) -> datetime | None:
    """Return since when deliveries were given up that the owner has not seen: a notice not dismissed is replaced."""
    unseen = session.scalar(
        select(func.min(Notice.given_up_since)).where(
            Notice.endpoint_id == endpoint.id, Notice.kind == NoticeKind.GIVEN_UP, Notice.seen_at.is_(None)
        )
    )
    return min((at for at in (endpoint.given_up_at, unseen) if at is not None), default=None)
