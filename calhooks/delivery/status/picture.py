"""The attempts to an endpoint in the last 24 hours and 30 days, with response times."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Executable, Integer, bindparam, func, literal, select, union_all
from sqlalchemy.orm import Session

from calhooks.delivery.counting.statistics import BUCKET_GROWTH, NO_RESPONSE, RESPONSE_MS, DeliveryStatistic, hour_of
from calhooks.zones import zone_info

HOURS, DAYS = 24, 30


@dataclass(frozen=True, slots=True)
class PicturePeriod:
    """An hour or a day: the attempts that were delivered and that failed, and the response times in milliseconds.

    Half of the responses took at most `p50_ms`, 95 of 100 at most `p95_ms`; None where there was none. They are as
    exact as the buckets they are counted in.
    """

    start: datetime
    delivered: int = 0
    failed: int = 0
    p50_ms: int | None = None
    p95_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """The last 24 hours and the last 30 days, oldest first, and each as a whole."""

    hours: Sequence[PicturePeriod]
    days: Sequence[PicturePeriod]
    last_day: PicturePeriod
    last_month: PicturePeriod

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to draw."""
        return not (self.last_month.delivered or self.last_month.failed or self.last_day.failed)


# A period's place, a bucket, and how many were delivered and failed.
_Counted = tuple[int, int, int, int]

_Statistic = DeliveryStatistic
_HOURS = select(_Statistic.hour, _Statistic.bucket, _Statistic.delivered, _Statistic.failed).where(
    _Statistic.endpoint_id == bindparam("endpoint"), _Statistic.hour >= bindparam("since")
)
# The days are added up by the database: thirty have thousands of rows.
_DAY = union_all(
    *(
        select(
            literal(place).label("place"),
            bindparam(f"hour{place}", type_=Integer).label("first"),
            bindparam(f"hour{place + 1}", type_=Integer).label("next"),
        )
        for place in range(DAYS)
    )
).subquery()
_DAYS = (
    select(_DAY.c.place, _Statistic.bucket, func.sum(_Statistic.delivered), func.sum(_Statistic.failed))
    .where(
        _Statistic.endpoint_id == bindparam("endpoint"), _Statistic.hour >= _DAY.c.first, _Statistic.hour < _DAY.c.next
    )
    .group_by(_DAY.c.place, _Statistic.bucket)
)


def picture(session: Session, endpoint_id: int, now: datetime, zone: str) -> Picture:
    """Return the attempts to an endpoint in the last 24 hours and, by the days of a time zone, in the last 30 days."""
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    hours = [this_hour - timedelta(hours=back) for back in range(HOURS - 1, -1, -1)]
    today = now.astimezone(zone_info(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    # With the end of today.
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -2, -1)]
    since = hour_of(hours[0])
    asked = {f"hour{place}": hour_of(day) for place, day in enumerate(days)}
    of_hours = _read(session, _HOURS, {"endpoint": endpoint_id, "since": since})
    of_days = _read(session, _DAYS, {"endpoint": endpoint_id} | asked)
    return Picture(
        _periods(hours, [(row[0] - since, *row[1:]) for row in of_hours]),
        _periods(days[:-1], of_days),
        _period(hours[0], of_hours),
        _period(days[0], of_days),
    )


def _read(session: Session, query: Executable, asked: Mapping[str, int]) -> list[_Counted]:
    return [(row[0], row[1], int(row[2]), int(row[3])) for row in session.connection().execute(query, asked)]


def _periods(starts: Sequence[datetime], rows: Iterable[_Counted]) -> list[PicturePeriod]:
    """Sort what was counted into the periods at its places."""
    of: dict[int, list[_Counted]] = {}
    for row in rows:
        of.setdefault(row[0], []).append(row)
    return [_period(start, of.get(place, ())) for place, start in enumerate(starts)]


def _period(start: datetime, rows: Iterable[_Counted]) -> PicturePeriod:
    delivered = failed = 0
    buckets: dict[int, int] = {}
    for _, bucket, succeeded, not_succeeded in rows:
        delivered, failed = delivered + succeeded, failed + not_succeeded
        if bucket != NO_RESPONSE:
            buckets[bucket] = buckets.get(bucket, 0) + succeeded + not_succeeded
    return PicturePeriod(start, delivered, failed, _percentile(buckets, 0.5), _percentile(buckets, 0.95))


def _percentile(buckets: Mapping[int, int], share: float) -> int | None:
    """Return the response time that a share of the responses did not exceed, as if each bucket were filled evenly."""
    rank = share * sum(buckets.values())
    for bucket, count in sorted(buckets.items()):
        if rank <= count:
            low = RESPONSE_MS[bucket - 1] if bucket else 0
            high = RESPONSE_MS[bucket] if bucket < len(RESPONSE_MS) else round(RESPONSE_MS[-1] * BUCKET_GROWTH)
            return round(low + (high - low) * rank / count)
        rank -= count
    return None
