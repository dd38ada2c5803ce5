"""Free slots: from weekly hours, what is busy and a range of days to the moments at which a meeting can start.

Everything inside is counted in whole minutes since 1970 in UTC. A minute is open when the host's clock shows a time
within the host's hours, so a day has as many of them as it really has: an hour that the clock skips offers nothing,
one that it repeats offers its times twice.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo

from calhooks.scheduling.availability.spans import OpenPiece, both_open, common, merged

ONE_DAY = 1_440
# Shorter than any two changes of one zone's clock are apart.
PROBE = 360
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_WEEKDAY = EPOCH.weekday()
# Well inside what Python can count, so that no offset, length or buffer leads out of it.
FIRST_MINUTE = (date(1, 2, 1) - EPOCH.date()).days * ONE_DAY
LAST_MINUTE = (date(9999, 12, 1) - EPOCH.date()).days * ONE_DAY

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class OpenRange:
    """Hours of one weekday (0 is Monday), in minutes after midnight by the clock; `end` goes up to 1440, 24:00."""

    weekday: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """When a host can be met, by the clock of the host's zone.

    `overrides` are days with hours of their own in place of their weekday's, in minutes after midnight.
    """

    zone: tzinfo
    ranges: tuple[OpenRange, ...]
    overrides: Mapping[date, Sequence[Span]] = field(default_factory=dict)


# A host's hours, and when the host is busy, in seconds since 1970.
Calendar = tuple[WeeklyHours, Sequence[Span]]
# Of a host without any schedule.
NO_HOURS = WeeklyHours(UTC, ())


@dataclass(frozen=True, slots=True)
class Days:
    """The days that a booker asks for, `first` to `last`, by the clock of the booker's zone."""

    first: date
    last: date
    zone: tzinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRules:
    """How long a meeting is, how far apart two starts are, and what is kept free around it; in minutes."""

    duration: int
    interval: int
    buffer_before: int = 0
    buffer_after: int = 0


def free_slots(
    hours: WeeklyHours,
    days: Days,
    rules: SlotRules,
    *,
    earliest: datetime,
    busy: Iterable[Span] = (),
    closed: Iterable[Span] = (),
) -> list[datetime]:
    """Return the starts, in UTC and in order, of meetings on some days of the booker.

    A slot starts at a whole number of intervals from the beginning of its range, by the host's clock, and not before
    `earliest` nor within a `closed` span; every minute of it is open, and nothing busy overlaps it or its buffers.
    Spans are in seconds since 1970. A meeting may end on the day after the last.
    """
    asked = _days(days.first, days.last, days.zone, _ceil(earliest))
    if not asked:
        return []
    lead, tail = rules.duration + rules.buffer_after, rules.buffer_before
    pieces = _pieces(hours, asked[0][0], asked[-1][1] + rules.duration)
    taken = merged([*_taken(busy, lead, tail), *_minutes_within(closed)])
    starts = _starts(_within(_startable(pieces, rules.duration), asked), rules.interval, taken)
    return [EPOCH + timedelta(minutes=start) for start in starts]


def shared_slots(
    always: Iterable[Calendar],
    in_turns: Sequence[Calendar],
    days: Days,
    rules: SlotRules,
    *,
    earliest: datetime,
    closed: Iterable[Span] = (),
) -> list[datetime]:
    """Return the starts of meetings that all hosts of some calendars attend, and one of those who take turns, if any.

    The intervals are counted from the beginning of the hours that those who would meet have in common. Hosts with the
    same hours are worked out together. For the rest, see `free_slots`.
    """
    asked = _days(days.first, days.last, days.zone, _ceil(earliest))
    if not asked:
        return []
    begin, end = asked[0][0], asked[-1][1] + rules.duration
    lead, tail = rules.duration + rules.buffer_after, rules.buffer_before
    must: list[OpenPiece] | None = None
    taken = _minutes_within(closed)
    for hours, alike in _alike(always):
        must = both_open(must, _pieces(hours, begin, end))
        taken += [span for busy in alike for span in _taken(busy, lead, tail)]
    ways = [(must or [], list[Span]())]
    if in_turns:
        ways = [
            (both_open(must, _pieces(hours, begin, end)), common([merged(_taken(busy, lead, tail)) for busy in alike]))
            for hours, alike in _alike(in_turns)
        ]
    taken, starts = merged(taken), set[int]()
    for pieces, busy in ways:
        startable = _within(_startable(pieces, rules.duration), asked)
        starts.update(_starts(startable, rules.interval, merged([*taken, *busy])))
    return [EPOCH + timedelta(minutes=start) for start in sorted(starts)]


def by_day(slots: Iterable[datetime], zone: tzinfo) -> dict[date, list[datetime]]:
    """Return slots in the booker's zone, under the days on which they start there."""
    days: dict[date, list[datetime]] = {}
    for slot in slots:
        local = slot.astimezone(zone)
        days.setdefault(local.date(), []).append(local)
    return days


def day_bounds(first: date, last: date, zone: tzinfo) -> tuple[datetime, datetime] | None:
    """Return the moments between which the days `first` to `last` of a zone lie, or None where there are none."""
    days = _days(first, last, zone, FIRST_MINUTE)
    if not days:
        return None
    return EPOCH + timedelta(minutes=days[0][0]), EPOCH + timedelta(minutes=days[-1][1])


def _minutes(day: date) -> int:
    return (day - EPOCH.date()).days * ONE_DAY


def _ceil(moment: datetime) -> int:
    return -((EPOCH - moment) // timedelta(minutes=1))


def _offset(minute: int, zone: tzinfo) -> int:
    offset = (EPOCH + timedelta(minutes=minute)).astimezone(zone).utcoffset()
    return 0 if offset is None else offset // timedelta(minutes=1)


def _segments(start: int, end: int, zone: tzinfo) -> Iterator[tuple[int, int, int]]:
    """Cut a stretch of minutes where the zone's clock changes, with the offset of each part."""
    if start >= end:
        return
    begun, offset = start, _offset(start, zone)
    at = start
    while at < end:
        probe = min(at + PROBE, end)
        if _offset(probe, zone) != offset:
            change = _change(at, probe, offset, zone)
            yield begun, change, offset
            begun, offset = change, _offset(change, zone)
            at = change
        else:
            at = probe
    if begun < end:
        yield begun, end, offset


def _change(before: int, after: int, offset: int, zone: tzinfo) -> int:
    """Return the first minute whose offset is another one, between a minute with `offset` and one without."""
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(middle, zone) == offset:
            before = middle
        else:
            after = middle
    return after


def _days(first: date, last: date, zone: tzinfo, earliest: int) -> list[Span]:
    """Return the minutes, from `earliest` on, that lie on some days of a zone."""
    local_start, local_end = _minutes(first), _minutes(last) + ONE_DAY
    start = max(local_start - ONE_DAY, earliest, FIRST_MINUTE)
    end = min(local_end + ONE_DAY, LAST_MINUTE)
    spans = [
        (max(begin, local_start - offset), min(finish, local_end - offset))
        for begin, finish, offset in _segments(start, end, zone)
    ]
    return [span for span in spans if span[0] < span[1]]


def _pieces(hours: WeeklyHours, start: int, end: int) -> Iterator[OpenPiece]:
    """Return the open minutes of a stretch, in order, each piece of one range of one day."""
    week = _week(hours.ranges)
    others = {_minutes(day) // ONE_DAY: merged(ranges) for day, ranges in hours.overrides.items()}
    for begin, finish, offset in _segments(start, end, hours.zone):
        for day in range((begin + offset) // ONE_DAY, (finish - 1 + offset) // ONE_DAY + 1):
            midnight = day * ONE_DAY - offset
            for opens, closes in others.get(day, week[(day + EPOCH_WEEKDAY) % 7]):
                low, high = max(begin, midnight + opens), min(finish, midnight + closes)
                if low < high:
                    yield OpenPiece(low, high, midnight + opens)


def _week(ranges: Iterable[OpenRange]) -> list[list[Span]]:
    return [merged((each.start, each.end) for each in ranges if each.weekday == weekday) for weekday in range(7)]


def _alike(calendars: Iterable[Calendar]) -> Iterable[tuple[WeeklyHours, list[Sequence[Span]]]]:
    """Return what is busy in calendars with the same hours, under these hours."""
    found: dict[object, tuple[WeeklyHours, list[Sequence[Span]]]] = {}
    for hours, busy in calendars:
        overrides = frozenset((day, tuple(spans)) for day, spans in hours.overrides.items())
        found.setdefault((hours.zone, frozenset(hours.ranges), overrides), (hours, []))[1].append(busy)
    return found.values()


def _startable(pieces: Iterable[OpenPiece], duration: int) -> list[OpenPiece]:
    """Cut the pieces to the minutes at which a meeting can start and still end in open time, or in the next piece."""
    startable: list[OpenPiece] = []
    open_until = next_start = 0
    for piece in reversed(list(pieces)):
        if piece.end != next_start:
            open_until = piece.end
        next_start = piece.start
        end = min(piece.end, open_until - duration + 1)
        if piece.start < end:
            startable.append(OpenPiece(piece.start, end, piece.anchor))
    return startable[::-1]


def _within(pieces: Sequence[OpenPiece], days: Sequence[Span]) -> Iterator[OpenPiece]:
    for piece in pieces:
        for start, end in days:
            low, high = max(piece.start, start), min(piece.end, end)
            if low < high:
                yield OpenPiece(low, high, piece.anchor)


def _taken(busy: Iterable[Span], lead: int, tail: int) -> list[Span]:
    """Return the minutes at which no meeting can start: it would last into something busy, or begin in it."""
    return [(start // 60 - lead + 1, tail - -end // 60) for start, end in busy if start < end]


def _minutes_within(spans: Iterable[Span]) -> list[Span]:
    return [(-(-start // 60), -(-end // 60)) for start, end in spans]


def _starts(pieces: Iterable[OpenPiece], interval: int, taken: Sequence[Span]) -> Iterator[int]:
    ahead = iter(taken)
    span = next(ahead, None)
    for piece in pieces:
        start = _aligned(piece.start, piece.anchor, interval)
        while start < piece.end:
            while span is not None and span[1] <= start:
                span = next(ahead, None)
            if span is not None and span[0] <= start:
                start = _aligned(span[1], piece.anchor, interval)
                continue
            yield start
            start += interval


def _aligned(minute: int, anchor: int, interval: int) -> int:
    return minute + (anchor - minute) % interval
