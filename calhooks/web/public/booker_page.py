"""The booking page of one event type, worked out from its address: a month with free times, or one time and a form."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import chain
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from calhooks import clock
from calhooks.db import db
from calhooks.scheduling.availability.hindrances import Wanted
from calhooks.scheduling.availability.holds import held_by_others
from calhooks.scheduling.availability.openings import free_times
from calhooks.scheduling.availability.slots import Days, Span, by_day
from calhooks.web.public.booking_form import BookingForm, booking_form_for
from calhooks.web.public.booking_link import BookingLink
from calhooks.web.public.hosting import host_sentence
from calhooks.web.public.month import MonthGrid, last_day, latest_month, month_grid, months_after, shown_month
from calhooks.web.public.visit import Visit
from calhooks.web.site.visitor import CLOCK_COOKIE, CLOCKS, COOKIE_MAX_AGE_SECONDS, ZONE_COOKIE, clock_hours
from calhooks.web.wording.addresses import profile_path
from calhooks.web.wording.times import clock_time, long_day
from calhooks.zones import ZoneGroup, zone_groups, zone_info

MONTHS_TO_SEARCH = 6
CLOCK_PARAMETER = "timeFormat"
NO_TIME_CHOSEN = "Choose a time."
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


@dataclass(frozen=True, slots=True, kw_only=True)
class BookerPage:
    """All that the templates of a booking page need. Days and times are the booker's.

    `visit` has the link of what is shown: the form at `slot`, or else a month. `next_free` is the soonest free time in
    the month, or in a later one when the month has none. `sentence` is shown above the month, `refusal` above a form
    whose time cannot be had. `host_sentence` says who hosts a round robin's meeting once it is moved.
    """

    visit: Visit
    grid: MonthGrid
    times: list[TimeChoice]
    month_has_times: bool
    next_free: datetime | None
    slot: Slot | None
    form: BookingForm | None
    sentence: str
    refusal: str
    host_sentence: str = ""

    @property
    def link(self) -> BookingLink:
        """Return the link of what is shown."""
        return self.visit.link

    @property
    def host(self) -> str:
        """Return what the host is called."""
        return self.visit.bookable.holder.name

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
        """Return the address of the person's or team's page, to which metadata is handed on."""
        return BookingLink(path=profile_path(self.visit.bookable.holder), metadata=self.link.metadata).url

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
        return any(choice.name == self.visit.zone for group in self.zone_groups for choice in group.choices)

    @property
    def clocks(self) -> list[tuple[str, str, bool]]:
        """Return the ways to write hours, each with where a browser without a script gets it and whether it is used."""
        query = urlencode(self.link.pairs)
        return [
            (hours, f"{self.link.path}?{query}&{CLOCK_PARAMETER}={hours}", hours == clock_hours()) for hours in CLOCKS
        ]

    @property
    def cookies(self) -> dict[str, str | int]:
        """Return the names of what the page's script keeps in the browser, and for how many seconds."""
        return {"zone": ZONE_COOKIE, "clock": CLOCK_COOKIE, "seconds": COOKIE_MAX_AGE_SECONDS}

    @property
    def announcement(self) -> str:
        """Return what a screen reader says when htmx has put this in place."""
        if self.slot:
            return f"{long_day(self.slot.start)}, {clock_time(self.slot.start)} chosen. Fill in the form to book it."
        if self.link.day:
            return f"{long_day(self.link.day)}: {_counted(len(self.times), 'free time')}."
        days = sum(1 for week in self.grid.weeks for cell in week if cell and cell.free)
        return f"{self.grid.first:%B} {self.grid.first.year}: {_counted(days, 'day')} with free times."


def booker_page(visit: Visit, form: BookingForm | None = None, refusal: str = "") -> BookerPage:
    """Return the page that a visit leads to: the form when its slot is free, else the month that its link names.

    A `form` that was sent comes again at its slot, free or not; `refusal` says why the slot cannot be had.
    """
    now, rules, wanted = clock.now(), zone_info(visit.zone), visit.link.slot
    today = now.astimezone(rules).date()
    month, day = month_and_day(visit, now)
    held = held_by_others(db.session(), visit.bookable, visit.visitor, now)
    starts = _free(visit, month, now, held)
    days = by_day(starts, rules)
    times = _choices(days.get(day, [])) if day else []
    # Held for somebody else or not, who has the link may book it.
    is_free = wanted and (wanted in starts or (held and wanted in _free(visit, month, now, held={})))
    slot = _slot(visit, wanted) if wanted and (is_free or form) else None
    later = (_free(visit, each, now, held) for each in _months_to_search(month, today))
    return BookerPage(
        visit=_shown(visit, slot, month, day),
        grid=month_grid(month, today=today, chosen=day, free={each: len(found) for each, found in days.items()}),
        times=times,
        month_has_times=bool(starts),
        next_free=None if times or is_free else _next_free(chain([starts], later), day, rules),
        slot=slot,
        form=(form or booking_form_for(visit)) if slot else None,
        sentence="" if slot else _sentence(wanted, form),
        refusal=refusal,
        host_sentence=host_sentence(db.session(), visit, slot.start.astimezone(UTC) if slot else None, now),
    )


def month_and_day(visit: Visit, now: datetime) -> tuple[date, date | None]:
    """Return the first day of the month to show to a visit, and the day in it that was chosen, if one was."""
    link, rules = visit.link, zone_info(visit.zone)
    day = link.slot.astimezone(rules).date() if link.slot else link.day
    month = shown_month(day.replace(day=1) if day else link.month, now.astimezone(rules).date())
    return month, day if day and day.replace(day=1) == month else None


def _shown(visit: Visit, slot: Slot | None, month: date, day: date | None) -> Visit:
    """Return the visit with the link of what is shown: a slot on its own day, else a month and perhaps a day."""
    if slot is None:
        return visit.to(slot=None, day=day, month=month)
    return visit.to(day=slot.start.date(), month=slot.start.date().replace(day=1))


def _sentence(wanted: datetime | None, form: BookingForm | None) -> str:
    """Return why a month is shown to who came for a slot, or sent a form."""
    if wanted:
        return SLOT_GONE
    return NO_TIME_CHOSEN if form else ""


def _free(visit: Visit, month: date, now: datetime, held: Mapping[int, Sequence[Span]]) -> list[datetime]:
    """Return the times of a month that can be booked, without those that are `held`."""
    days = Days(month, last_day(month), zone_info(visit.zone))
    wanted = Wanted(now=now, length=visit.length, replaced=visit.replaced, held=held)
    return free_times(db.session(), visit.bookable, days, wanted)


def _slot(visit: Visit, start: datetime) -> Slot:
    rules = zone_info(visit.zone)
    return Slot(start.astimezone(rules), (start + timedelta(minutes=visit.length)).astimezone(rules))


def _choices(starts: list[datetime]) -> list[TimeChoice]:
    """Write times; where the clock is set back and shows one twice, with the name of the time that holds."""
    written = [clock_time(start) for start in starts]
    shown = Counter(written)
    return [
        TimeChoice(start.astimezone(UTC), text if shown[text] == 1 else f"{text} {start:%Z}")
        for start, text in zip(starts, written, strict=True)
    ]


def _months_to_search(first: date, today: date) -> list[date]:
    months = [months_after(first, count) for count in range(1, MONTHS_TO_SEARCH + 1)]
    return [month for month in months if month <= latest_month(today)]


def _next_free(months: Iterable[list[datetime]], after: date | None, rules: ZoneInfo) -> datetime | None:
    local = (start.astimezone(rules) for starts in months for start in starts)
    return next((start for start in local if after is None or start.date() > after), None)


def _counted(number: int, thing: str) -> str:
    return f"{number or 'no'} {thing}{'' if number == 1 else 's'}"


@lru_cache(maxsize=2)
def _zone_groups(hour: datetime) -> list[ZoneGroup]:
    return zone_groups(hour)
