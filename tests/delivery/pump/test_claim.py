"""Who may send what, and in which turn."""

from collections.abc import Collection
from datetime import timedelta

import pytest
from sqlalchemy import Text, literal, select, update
from sqlalchemy.orm import Session

from calhooks import clock, ids
from calhooks.accounts.models import User
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Attempt
from calhooks.delivery.models.endpoints import Endpoint, KeyPair, SigningKey
from calhooks.delivery.outbox import drop_waiting
from calhooks.delivery.pump.claim import Claim, Claimed, claim_deliveries
from calhooks.delivery.pump.endpoint_secrets import UNREADABLE
from calhooks.delivery.pump.release import release_deliveries, return_unsent
from calhooks.delivery.sending.sender import Sender
from calhooks.egress.failures import Failure
from tests import factories
from tests.delivery.conftest import MovingClock
from tests.delivery.helpers import by_plan, fresh, happen, query_plans, states


class Room:
    """As much room as a test says."""

    def __init__(self, slots: int = 16, each: int = 16, under_way: Collection[int] = ()) -> None:
        self._slots, self._each, self._under_way = slots, each, under_way

    def slots(self) -> int:
        return self._slots

    def for_endpoint(self, endpoint_id: int, *, failing: bool) -> int:
        return 1 if failing else self._each

    def full(self) -> list[int]:
        return []

    def deliveries(self) -> Collection[int]:
        return self._under_way


def take(room: Room | None = None) -> list[Claim]:
    with writing() as session:
        return claim_deliveries(
            session.connection(), now=clock.now(), token=ids.new_token()[:32], room=room or Room()
        ).claims


def test_a_claim_has_all_that_a_request_needs(session: Session, owner: User) -> None:
    endpoint = factories.create_endpoint(owner, "http://127.0.0.1:9/a", secret="secret")
    (delivery,) = happen(owner, [endpoint], body=b'{"a":1}')
    (claimed,) = take()
    assert (claimed.delivery_id, claimed.endpoint_id, claimed.number) == (delivery.id, endpoint.id, 1)
    request = claimed.request
    assert (request.url, request.body, request.content_type) == ("http://127.0.0.1:9/a", b'{"a":1}', "application/json")
    assert (request.attempt, list(request.secrets)) == (1, ["secret"])
    assert request.message_id.startswith("msg_")


def test_two_pumps_never_claim_the_same(session: Session, owner: User) -> None:
    endpoint = factories.create_endpoint(owner)
    for _ in range(3):
        happen(owner, [endpoint])
    assert len(take(Room(slots=2))) == 2
    assert len(take()) == 1
    assert take() == []


@pytest.mark.only_on("postgresql", "SQLite has one writer at a time, which finds nothing held")
def test_a_pump_learns_that_what_is_due_is_held_by_another_this_instant(session: Session, owner: User) -> None:
    endpoint = factories.create_endpoint(owner)
    happen(owner, [endpoint])

    def taken() -> Claimed:
        with writing() as writer:
            return claim_deliveries(writer.connection(), now=clock.now(), token=ids.new_token()[:32], room=Room())

    with db.engine.begin() as other:
        other.execute(select(Endpoint.id).where(Endpoint.id == endpoint.id).with_for_update(key_share=True))
        assert taken() == Claimed([], held=True)
    assert len(taken().claims) == 1
    assert taken() == Claimed([])


def test_only_due_deliveries_of_endpoints_that_are_there_and_on_are_claimed(session: Session, owner: User) -> None:
    now = clock.now()
    for values in ({"active": False}, {"deleted_at": now}):
        happen(owner, [factories.create_endpoint(owner, **values)])
    endpoint = factories.create_endpoint(owner)
    later = factories.create_event(owner)
    factories.create_delivery(endpoint, later, due_at=now + timedelta(minutes=5))
    happen(owner, [endpoint], sequence="booking")
    happen(owner, [endpoint], sequence="booking")
    assert [claimed.endpoint_id for claimed in take()] == [endpoint.id]


def test_a_lease_that_ran_out_goes_to_the_next_pump_and_the_log_says_what_happened(
    session: Session, owner: User, time: MovingClock
) -> None:
    endpoint = factories.create_endpoint(owner)
    (delivery,) = happen(owner, [endpoint])
    (first,) = take()
    time.advance(seconds=29)
    assert take() == []
    time.advance(seconds=2)
    (second,) = take()
    assert (second.delivery_id, second.number) == (delivery.id, 2)
    assert second.request.message_id == first.request.message_id
    assert second.token != first.token
    (attempt,) = session.scalars(select(Attempt)).all()
    assert (attempt.number, attempt.error) == (1, "interrupted")
    assert "whether it arrived is not known" in str(attempt.error_detail)


def test_a_pump_never_claims_again_what_it_is_still_sending(session: Session, owner: User, time: MovingClock) -> None:
    (delivery,) = happen(owner, [factories.create_endpoint(owner)])
    take()
    time.advance(hours=1)
    assert take(Room(under_way={delivery.id})) == []
    assert fresh(session, delivery).due_at > clock.now() + timedelta(seconds=25)
    assert take() == []


def test_what_is_given_back_is_due_at_once(session: Session, owner: User) -> None:
    endpoint = factories.create_endpoint(owner)
    happen(owner, [endpoint])
    claims = take()
    with writing() as inner:
        release_deliveries(inner.connection(), claims, clock.now())
    (again,) = take()
    assert again.number == 2
    (attempt,) = session.scalars(select(Attempt)).all()
    assert (attempt.number, attempt.error, attempt.url) == (1, "interrupted", endpoint.url)
    assert abs(clock.now() - attempt.started_at) < timedelta(seconds=5)


def test_what_somebody_else_holds_or_has_dropped_is_not_given_back(
    session: Session, owner: User, time: MovingClock
) -> None:
    kept, dropped = factories.create_endpoint(owner), factories.create_endpoint(owner)
    happen(owner, [kept, dropped])
    claims = take()
    with writing() as inner:
        drop_waiting(inner, fresh(inner, dropped))
    time.advance(seconds=31)
    assert len(take()) == 1
    with writing() as inner:
        release_deliveries(inner.connection(), claims, clock.now())
    assert take() == []
    assert states(session) == ["due", "dropped"]
    assert len(session.scalars(select(Attempt)).all()) == 1


def test_a_long_backlog_at_one_endpoint_leaves_the_others_their_turn(session: Session, owner: User) -> None:
    busy, quiet = factories.create_endpoint(owner), factories.create_endpoint(owner)
    for _ in range(30):
        happen(owner, [busy])
    happen(owner, [quiet])
    claimed = [each.endpoint_id for each in take(Room(slots=4))]
    assert claimed.count(quiet.id) == 1
    assert claimed.count(busy.id) == 2


def test_endpoints_have_their_turns_when_there_are_more_than_slots(session: Session, owner: User) -> None:
    endpoints = [factories.create_endpoint(owner) for _ in range(6)]
    for _ in range(5):
        happen(owner, endpoints)
    claimed = [each.endpoint_id for _ in range(6) for each in take(Room(slots=2))]
    assert {claimed.count(endpoint.id) for endpoint in endpoints} == {2}


def test_a_failing_endpoint_gets_one_send_at_a_time(session: Session, owner: User) -> None:
    endpoint = factories.create_endpoint(owner, consecutive_failures=1)
    for _ in range(3):
        happen(owner, [endpoint])
    assert len(take()) == 1


def test_all_keys_that_are_still_valid_sign_and_the_newest_comes_first(
    session: Session, owner: User, time: MovingClock
) -> None:
    endpoint = factories.create_endpoint(owner)
    now = clock.now()
    for secret, expires_at in (("expired", now), ("old", now + timedelta(hours=24)), ("new", None)):
        with writing() as inner:
            inner.add(SigningKey(endpoint_id=endpoint.id, secret=secret, created_at=now, expires_at=expires_at))
    happen(owner, [endpoint])
    happen(owner, [endpoint])
    assert take(Room(slots=1))[0].request.secrets == ["new", "old"]
    time.advance(hours=25)
    assert take(Room(slots=1))[0].request.secrets == ["new"]


def test_all_key_pairs_that_are_still_valid_sign_beside_the_secret(
    session: Session, owner: User, time: MovingClock
) -> None:
    endpoint, other = (factories.create_endpoint(owner, secret="secret") for _ in range(2))
    now = clock.now()
    expiries = (now, now + timedelta(hours=24), None)
    _, old, new = (factories.create_key_pair(endpoint, expires_at=at).private_key for at in expiries)
    happen(owner, [endpoint, other])
    happen(owner, [endpoint])
    signing = {each.endpoint_id: each.request for each in take(Room(slots=2))}
    assert (signing[endpoint.id].secrets, signing[endpoint.id].private_keys) == (["secret"], [new, old])
    assert (signing[other.id].secrets, signing[other.id].private_keys) == (["secret"], [])
    time.advance(hours=25)
    assert [each.request.private_keys for each in take() if each.number == 1] == [[new]]


def test_secrets_that_cannot_be_decrypted_fail_the_attempts_of_their_own_webhook_alone(
    session: Session, owner: User
) -> None:
    endpoints = [factories.create_endpoint(owner, secret="secret") for _ in range(4)]
    damaged, headless, unpaired, whole = (endpoint.id for endpoint in endpoints)
    for endpoint in endpoints:
        factories.create_key_pair(endpoint)
    happen(owner, endpoints)
    with writing() as inner:
        pairs = update(KeyPair).where(KeyPair.endpoint_id == unpaired)
        inner.connection().execute(pairs.values(private_key=literal("plain", Text)))
        keys = update(SigningKey).where(SigningKey.endpoint_id == damaged)
        inner.connection().execute(keys.values(secret=literal("plain", Text)))
        headers = update(Endpoint).where(Endpoint.id == headless)
        inner.connection().execute(headers.values(secret_headers=literal("[]", Text)))
    taken = {each.endpoint_id: each.request for each in take()}
    assert taken[whole].secrets == ["secret"]
    sender = Sender(())
    for endpoint_id in (damaged, headless, unpaired):
        result = sender.send(taken[endpoint_id])
        assert (result.failure, result.detail, result.request_headers) == (Failure.INTERNAL, UNREADABLE, ())
    sender.close()


def test_the_next_look_is_at_the_earliest_due_time(session: Session, owner: User) -> None:
    endpoint = factories.create_endpoint(owner)
    happen(owner, [endpoint])
    retry_at = clock.now() + timedelta(seconds=5)
    factories.create_delivery(endpoint, factories.create_event(owner), due_at=retry_at)
    take()
    assert fresh(session, endpoint).next_due_at == retry_at


@by_plan
def test_a_claim_walks_over_indexes_however_much_waits(session: Session, owner: User) -> None:
    happen(owner, [factories.create_endpoint(owner)])
    plans = query_plans(session, take)
    assert not [step for step in plans if step.startswith(("SCAN deliveries", "SCAN endpoints", "SCAN events"))]
    assert any("ix_endpoints_ready" in step for step in plans)
    assert any("ix_deliveries_claim (endpoint_id=? AND state=? AND due_at<?)" in step for step in plans)


def test_what_was_never_sent_is_given_back_without_an_attempt(session: Session, owner: User, time: MovingClock) -> None:
    endpoint = factories.create_endpoint(owner)
    (delivery,) = happen(owner, [endpoint])
    before = fresh(session, delivery)
    tries, scheduled_at = before.tries, before.scheduled_at
    claimed = take()
    time.advance(seconds=1)
    now = clock.now()
    with writing() as writer:
        return_unsent(writer.connection(), claimed, now)
    row = fresh(session, delivery)
    assert (row.state, row.due_at, row.lease_token, row.attempt_count) == ("due", now, None, 0)
    assert (row.tries, row.scheduled_at) == (tries, scheduled_at)
    assert fresh(session, endpoint).next_due_at == now
    assert [each.number for each in take()] == [1]
    assert session.scalars(select(Attempt)).all() == []


def test_a_lease_that_another_holds_by_now_is_not_given_back(session: Session, owner: User, time: MovingClock) -> None:
    endpoint = factories.create_endpoint(owner)
    (delivery,) = happen(owner, [endpoint])
    first = take()
    time.advance(seconds=31)
    (second,) = take()
    with writing() as writer:
        return_unsent(writer.connection(), first, clock.now())
    row = fresh(session, delivery)
    assert (row.lease_token, row.attempt_count) == (second.token, 2)
