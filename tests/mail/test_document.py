"""What docs/mail.md says is what the code does."""

import re
from datetime import timedelta
from pathlib import Path

from calhooks.config import Config
from calhooks.mail import limits, password_reset
from calhooks.mail.sending import pace
from calhooks.mail.sending.claim import (
    DOUBT_WAIT,
    MAX_BUSY_AGE,
    MAX_BUSY_WAIT,
    MAX_DOUBTS,
    MIN_BUSY_WAIT,
    RETRY_WAITS,
)
from calhooks.mail.sending.sender import MailServer
from calhooks.mail.sending.smtp import RFC_PATIENCE
from calhooks.scheduling.bookings.submission import MAX_GUESTS
from calhooks.scheduling.calendars.feeds import AHEAD, BACK
from calhooks.scheduling.notifications.words import Change

TEXT = (Path(__file__).resolve().parent.parent.parent / "docs" / "mail.md").read_text()
PLAIN = " ".join(TEXT.split())


def words(wait: timedelta) -> str:
    """Return a wait as a person writes it."""
    minutes = int(wait.total_seconds()) // 60
    number, unit = (minutes, "minute") if minutes < 60 else (minutes // 60, "hour")
    return f"{number} {unit}{'' if number == 1 else 's'}"


def test_the_ports_are_the_ones_that_are_used() -> None:
    rows = re.findall(r"^\| `(smtps?://\S+)` \| port (\d+)", TEXT, re.MULTILINE)
    assert len(rows) == 3
    for url, port in rows:
        assert MailServer.from_url(url).port == int(port)


def test_the_time_outs_are_the_ones_that_hold() -> None:
    rows = re.findall(r"^\| (\d+) minutes \|", TEXT, re.MULTILINE)
    waits = (RFC_PATIENCE.command, RFC_PATIENCE.data, RFC_PATIENCE.block, RFC_PATIENCE.verdict, RFC_PATIENCE.mail)
    assert [60 * int(minutes) for minutes in rows] == list(waits)


def test_every_change_is_in_the_table() -> None:
    assert re.findall(r"^\| `(\w+)` \|", TEXT.split("## Who is told what")[1], re.MULTILINE) == [
        str(change) for change in Change
    ]


def test_the_waits_and_limits_are_the_ones_that_hold(environ: dict[str, str]) -> None:
    *others, last = map(words, RETRY_WAITS)
    assert f"after {', '.join(others)} and {last};" in PLAIN
    assert f"at least {words(MIN_BUSY_WAIT)} and at most {words(MAX_BUSY_WAIT)}, until the mail is" in PLAIN
    assert f"until the mail is {MAX_BUSY_AGE.days} days old" in PLAIN
    assert f"{pace.FIRST_MAIL_GAP_SECONDS:g} second passes" in PLAIN
    assert f"after a gap of {pace.MAX_MAIL_GAP_SECONDS:g} seconds" in PLAIN
    assert f"after {words(DOUBT_WAIT)} at the earliest" in PLAIN
    assert f"at most {('one', 'two', 'three')[MAX_DOUBTS - 1]} times in all" in PLAIN
    limit = Config.from_env(environ).mail_limit
    assert f"at most {limit} new bookers and, counted apart, {limit} new guests" in PLAIN
    assert f"at most {limits.MAX_TO_ONE_ADDRESS} mails to one address" in PLAIN
    assert f"at most {MAX_GUESTS} guests" in PLAIN
    assert timedelta(hours=1) == password_reset.RESET_LINK_LIFETIME
    assert (BACK.days, AHEAD.days) == (30, 366)
