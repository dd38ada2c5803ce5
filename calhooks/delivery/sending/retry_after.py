"""When a receiver wants to be asked again: the Retry-After header (RFC 9110, 10.2.3), as receivers write it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

# Slack and Discord send fractions of a second.
SECONDS = re.compile(r"\d+(\.\d*)?|\.\d+", re.ASCII)
MAX_WAIT = timedelta(days=365)
# From here on a number is a moment, in seconds since 1970, as some send it in other headers about their limits.
MIN_EPOCH_SECONDS = 1e9


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """What was said: how long to `wait`, never negative; None where it is `unreadable`, which is then the text."""

    wait: timedelta | None
    unreadable: str = ""


def read_retry_after(value: str | None, now: datetime) -> RetryAfter | None:
    """Read a Retry-After header: seconds, fractions too, or an HTTP date; of several the first. None without one.

    A number that can only be a moment in seconds since 1970 is read as one.
    """
    text = (value or "").strip()
    if not text:
        return None
    first = text.partition(",")[0].strip()
    if SECONDS.fullmatch(first):
        seconds = float(first)
        since_now = seconds - now.timestamp()
        if seconds >= MIN_EPOCH_SECONDS and since_now < MAX_WAIT.total_seconds():
            seconds = max(since_now, 0.0)
        # Digits without end are infinite to float, and would not fit into a timedelta.
        return RetryAfter(timedelta(seconds=min(seconds, MAX_WAIT.total_seconds())))
    moment = _date(text)
    if moment is not None:
        return RetryAfter(min(max(moment - now, timedelta()), MAX_WAIT))
    return RetryAfter(None, unreadable=text[:100])


def is_refusal(status: int | None, retry_after: str | None, now: datetime) -> bool:
    """Tell whether a receiver said "not now": 429, or 503 with a Retry-After that can be read."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    if status != HTTPStatus.SERVICE_UNAVAILABLE:
        return False
    said = read_retry_after(retry_after, now)
    return said is not None and said.wait is not None


def _date(text: str) -> datetime | None:
    """Read an HTTP date, alone or as the first of several. It has a comma of its own after the day's name."""
    for commas in (len(text), 2, 1):
        piece = ",".join(text.split(",")[:commas])
        if not re.search(r"[A-Za-z]", piece):
            continue
        try:
            moment = parsedate_to_datetime(piece.strip())
        except (ValueError, OverflowError):
            continue
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return None
