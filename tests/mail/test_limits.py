"""Tests of how many people an account may write to: what waits, until when, and who is not delayed by whom."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks import clock, create_app
from calhooks.accounts.models import User
from calhooks.config import Config
from calhooks.db import db, writing
from calhooks.mail import limits
from calhooks.mail.addresses import Correspondent
from calhooks.mail.models import Mail, MailState
from calhooks.mail.outbox import MailDraft, owe_mail
from calhooks.scheduler import Scheduler
from tests import factories
from tests.mail.letters import LETTER, owe, pump
from tests.mail.smtp_server import MailServer

NOW = datetime(2026, 3, 5, 9, tzinfo=UTC)
DAY = timedelta(days=1)
LIMIT = 2
REASON = "this account has written to 2 new addresses of {} within a day, which is the limit."
GUESTS, BOOKERS = REASON.format("guests"), REASON.format("bookers")


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """The environment of an application that writes to two new addresses a day."""
    return environ | {"CALHOOKS_MAIL_LIMIT": str(LIMIT)}


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Move the clock."""

    def move(moment: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    move(NOW)
    return move


def waits(mail: Mail) -> tuple[MailState, datetime | None, str]:
    return mail.state, mail.due_at, mail.error


def at_once(moment: datetime = NOW) -> tuple[MailState, datetime | None, str]:
    return MailState.QUEUED, moment, ""


def test_new_addresses_over_the_limit_wait_for_room_and_known_ones_do_not(
    session: Session, server: MailServer, at: Callable[[datetime], None]
) -> None:
    rick, other = factories.create_user("rick"), factories.create_user("other")
    assert waits(owe(rick, "one@example.net")) == at_once()
    at(NOW + timedelta(hours=1))
    assert waits(owe(rick, "two@example.net")) == at_once(clock.now())
    later = (MailState.QUEUED, NOW + DAY, f"It waits: {BOOKERS}")
    assert waits(owe(rick, "three@example.net")) == later
    # The next room is where the second one's day ends, the one after that a day after the third one's.
    assert owe(rick, "four@example.net").due_at == NOW + DAY + timedelta(hours=1)
    assert owe(rick, "five@example.net").due_at == NOW + 2 * DAY
    for address in ("ONE@example.net", "rick@example.com"):
        assert waits(owe(rick, address)) == at_once(clock.now())
    assert waits(owe(rick, "Three@example.net")) == later
    assert waits(owe(other, "three@example.net")) == at_once(clock.now())
    pump()
    assert len(server.mails) == 5
    at(NOW + DAY)
    pump()
    assert [mail.recipient for mail in server.mails[5:]] == ["three@example.net", "Three@example.net"]


def test_guests_and_bookers_are_counted_apart(
    session: Session, server: MailServer, at: Callable[[datetime], None]
) -> None:
    rick = factories.create_user("rick")
    for number in range(3 * LIMIT):
        owe(rick, f"guest{number}@example.net", to_guests=True)
    (last,) = session.scalars(select(Mail).order_by(Mail.id.desc()).limit(1))
    assert waits(last) == (MailState.QUEUED, NOW + 2 * DAY, f"It waits: {GUESTS}")
    assert waits(owe(rick, "ann@example.net")) == at_once()
    # Who waits as a guest and books has room as a booker, and then as a guest, too.
    assert waits(owe(rick, last.recipient)) == at_once()
    assert waits(owe(rick, last.recipient, to_guests=True)) == at_once()
    assert owe(rick, "bob@example.net").due_at == NOW + DAY
    # And the reverse: bookers who wait delay no guest, and keep the room they have if it is the better one.
    assert owe(rick, "bob@example.net", to_guests=True).due_at == NOW + DAY


def test_all_readers_of_one_letter_are_counted(
    session: Session, server: MailServer, at: Callable[[datetime], None]
) -> None:
    rick = factories.create_user("rick")
    people = [Correspondent(f"guest{number}@example.net") for number in range(5)]
    owe_all(rick, to=people, to_guests=True)
    moments = session.scalars(select(Mail.due_at).order_by(Mail.id)).all()
    assert moments == [NOW, NOW, NOW + DAY, NOW + DAY, NOW + 2 * DAY]


def owe_all(owner: User, **values: Any) -> None:
    with writing() as session:
        owe_mail(session, MailDraft(owner_id=owner.id, kind="test", letter=LETTER, **values))


def test_what_would_wait_until_it_is_of_no_use_is_dropped_and_keeps_no_room(
    session: Session, server: MailServer, at: Callable[[datetime], None]
) -> None:
    rick = factories.create_user("rick")
    for number in range(LIMIT):
        owe(rick, f"{number}@example.net")
    late = owe(rick, "ann@example.net", expires_at=NOW + DAY)
    assert waits(late) == (MailState.DROPPED, None, f"Not sent: {BOOKERS}")
    in_time = owe(rick, "bob@example.net", expires_at=NOW + DAY + timedelta(minutes=1))
    assert waits(in_time) == (MailState.QUEUED, NOW + DAY, f"It waits: {BOOKERS}")
    # Known, and waiting as long as before.
    assert owe(rick, "bob@example.net", expires_at=NOW + DAY).state == MailState.DROPPED


def test_no_limit_is_none(environ: dict[str, str], server: MailServer) -> None:
    app: Flask = create_app(Config.from_env(environ | {"CALHOOKS_MAIL_LIMIT": "0"}))
    with app.app_context():
        rick = factories.create_user("rick")
        assert {owe(rick, f"{number}@example.net").error for number in range(2 * LIMIT)} == {""}
        db.engine.dispose()


@pytest.mark.parametrize(
    ("limit", "expected"), [("0", [NOW] * 7), ("4", [NOW] * 4 + [NOW + DAY] * 3), ("2", [NOW] * 2 + [NOW + DAY] * 2)]
)
def test_a_raised_limit_has_room_for_what_waits_already(
    environ: dict[str, str],
    session: Session,
    server: MailServer,
    at: Callable[[datetime], None],
    limit: str,
    expected: Any,
) -> None:
    rick = factories.create_user("rick")
    for number in range(7):
        owe(rick, f"{number}@example.net")
    blocked = owe(rick, "7@example.net", sequence_key="a")
    blocked.due_at = NOW + timedelta(hours=1)
    session.commit()
    config = Config.from_env(environ | {"CALHOOKS_MAIL_LIMIT": limit})
    with create_app(config).app_context():
        Scheduler(config, "this one").turn()
        moments = db.session().scalars(select(Mail.due_at).order_by(Mail.id)).all()
        db.engine.dispose()
    assert moments[: len(expected)] == expected
    # It waits for something else.
    assert moments[-1] == NOW + timedelta(hours=1)


def test_one_address_gets_only_so_many_mails_a_day(
    session: Session, server: MailServer, at: Callable[[datetime], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_TO_ONE_ADDRESS", 2)
    rick = factories.create_user("rick")
    for address in ("ann@example.net", "Ann@example.net"):
        assert waits(owe(rick, address)) == at_once()
    pump()
    at(NOW + timedelta(hours=1))
    assert waits(owe(rick, "bob@example.net")) == at_once(clock.now())
    reason = limits.ONE_ADDRESS
    for _ in range(2):
        assert waits(owe(rick, "ann@example.net")) == (MailState.QUEUED, NOW + DAY, f"It waits: {reason}")
    # What waits counts too, and no more than a day's mails wait.
    assert waits(owe(rick, "ann@example.net")) == (MailState.DROPPED, None, f"Not sent: {reason}")
    for _ in range(5):
        assert waits(owe(rick, "rick@example.com")) == at_once(clock.now())
    at(NOW + DAY)
    pump()
    assert len(server.to("ann@example.net")) == 3
