"""Tests of which of the deliveries that a person chose can be sent again."""

from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.delivery.choosing import MAX_CHOSEN, judge_choice
from calhooks.delivery.models.deliveries import DeliveryState
from calhooks.delivery.models.endpoints import Endpoint
from tests import factories

FAILED, DELIVERED, DUE, BLOCKED = (
    DeliveryState.FAILED,
    DeliveryState.DELIVERED,
    DeliveryState.DUE,
    DeliveryState.BLOCKED,
)


def make(rick: User, endpoint: Endpoint, state: DeliveryState, booking: str = "") -> int:
    event = factories.create_event(rick, **({"sequence_key": booking} if booking else {}))
    return factories.create_delivery(endpoint, event, state=state, due_at=None).id


def test_what_is_over_can_be_sent_again_and_what_is_open_is_counted(session: Session, rick: User) -> None:
    endpoint = factories.create_endpoint(rick)
    ids = [make(rick, endpoint, state) for state in (DELIVERED, FAILED, DeliveryState.DROPPED, DUE, BLOCKED)]
    choice = judge_choice(session, endpoint.id, [*reversed(ids), ids[0]])
    assert (choice.ids, choice.open, choice.overtaken) == (ids[:3], 2, frozenset())


def test_those_of_another_endpoint_and_numbers_of_none_are_left_out(session: Session, rick: User) -> None:
    endpoint, other = factories.create_endpoint(rick), factories.create_endpoint(rick)
    own, foreign = make(rick, endpoint, FAILED), make(rick, other, FAILED)
    assert judge_choice(session, endpoint.id, [own, foreign, 10**12]).ids == [own]
    assert judge_choice(session, endpoint.id, []).ids == []


def test_an_older_one_is_overtaken_unless_the_newer_is_chosen_too(session: Session, rick: User) -> None:
    endpoint = factories.create_endpoint(rick)
    older, newer = make(rick, endpoint, FAILED, "a"), make(rick, endpoint, DELIVERED, "a")
    alone = make(rick, endpoint, FAILED, "b")
    make(rick, endpoint, FAILED, "b")
    choice = judge_choice(session, endpoint.id, [older, alone])
    assert choice.overtaken == {older}
    assert choice.to_send(leave_out_overtaken=True) == [alone]
    assert choice.to_send(leave_out_overtaken=False) == [older, alone]
    assert judge_choice(session, endpoint.id, [older, newer]).overtaken == frozenset()


def test_no_more_than_the_limit_are_looked_at(session: Session, rick: User) -> None:
    endpoint = factories.create_endpoint(rick)
    first = make(rick, endpoint, FAILED)
    assert judge_choice(session, endpoint.id, range(first + 1, first + MAX_CHOSEN + 1)).ids == []
