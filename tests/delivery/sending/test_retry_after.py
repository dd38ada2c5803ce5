"""Retry-After as receivers write it, and the sentence about it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from calhooks.delivery.sending.retry_after import MAX_WAIT, read_retry_after
from calhooks.delivery.sending.sender import Sender
from calhooks.egress.failures import Failure
from tests.delivery.receivers import answer, receiving
from tests.delivery.sending.posting import post

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
SAID = "The receiver answered"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("1", 1),
        (" 120 ", 120),
        ("007", 7),
        ("1.5", 1.5),
        ("0.337", 0.337),
        (".25", 0.25),
        ("2.", 2),
        ("0.64500000000000000000000000000001", 0.645),
        ("30, 60", 30),
        ("30,Wed, 04 Mar 2026 09:02:00 GMT", 30),
        ("Wed, 04 Mar 2026 09:02:00 GMT", 120),
        ("Wednesday, 04-Mar-26 09:02:00 GMT", 120),
        ("Wed Mar  4 09:02:00 2026", 120),
        ("Wed, 04 Mar 2026 10:02:00 +0100", 120),
        ("Wed, 04 Mar 2026 09:02:00 GMT, Wed, 04 Mar 2026 09:05:00 GMT", 120),
        ("Wed, 04 Mar 2026 09:02:00 GMT, 300", 120),
        ("Wed, 04 Mar 2026 08:59:00 GMT", 0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
        (str(int(NOW.timestamp()) + 30), 30),
        (str(int(NOW.timestamp()) - 30), 0),
        ("999999999999999", MAX_WAIT.total_seconds()),
        ("9" * 400, MAX_WAIT.total_seconds()),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MAX_WAIT.total_seconds()),
    ],
)
def test_a_wait_is_read_however_it_is_written(value: str, seconds: float) -> None:
    said = read_retry_after(value, NOW)
    assert said is not None
    assert (said.wait, said.unreadable) == (timedelta(seconds=seconds), "")


@pytest.mark.parametrize(
    "value",
    [
        *("soon", "-5", "+5", "5s", "5 seconds", "1e3", "1_000", "٣", "0x10", "NaN", "inf", "1.2.3", ".", "-", ";"),
        *("PT5S", "2026-03-04", "2026-03-04T09:02:00Z", "09:02", "Mar", "Wed, 99 Mar 2026 09:02:00 GMT"),
        *("Wed, 04 Foo 2026 09:02:00 GMT", "Wed,", ",", ",5"),
    ],
)
def test_nonsense_is_no_wait_and_is_kept(value: str) -> None:
    said = read_retry_after(value, NOW)
    assert said is not None
    assert (said.wait, said.unreadable) == (None, value[:100])


@pytest.mark.parametrize("value", [None, "", "  "])
def test_no_header_says_nothing(value: str | None) -> None:
    assert read_retry_after(value, NOW) is None


@pytest.mark.parametrize(
    ("status", "headers", "refused", "detail"),
    [
        (429, [], True, f"{SAID} 429 Said: it takes no more right now."),
        (429, ["1"], True, f"{SAID} 429 Said: it asks to wait 1 second."),
        (429, ["0.337"], True, f"{SAID} 429 Said: it asks to wait 0.337 seconds."),
        (429, ["90"], True, f"{SAID} 429 Said: it asks to wait 1.5 minutes."),
        (503, ["3600"], True, f"{SAID} 503 Said: it asks to wait 1 hour."),
        (503, ["172800", "1"], True, f"{SAID} 503 Said: it asks to wait 2 days."),
        (503, ["0"], True, f"{SAID} 503 Said: it takes no more right now."),
        (503, [], False, f"{SAID} 503 Said."),
        (
            *(503, ["soon"], False),
            f"{SAID} 503 Said. Its Retry-After, “soon”, cannot be read and is ignored.",
        ),
        (
            *(429, ["soon"], True),
            f"{SAID} 429 Said: it takes no more right now. Its Retry-After, “soon”, cannot be read and is ignored.",
        ),
        (500, ["30"], False, f"{SAID} 500 Said. The receiver's own log says why."),
        (200, ["30"], False, None),
        (200, ["soon"], False, None),
    ],
)
def test_a_refusal_says_how_long_it_lasts(
    sender: Sender, status: int, headers: list[str], refused: bool, detail: str | None
) -> None:
    lines = [f"Retry-After: {value}" for value in headers]
    with receiving(answer(status, b"", *(line.encode().decode("latin-1") for line in lines))) as receiver:
        result = post(sender, receiver.url)
    assert (result.refused, result.detail) == (refused, detail)
    assert result.failure is (None if status == 200 else Failure.STATUS)


def test_a_date_is_counted_from_the_attempt(sender: Sender) -> None:
    moment = datetime.now(UTC) + timedelta(minutes=10)
    with receiving(answer(503, b"", f"Retry-After: {format_datetime(moment, usegmt=True)}")) as receiver:
        result = post(sender, receiver.url)
    assert result.refused
    assert "it asks to wait" in str(result.detail)


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (400, "Compare the body"),
        (401, "The receiver wants an Authorization header: add it under Headers"),
        (403, "Authorization header"),
        (404, "Check the path"),
        (405, "no POST"),
        (413, "shorten the template"),
        (415, "content type"),
        (421, "check the URL"),
        (500, "own log"),
        (502, "proxy"),
    ],
)
def test_a_status_says_what_to_do(sender: Sender, status: int, hint: str) -> None:
    with receiving(answer(status, b"no")) as receiver:
        result = post(sender, receiver.url)
    assert result.failure is Failure.STATUS
    assert str(result.detail).startswith(f"The receiver answered {status} Said. ")
    assert hint in str(result.detail)


@pytest.mark.parametrize("status", [402, 418, 451, 499, 599, 999, 304])
def test_a_status_that_means_little_is_told_alone(sender: Sender, status: int) -> None:
    with receiving(answer(status, b"")) as receiver:
        result = post(sender, receiver.url)
    assert result.detail == f"The receiver answered {status} Said."
