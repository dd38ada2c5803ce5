"""The booking page of one event type, worked out from its address: a month with free times, or one time and a form."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import url_for
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.scheduling.availability.hindrances import Wanted
from calhooks.scheduling.availability.holds import held_by_others
from calhooks.scheduling.availability.openings import free_times
from calhooks.scheduling.availability.slots import Days, Span, by_day
from calhooks.scheduling.models.bookings import Booking
from calhooks.scheduling.models.event_types import EventType
from calhooks.web.public.booking_form import BookingForm
from calhooks.web.public.booking_link import BookingLink
from calhooks.web.public.month import MonthGrid, last_day, latest_month, month_grid, months_after, shown_month
from calhooks.web.site.visitor import CLOCKS, clock_hours
from calhooks.web.wording.times import clock_time, long_day
from calhooks.zones import ZoneGroup, zone_groups, zone_info

MONTHS_TO_SEARCH = 6
CLOCK_PARAMETER = "timeFormat"
SLOT_GONE = "That time is no longer free. Please choose another one."


@dataclass(frozen=True, slots=True)
class TimeChoice:
    """A time that can be chosen, and how it is written on the clocks of the booker."""

    start: datetime
    label: str


@dataclass(frozen=True, slots=True)
class Slot:
    """The chosen time, on the clocks of the booker."""

    start: datetime
    end: datetime


@dataclass(slots=True, kw_only=True)
class BookerPage:
    """All that the templates of a booking page need. Days and times are the booker's, `length` is in minutes.

    `zone_known` is false while the host's zone stands in for the booker's. `next_free` is the soonest free time in the
    month, or in a later one when the month has none. `former` is the booking that is being moved, `by_host` by whom.
    `sentence` stands above the month, `refusal` above a form whose time cannot be had.
    """

    event_type: EventType
    link: BookingLink
    length: int
    zone: str
    zone_known: bool
    grid: MonthGrid
    times: list[TimeChoice] = field(default_factory=list)
    month_has_times: bool = False
    next_free: datetime | None = None
    slot: Slot | None = None
    former: Booking | None = None
    by_host: bool = False
    sentence: str = ""
    refusal: str = ""
    form: BookingForm | None = None

    @property
    def host(self) -> str:
        """Return what the host is called."""
        return self.event_type.owner.name

    @property
    def post_url(self) -> str:
        """Return where the form goes: the page's own path with all that is not typed into the form."""
        return self.untyped.url

    @property
    def untyped(self) -> BookingLink:
        """Return the link without what is typed into the form."""
        return self.link.to(name="", email="", guests=(), notes="", location="", reschedule_reason="", answers={})

    @property
    def profile_url(self) -> str:
        """Return the address of the host's page, to which metadata is handed on."""
        path = url_for("profile.show", username=self.event_type.owner.username)
        return BookingLink(path=path, metadata=self.link.metadata).url

    @property
    def zone_pairs(self) -> list[tuple[str, str]]:
        """Return what the form of the time zone carries along: beside the booking form, nothing that is typed there.

        Nobody sees it there, and what fills in a page by the names of its fields would meet each of them twice.
        """
        return (self.untyped if self.slot else self.link).to(time_zone="").pairs

    @property
    def zone_groups(self) -> list[ZoneGroup]:
        """Return the zones to choose from."""
        return _zone_groups(clock.now().replace(minute=0, second=0, microsecond=0))

    @property
    def zone_is_listed(self) -> bool:
        """Tell whether the zone is a place of the list, not an offset that a browser was set to."""
        return any(choice.name == self.zone for group in self.zone_groups for choice in group.choices)

    @property
    def clocks(self) -> list[tuple[str, str, bool]]:
        """Return the ways to write hours, each with where a browser without a script gets it and whether it is used."""
        query = urlencode(self.link.pairs)
        return [
            (hours, f"{self.link.path}?{query}&{CLOCK_PARAMETER}={hours}", hours == clock_hours()) for hours in CLOCKS
        ]

    @property
    def announcement(self) -> str:
        """Return what a screen reader says when htmx has put this in place."""
        if self.slot:
            return f"{long_day(self.slot.start)}, {clock_time(self.slot.start)} chosen. Fill in the form to book it."
        if self.link.day:
            return f"{long_day(self.link.day)}: {_counted(len(self.times), 'free time')}."
        days = sum(1 for week in self.grid.weeks for cell in week if cell and cell.free)
        return f"{self.grid.first:%B} {self.grid.first.year}: {_counted(days, 'day')} with free times."


def booker_page(
    session: Session,
    event_type: EventType,
    link: BookingLink,
    *,
    zone: str,
    zone_known: bool,
    former: Booking | None = None,
    by_host: bool = False,
    visitor: str = "",
) -> BookerPage:
    """Return the page that a link leads to: the form when its slot is free, else the month it names."""
    now, rules = clock.now(), zone_info(zone)
    today = now.astimezone(rules).date()
    wanted = link.slot
    if wanted:
        day = wanted.astimezone(rules).date()
        link = link.to(slot=None, day=day, month=day.replace(day=1))
    first = shown_month(link.month, today)
    link = link.to(month=first, day=link.day if link.day and link.day.replace(day=1) == first else None)

    length = chosen_length(event_type, link, former)

    held = held_by_others(session, event_type.owner_id, visitor, now)

    def free(month: date, held: Sequence[Span] = held) -> list[datetime]:
        days, wanted = Days(month, last_day(month), rules), Wanted(now=now, length=length, moving=former)
        return free_times(session, event_type, days, wanted, held)

    starts = free(first)
    days = by_day(starts, rules)
    page = BookerPage(
        event_type=event_type,
        link=link,
        length=length,
        zone=zone,
        zone_known=zone_known,
        grid=month_grid(first, today=today, chosen=link.day, free={day: len(times) for day, times in days.items()}),
        times=_choices(days.get(link.day, [])) if link.day else [],
        month_has_times=bool(starts),
        former=former,
        by_host=by_host,
    )
    # Held for somebody else or not, who has the link may book it.
    if wanted and (wanted in starts or (held and wanted in free(first, held=()))):
        choose(page, wanted)
        return page
    if wanted:
        page.sentence = SLOT_GONE
    if not page.times:
        page.next_free = _next_free(starts, page.link.day, rules) or _in_later_months(free, first, today, rules)
    return page


def chosen_length(event_type: EventType, link: BookingLink, former: Booking | None) -> int:
    """Return the length that the link asks for, or the one that is moved had, where it is offered; in minutes."""
    wanted = (link.duration, former.length if former else None)
    return next((length for length in wanted if length and length in event_type.lengths), event_type.length)


def choose(page: BookerPage, start: datetime) -> None:
    """Go on to the form for one time, free or not."""
    local = start.astimezone(zone_info(page.zone))
    page.slot = Slot(local, (start + timedelta(minutes=page.length)).astimezone(zone_info(page.zone)))
    page.link = page.link.to(slot=start, day=local.date(), month=local.date().replace(day=1))


def _choices(starts: list[datetime]) -> list[TimeChoice]:
    """Write times; where the clock is set back and shows one twice, with the name of the time that holds."""
    written = [clock_time(start) for start in starts]
    shown = Counter(written)
    return [
        TimeChoice(start.astimezone(UTC), text if shown[text] == 1 else f"{text} {start:%Z}")
        for start, text in zip(starts, written, strict=True)
    ]


def _next_free(starts: list[datetime], after: date | None, rules: ZoneInfo) -> datetime | None:
    local = (start.astimezone(rules) for start in starts)
    return next((start for start in local if after is None or start.date() > after), None)


def _in_later_months(
    free: Callable[[date], list[datetime]], first: date, today: date, rules: ZoneInfo
) -> datetime | None:
    months = [months_after(first, count) for count in range(1, MONTHS_TO_SEARCH + 1)]
    found = (free(month) for month in months if month <= latest_month(today))
    return next((starts[0].astimezone(rules) for starts in found if starts), None)


def _counted(number: int, thing: str) -> str:
    return f"{number or 'no'} {thing}{'' if number == 1 else 's'}"


@lru_cache(maxsize=2)
def _zone_groups(hour: datetime) -> list[ZoneGroup]:
    return zone_groups(hour)
