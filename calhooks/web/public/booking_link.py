"""What the address of a booking page says, and addresses of the same page that say something else."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from flask import abort
from werkzeug.datastructures import MultiDict

from calhooks.scheduling.bookings.metadata import MetadataError, metadata_pairs, parse_metadata
from calhooks.scheduling.bookings.submission import read_start
from calhooks.web.http.redirects import fits_location
from calhooks.web.site.visitor import read_zone

# What somebody types is longer at most; a link that carries more is cut.
MAX_PREFILL_LENGTH = 10_000
MAX_LINK_GUESTS = 50
MAX_PARAMETER_LENGTH = 50
MAX_DURATION_MINUTES = 1_440


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingLink:
    """All that a booking page knows about its visitor. Kept nowhere else, so that Back and a copied address work.

    `answers` holds what was typed, by the identifier of its question. `month` is the first day of it; `time_zone` is
    canonical, or empty when the link names none. `others` are parameters that only the host's own page understands.
    """

    path: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    month: date | None = None
    day: date | None = None
    slot: datetime | None = None
    duration: int | None = None
    time_zone: str = ""
    name: str = ""
    email: str = ""
    guests: tuple[str, ...] = ()
    notes: str = ""
    location: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    reschedule_uid: str = ""
    reschedule_reason: str = ""
    others: tuple[tuple[str, str], ...] = ()

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Return the query's names and values; what is empty is left out."""
        said = [
            ("month", self.month.isoformat()[:7] if self.month and not self.day else ""),
            ("date", self.day.isoformat() if self.day else ""),
            ("slot", f"{self.slot.replace(tzinfo=None).isoformat('T', 'seconds')}Z" if self.slot else ""),
            ("duration", str(self.duration or "")),
            ("timeZone", self.time_zone),
            ("rescheduleUid", self.reschedule_uid),
            ("name", self.name),
            ("email", self.email),
            ("notes", self.notes),
            ("location", self.location),
            ("rescheduleReason", self.reschedule_reason),
            *self.answers.items(),
        ]
        kept = [(name, value) for name, value in said if value]
        # An empty guest is a field that waits to be filled in.
        return kept + [("guests", guest) for guest in self.guests] + [*self.others] + metadata_pairs(self.metadata)

    @property
    def url(self) -> str:
        """Return the address that says all this."""
        query = urlencode(self.pairs)
        return f"{self.path}?{query}" if query else self.path

    @property
    def bounded_url(self) -> str:
        """Return the address for a redirect: without what was typed where it would be too long for one."""
        if fits_location(self.url):
            return self.url
        typed = {"name": "", "email": "", "notes": "", "reschedule_reason": ""}
        return self.to(**typed, guests=(), answers={}, others=()).url

    def to(self, **changes: Any) -> "BookingLink":
        """Return the link with some of it changed."""
        return replace(self, **changes)


def read_link(
    path: str, query: MultiDict[str, str], metadata: Mapping[str, str], asked: Iterable[str] = ()
) -> BookingLink:
    """Return what a query says. Whatever cannot be understood is as if it were not there.

    `asked` are the identifiers of the event type's own questions.
    """
    day = _date(query.get("date", ""))
    month = _date(f"{query.get('month', '')}-01")
    if day and month and day.replace(day=1) != month:
        day = None
    return BookingLink(
        path=path,
        metadata=metadata,
        month=day.replace(day=1) if day else month,
        day=day,
        slot=read_moment(query.get("slot", "")),
        duration=_duration(query.get("duration", "")),
        time_zone=read_zone(query.get("timeZone", "")),
        name=_line(query.get("name", "")),
        email=_line(query.get("email", "")),
        guests=tuple(_line(guest) for guest in query.getlist("guests")[:MAX_LINK_GUESTS]),
        notes=_text(query.get("notes", "")),
        location=_line(query.get("location", ""))[:MAX_PARAMETER_LENGTH],
        answers={name: _text(query[name]) for name in asked if query.get(name)},
        reschedule_uid=_line(query.get("rescheduleUid", "")),
        reschedule_reason=_text(query.get("rescheduleReason", "")),
    )


def read_moment(text: str) -> datetime | None:
    """Return the moment that a text means in ISO 8601, in UTC unless it says otherwise; None when it means none."""
    try:
        return read_start(text)
    except ValueError:
        return None


def _date(text: str) -> date | None:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _duration(text: str) -> int | None:
    if not re.fullmatch(r"[0-9]{1,4}", text):
        return None
    return int(text) if 1 <= int(text) <= MAX_DURATION_MINUTES else None


def _line(text: str) -> str:
    return " ".join(text.split())[:MAX_PREFILL_LENGTH]


def _text(text: str) -> str:
    return text.replace("\r\n", "\n")[:MAX_PREFILL_LENGTH]


def link_metadata(query: bytes | Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the metadata in a link's query, or in its pairs; 400 where it is more than a booking keeps."""
    try:
        return parse_metadata(query)
    except MetadataError as error:
        abort(400, metadata_refusal(error))


def metadata_refusal(error: MetadataError) -> str:
    """Return what a page says about metadata over a limit."""
    return f"This link carries more than a booking can keep. {error}"
