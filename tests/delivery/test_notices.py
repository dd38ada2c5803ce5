"""The owner is told once when an endpoint fails for long, when it is switched off, and when it works again."""

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from calhooks import clock, create_app
from calhooks.accounts.models import User
from calhooks.config import Config
from calhooks.db import db, writing
from calhooks.delivery import endpoints
from calhooks.delivery.models.endpoints import Endpoint, Notice, NoticeKind
from calhooks.delivery.notices import News, notify_owner
from calhooks.mail.models import Mail
from tests import factories
from tests.delivery.conftest import MovingClock
from tests.delivery.helpers import fresh, happen
from tests.delivery.pump.test_claim import Room
from tests.delivery.pump.test_record import end, take


@pytest.fixture
def endpoint(session: Session, owner: User) -> Endpoint:
    return factories.create_endpoint(owner, "https://hooks.example.com/a/secret/path")


def told(session: Session) -> list[str]:
    session.rollback()
    return [str(kind) for kind in session.scalars(select(Notice.kind).order_by(Notice.id))]


def attempt(owner: User, endpoint: Endpoint, status: int = 500) -> None:
    happen(owner, [endpoint])
    with writing() as session:
        # What waits beside it, and the pace of a recovery, are other tests' matter.
        session.execute(update(Endpoint).values(pace=None, recovering_since=None))
    end(take(Room(each=1)), status, detail=f"The receiver answered {status}.")


def test_a_short_outage_is_nobodys_news(session: Session, owner: User, endpoint: Endpoint, time: MovingClock) -> None:
    for _ in range(5):
        attempt(owner, endpoint)
        time.advance(minutes=2)
    attempt(owner, endpoint, 200)
    assert told(session) == []


def test_a_long_outage_is_told_once_and_its_end_once(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    for _ in range(5):
        attempt(owner, endpoint)
        time.advance(minutes=10)
    assert told(session) == ["failing"]
    attempt(owner, endpoint, 200)
    attempt(owner, endpoint, 200)
    assert told(session) == ["failing", "recovered"]
    attempt(owner, endpoint)
    time.advance(minutes=20)
    attempt(owner, endpoint)
    assert told(session) == ["failing", "recovered", "failing"]
    unseen = session.scalars(select(Notice).where(Notice.seen_at.is_(None))).all()
    assert [(notice.kind, notice.detail) for notice in unseen] == [("failing", "The receiver answered 500.")]


def test_switching_off_is_told_and_so_is_that_it_works_again(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    happen(owner, [endpoint])
    happen(owner, [endpoint])
    claims = take()
    end(claims[:1], 410)
    end(claims[1:], 200)
    assert told(session) == ["gone"]
    with writing() as writer:
        endpoints.switch_endpoint_on(writer, fresh(writer, endpoint))
    attempt(owner, endpoint, 200)
    assert told(session) == ["gone", "recovered"]


def test_failing_on_after_it_was_switched_on_again_is_news(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    attempt(owner, endpoint, 410)
    time.advance(minutes=1)
    with writing() as writer:
        endpoints.switch_endpoint_on(writer, fresh(writer, endpoint))
    for _ in range(5):
        attempt(owner, endpoint)
        time.advance(minutes=10)
    assert told(session) == ["gone", "failing"]
    attempt(owner, endpoint, 200)
    assert told(session) == ["gone", "failing", "recovered"]


def test_five_days_of_failures_are_two_pieces_of_news(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    for _ in range(6):
        attempt(owner, endpoint)
        time.advance(days=1)
    assert told(session) == ["failing", "switched_off"]


def test_a_result_that_is_rolled_back_tells_nobody(session: Session, owner: User, endpoint: Endpoint) -> None:
    endpoint_id = endpoint.id
    with writing() as writer:
        notify_owner(writer.connection(), [News(endpoint_id, NoticeKind.GONE, "")], clock.now())
        writer.rollback()
    assert told(session) == []


def test_with_mail_the_owner_gets_one_that_does_not_give_the_address_away(environ: dict[str, str]) -> None:
    app = create_app(Config.from_env(environ | {"MAIL_URL": "smtp://127.0.0.1:9"}))
    with app.app_context():
        owner = factories.create_user("rick")
        attempt(owner, factories.create_endpoint(owner, "https://hooks.example.com/a/secret/path"), 410)
        (mail,) = db.session.scalars(select(Mail)).all()
        db.engine.dispose()
    assert (mail.recipient, mail.subject) == ("rick@example.com", "Your webhook to hooks.example.com was switched off")
    assert "The receiver answered 410." in mail.text
    assert "/integrations/notices/1" in mail.text
    assert "secret/path" not in mail.text + mail.html


def test_a_mail_calls_a_webhook_by_its_name_and_names_its_server(environ: dict[str, str]) -> None:
    app = create_app(Config.from_env(environ | {"MAIL_URL": "smtp://127.0.0.1:9"}))
    with app.app_context():
        owner = factories.create_user("rick")
        endpoint = factories.create_endpoint(owner, "https://hooks.example.com/a/secret/path")
        with writing() as session:
            session.get_one(Endpoint, endpoint.id).name = "Slack, booked"
        for kind in (NoticeKind.FAILING, NoticeKind.GIVEN_UP):
            with writing() as session:
                notify_owner(session.connection(), [News(endpoint.id, kind, "", given_up_count=3)], clock.now())
        subjects, texts = zip(*db.session.execute(select(Mail.subject, Mail.text).order_by(Mail.id)), strict=True)
        db.engine.dispose()
    assert subjects == (
        "Your webhook “Slack, booked” does not get through",
        "3 deliveries to “Slack, booked” were given up",
    )
    assert all("hooks.example.com" in text and "secret/path" not in text for text in texts)
