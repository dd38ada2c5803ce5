"""The log: what was owed to endpoints and how every attempt went."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ScalarSelect, bindparam, func, literal, select, union_all
from sqlalchemy.orm import Session, defer, joinedload, selectinload

from calhooks.delivery.models.deliveries import Delivery, DeliveryState, Event
from calhooks.delivery.status.log_query import (
    MAX_SEARCHED,
    IdSpan,
    LogQuery,
    first_made_at,
    looked_through,
    matching,
    with_named,
)

PAGE = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Deliveries with their events, newest first; `older` is what to ask for next, None at the end.

    `is_cut` says that the search ended after MAX_SEARCHED deliveries, so that older ones may match too.
    """

    deliveries: Sequence[Delivery]
    older: int | None
    is_cut: bool = False


def page(
    session: Session, asked: LogQuery, *, before: int | None = None, since: int | None = None, size: int = PAGE
) -> Page:
    """Return what is asked for, with ids below `before` or from `since` on when they are given.

    Their bodies, headers and endpoints are not loaded.
    """
    if not asked.endpoint_ids:
        return Page([], None)
    asked = with_named(session, asked)
    span = _span(session, asked).within(since, before)
    seen = looked_through(session, asked, span)
    found = matching(session, asked, seen, size + 1)
    ids = session.scalars(select(found.c.id).order_by(found.c.id.desc()).limit(size + 1)).all()
    return _page_of(session, ids, seen.first if seen.first != span.first else None, size)


def first_page(session: Session, asked: LogQuery) -> tuple[Page, Mapping[DeliveryState, int]]:
    """Return the newest deliveries asked for, and how many of them there are in each state, as if all were asked for.

    The numbers are up to 10,000 of each; of a search or a day, what is among its newest 10,000 deliveries. Without
    words, of the state that was asked for they are of the newest 10,000 in that state.
    """
    if not asked.endpoint_ids:
        return Page([], None), {}
    if not asked.is_narrowed and not asked.made:
        return page(session, asked), _count_up_to(session, asked.endpoint_ids)
    asked = with_named(session, asked)
    span, everything = _span(session, asked), replace(asked, states=())
    # Once for the page and for its numbers: what is looked for in bodies takes its time.
    seen = looked_through(session, everything, span, is_counted=True)
    ids, counts = _newest_and_counts(session, everything, seen, asked.states)
    # Bodies take too long to look through two windows: words are looked for in the newest deliveries of any state.
    if asked.states and not asked.words and seen.first != span.first:
        seen = looked_through(session, asked, span, is_counted=True)
        ids, of_state = _newest_and_counts(session, asked, seen, asked.states)
        counts |= of_state
    return _page_of(session, ids, seen.first if seen.first != span.first else None, PAGE), counts


def find_delivery(session: Session, endpoint_id: int, delivery_id: int) -> Delivery | None:
    """Return one delivery of an endpoint with its event and every attempt, None when it has none of that id."""
    query = (
        select(Delivery)
        .where(Delivery.endpoint_id == endpoint_id, Delivery.id == delivery_id)
        .options(joinedload(Delivery.event), selectinload(Delivery.attempts))
    )
    return session.scalar(query)


def _span(session: Session, asked: LogQuery) -> IdSpan:
    """Return where what is asked for can be, by when it was made."""
    if asked.made is None:
        return IdSpan()
    begins, ends = asked.made
    first = first_made_at(session, begins)
    return IdSpan(first, first_made_at(session, ends, first))


_ROWS = (
    select(Delivery)
    .where(Delivery.id.in_(bindparam("ids", expanding=True)))
    .options(joinedload(Delivery.event).defer(Event.payload), defer(Delivery.body), defer(Delivery.headers))
    .order_by(Delivery.id.desc())
)


def _page_of(session: Session, ids: Sequence[int], end: int | None, size: int) -> Page:
    """Return a page of these ids, newest first; `end` is where what was looked through ends, if there is more."""
    deliveries = session.scalars(_ROWS, {"ids": ids[:size]}).all()
    if len(ids) > size:
        return Page(deliveries, ids[size - 1])
    return Page(deliveries, end, is_cut=end is not None)


def _newest_and_counts(
    session: Session, asked: LogQuery, span: IdSpan, shown: Sequence[DeliveryState]
) -> tuple[list[int], Counter[DeliveryState]]:
    """Return the ids of a page of what matches, in the states shown (all for none), and how many are in each state.

    In one statement: what is looked for takes its time, and thousands of rows to fetch as well.
    """
    found = select(matching(session, asked, span)).cte()
    newest = select(found.c.id).where(found.c.state.in_(shown or tuple(DeliveryState)))
    newest_ids = newest.order_by(found.c.id.desc()).limit(PAGE + 1).subquery()
    counted = select(found.c.state, func.count()).group_by(found.c.state)
    rows = session.execute(union_all(counted, select(literal(""), newest_ids.c.id))).all()
    ids = sorted((number for state, number in rows if not state), reverse=True)
    return ids, Counter({DeliveryState(state): number for state, number in rows if state})


def _up_to(state: DeliveryState) -> ScalarSelect[int]:
    of_endpoints = Delivery.endpoint_id.in_(bindparam("endpoints", expanding=True))
    some = select(Delivery.id).where(of_endpoints, Delivery.state == state).limit(MAX_SEARCHED)
    return select(func.count()).select_from(some.subquery()).scalar_subquery()


_COUNTS = select(*(_up_to(state).label(state) for state in DeliveryState))


def _count_up_to(session: Session, endpoint_ids: Sequence[int]) -> dict[DeliveryState, int]:
    row = session.execute(_COUNTS, {"endpoints": endpoint_ids}).one()
    return dict(zip(DeliveryState, row, strict=True))
