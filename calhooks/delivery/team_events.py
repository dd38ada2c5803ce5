"""Events of a team, when a member leaves it and when the team is deleted.

Call these after the accounts and the endpoints concerned are locked (`scheduling/locking.py`).
"""

from collections import Counter
from collections.abc import Collection

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.delivery.counting import counters
from calhooks.delivery.models.deliveries import Delivery, DeliveryState, Event, EventHost
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.notices import settle_given_up
from calhooks.delivery.outbox import OPEN_STATES


def forget_events(session: Session, team_id: int, user_id: int) -> None:
    """Delete an account's own deliveries of a team's events, also waiting ones, and that it was told of them."""
    of_team = select(Event.id).where(Event.team_id == team_id)
    own = select(Endpoint.id).where(Endpoint.owner_id == user_id)
    deliveries = (Delivery.endpoint_id.in_(own), Delivery.event_id.in_(of_team))
    waiting = select(func.count()).where(*deliveries, Delivery.state.in_(OPEN_STATES))
    _count_dropped(session, session.scalar(waiting) or 0)
    session.execute(delete(Delivery).where(*deliveries), execution_options=_UNSYNCHRONIZED)
    told = delete(EventHost).where(EventHost.user_id == user_id, EventHost.event_id.in_(of_team))
    session.execute(told, execution_options=_UNSYNCHRONIZED)
    failed = select(Delivery.endpoint_id).where(Delivery.endpoint_id.in_(own), Delivery.state == DeliveryState.FAILED)
    for endpoint_id in session.scalars(own.where(Endpoint.id.not_in(failed))):
        # The notice would lead to an empty list.
        settle_given_up(session, endpoint_id, clock.now())


def keep_events(session: Session, team_id: int, user_ids: Collection[int]) -> None:
    """Leave a team's events to those of these accounts that were told of them, before the team is deleted.

    An event whose organizer is none of them becomes that of the first who was told: the deliveries that follow it in
    its sequence wait for it.
    """
    waiting = select(func.count()).select_from(Delivery).join(Delivery.endpoint)
    waiting = waiting.where(Endpoint.team_id == team_id, Delivery.state.in_(OPEN_STATES))
    _count_dropped(session, session.scalar(waiting) or 0)
    of_team = Event.team_id == team_id
    told = select(func.min(EventHost.user_id)).where(EventHost.event_id == Event.id, EventHost.user_id.in_(user_ids))
    heir = told.scalar_subquery()
    theirs = update(Event).where(of_team, Event.owner_id.not_in(user_ids), heir.is_not(None)).values(owner_id=heir)
    session.execute(theirs, execution_options=_UNSYNCHRONIZED)
    kept = update(Event).where(of_team, Event.owner_id.in_(user_ids)).values(team_id=None)
    session.execute(kept, execution_options=_UNSYNCHRONIZED)


_UNSYNCHRONIZED = {"synchronize_session": False}


def _count_dropped(session: Session, dropped: int) -> None:
    if dropped:
        counts = Counter({(counters.DELIVERIES, str(DeliveryState.DROPPED)): dropped})
        counters.add(session.connection(), counts)
