"""What was given up is told: soon, once a day for each endpoint, with the number and the first reason."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks import clock, create_app
from calhooks.accounts.models import User
from calhooks.config import Config
from calhooks.db import db, writing
from calhooks.delivery import endpoints, outbox
from calhooks.delivery.models.deliveries import Attempt, Delivery, DeliveryState
from calhooks.delivery.models.endpoints import Endpoint, Notice, NoticeKind
from calhooks.delivery.notices import News, notify_owner, settle, settle_given_up
from calhooks.delivery.outbox import Owed
from calhooks.delivery.status.given_up import MAX_SHOWN, given_up
from calhooks.delivery.upkeep.given_up import any_untold, tell_given_up
from calhooks.mail.models import Mail
from tests import factories
from tests.delivery.conftest import MovingClock
from tests.delivery.helpers import by_plan, query_plans


@pytest.fixture
def endpoint(session: Session, owner: User) -> Endpoint:
    return factories.create_endpoint(owner, "https://hooks.example.com/a/secret/path")


def give_up(
    owner: User,
    endpoint: Endpoint,
    status: int | None = 500,
    detail: str = "The receiver answered 500.",
    trigger: str = "BOOKING_CREATED",
) -> Delivery:
    """Have a delivery given up after an attempt, as the pump records it."""
    now = clock.now()
    fields = {"state": DeliveryState.FAILED, "due_at": None, "attempt_count": 10, "finished_at": now}
    event = factories.create_event(owner, trigger=trigger)
    delivery = factories.create_delivery(endpoint, event, last_status=status, **fields)
    with writing() as session:
        session.add(
            Attempt(
                delivery_id=delivery.id,
                number=10,
                started_at=now,
                duration_ms=1,
                url=endpoint.url,
                request_headers=[],
                status=status,
                response_headers=[],
                response_body=b"<h1>Oh no</h1>" * 100,
                error="status" if status else "deadline",
                error_detail=detail,
            )
        )
        row = session.get_one(Endpoint, endpoint.id)
        row.given_up_at = row.given_up_at or now
    return delivery


def sweep() -> int:
    """Do what the scheduler does each second."""
    with writing() as session:
        return tell_given_up(session, clock.now()) if any_untold(session, clock.now()) else 0


def told(session: Session) -> list[tuple[int, str]]:
    session.rollback()
    rows = session.execute(select(Notice.given_up_count, Notice.detail).order_by(Notice.id))
    return [(count, detail) for count, detail in rows]


def unseen(session: Session) -> list[str]:
    session.rollback()
    return [str(kind) for kind in session.scalars(select(Notice.kind).where(Notice.seen_at.is_(None)))]


def test_a_burst_is_told_together_a_few_seconds_later(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    give_up(owner, endpoint, detail="first")
    time.advance(seconds=3)
    give_up(owner, endpoint, detail="second", trigger="MEETING_ENDED")
    assert sweep() == 0
    time.advance(seconds=3)
    assert (sweep(), sweep()) == (1, 0)
    assert told(session) == [(2, "first")]


def test_later_ones_are_told_a_day_after_the_last_time(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    give_up(owner, endpoint)
    time.advance(seconds=6)
    sweep()
    with writing() as writer:
        settle_given_up(writer, endpoint.id, clock.now())
    for hours in (1, 10, 12):
        time.advance(hours=hours)
        give_up(owner, endpoint, detail=f"after {hours}")
        assert sweep() == 0
    time.advance(hours=2)
    sweep()
    time.advance(days=3)
    assert sweep() == 0
    assert told(session) == [(1, "The receiver answered 500."), (3, "after 1")]


def test_a_notice_that_was_not_dismissed_is_replaced_by_one_that_counts_both(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    for _ in range(2):
        give_up(owner, endpoint)
        time.advance(days=1, minutes=1)
        sweep()
    assert [count for count, _ in told(session)] == [1, 2]
    assert unseen(session) == ["given_up"]


def test_what_was_sent_again_in_the_meantime_is_not_told(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    delivery = give_up(owner, endpoint)
    with writing() as writer:
        writer.get_one(Delivery, delivery.id).state = DeliveryState.DELIVERED
    time.advance(seconds=6)
    assert (sweep(), sweep(), told(session)) == (1, 0, [])


def test_a_template_that_gave_no_body_is_told(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    event = factories.create_event(owner)
    owed = Owed(endpoint_id=endpoint.id, body=None, content_type="application/json", error="Line 1 is wrong.")
    with writing() as writer:
        outbox.owe(writer, writer.merge(event), [owed])
    time.advance(seconds=6)
    sweep()
    assert told(session) == [(1, "Line 1 is wrong.")]


def test_nothing_is_told_of_a_deleted_endpoint(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    give_up(owner, endpoint)
    with writing() as writer:
        endpoints.delete_endpoint(writer, writer.get_one(Endpoint, endpoint.id))
    time.advance(seconds=6)
    assert (sweep(), told(session)) == (0, [])


def test_a_clock_that_was_set_back_does_not_keep_owners_waiting(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    give_up(owner, endpoint)
    with writing() as writer:
        writer.get_one(Endpoint, endpoint.id).given_up_told_at = clock.now() + timedelta(days=30)
    time.advance(seconds=6)
    assert sweep() == 1


def test_news_about_deliveries_and_about_the_endpoint_do_not_hide_each_other(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    def tell(kind: NoticeKind) -> None:
        with writing() as writer:
            notify_owner(writer.connection(), [News(endpoint.id, kind, "")], clock.now())

    for kind in (NoticeKind.FAILING, NoticeKind.GIVEN_UP, NoticeKind.RECOVERED, NoticeKind.GIVEN_UP):
        tell(kind)
    assert unseen(session) == ["recovered", "given_up"]
    with writing() as writer:
        settle(writer, endpoint.id, clock.now())
    assert unseen(session) == ["given_up"]


def test_by_mail_it_has_the_number_the_reason_and_a_link(environ: dict[str, str], time: MovingClock) -> None:
    app = create_app(Config.from_env(environ | {"MAIL_URL": "smtp://127.0.0.1:9"}))
    with app.app_context():
        owner = factories.create_user("rick")
        endpoint = factories.create_endpoint(owner, "https://hooks.example.com/a/secret/path")
        for _ in range(3):
            give_up(owner, endpoint)
        time.advance(seconds=6)
        sweep()
        (mail,) = db.session.scalars(select(Mail)).all()
        db.engine.dispose()
    assert mail.subject == "3 deliveries to hooks.example.com were given up"
    assert "The receiver answered 500." in mail.text
    assert "/integrations/notices/1" in mail.text
    assert "secret/path" not in mail.text + mail.html


@by_plan
def test_the_sweep_looks_only_at_endpoints_with_something_to_tell(session: Session, owner: User) -> None:
    (step,) = query_plans(session, lambda: any_untold(session, clock.now()))
    assert "USING INDEX ix_endpoints_given_up" in step


# The list


def test_what_was_given_up_is_grouped_by_what_the_receiver_said(
    session: Session, owner: User, endpoint: Endpoint
) -> None:
    for number in range(MAX_SHOWN + 2):
        give_up(owner, endpoint, detail=f"number {number}")
    for _ in range(2):
        give_up(owner, endpoint, status=None, detail="No answer within 15 s.")
    failed = {"state": DeliveryState.FAILED, "due_at": None}
    event = factories.create_event(owner)
    factories.create_delivery(endpoint, event, body=None, error="Line 1 is wrong.", **failed)
    factories.create_delivery(endpoint, event, **failed)
    give_up(owner, factories.create_endpoint(owner), status=404)
    found = given_up(session, endpoint.id)
    assert (found.count, found.hidden, found.is_cut) == (MAX_SHOWN + 6, 0, False)
    groups = [(group.reason, group.count, group.status, group.sentence) for group in found.groups]
    assert groups == [
        ("500", MAX_SHOWN + 2, 500, f"number {MAX_SHOWN + 1}"),
        ("deadline", 2, None, "No answer within 15 s."),
        ("unknown", 1, None, ""),
        ("no_body", 1, None, "Line 1 is wrong."),
    ]
    newest = found.groups[0].newest
    assert len(newest) == MAX_SHOWN
    assert [each.id for each in newest] == sorted((each.id for each in newest), reverse=True)
    assert found.groups[0].answer.startswith(b"<h1>Oh no</h1>")
    assert len(found.groups[0].answer) <= 300


def test_of_very_many_the_newest_are_grouped(
    session: Session, owner: User, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calhooks.delivery.status.given_up.MAX_GROUPED", 2)
    for status in (404, 500, 500):
        give_up(owner, endpoint, status=status)
    found = given_up(session, endpoint.id)
    assert ([group.reason for group in found.groups], found.count, found.is_cut) == (["500"], 2, True)


def test_small_groups_beyond_the_largest_are_counted_though_not_shown(
    session: Session, owner: User, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calhooks.delivery.status.given_up.MAX_GROUPS", 1)
    for status in (404, 500, 500, 503):
        give_up(owner, endpoint, status=status)
    found = given_up(session, endpoint.id)
    assert [group.reason for group in found.groups] == ["500"]
    assert (found.count, found.hidden, found.is_cut) == (4, 2, False)
