"""What takes up room in a pump, and what does not."""

from calhooks import clock
from calhooks.delivery.pump.room import MAX_FOR_FAILING, MAX_FOR_PROVEN, MAX_FOR_UNPROVEN, MAX_YOUNG, UnderWay
from calhooks.delivery.sending.sender import Result
from calhooks.egress.failures import Failure
from tests.delivery.pump.test_threads import claims

TAKEN = Result(started_at=clock.now(), duration_ms=2000, request_headers=(), status=200)
FAILED = Result(started_at=clock.now(), duration_ms=20, request_headers=(), status=500, failure=Failure.STATUS)


def test_a_delivery_that_is_taken_holds_no_room_but_its_lease() -> None:
    under_way = UnderWay()
    first, second, third = claims(1, 2, 3)
    under_way.add(first)
    under_way.add(second)
    assert under_way.full() == [1]
    under_way.take(1)
    under_way.take(2)
    assert under_way.full() == []
    assert under_way.slots() == MAX_YOUNG
    assert under_way.for_endpoint(1, failing=False) == MAX_FOR_PROVEN
    assert set(under_way.deliveries()) == {1, 2}
    under_way.add(third)
    under_way.remove(first, TAKEN)
    assert under_way.for_endpoint(1, failing=False) == MAX_FOR_PROVEN - 1
    assert len(under_way) == 2
    assert {claim.delivery_id for claim in under_way.clear()} == {2, 3}
    assert (len(under_way), under_way.slots()) == (0, MAX_YOUNG)


def test_a_claim_that_comes_back_unsent_proves_nothing() -> None:
    under_way = UnderWay()
    first, second = claims(1, 2)
    under_way.add(first)
    under_way.add(second)
    under_way.remove_unsent(second)
    assert under_way.for_endpoint(1, failing=False) == MAX_FOR_UNPROVEN - 1
    under_way.remove(first, FAILED)
    under_way.take(1)
    assert (len(under_way), under_way.for_endpoint(1, failing=True)) == (0, MAX_FOR_FAILING)
