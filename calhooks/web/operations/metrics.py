"""The figures of /metrics in Prometheus' text format. None of them reads the log."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from calhooks import __version__
from calhooks.delivery.counting import counters
from calhooks.delivery.pump.room import MAX_YOUNG
from calhooks.delivery.status import backlog, heartbeat

OUTCOMES = ("delivered", "failed", "dropped")
STATUSES = ("2xx", "3xx", "4xx", "5xx", "none")


def exposition(session: Session, now: datetime) -> str:
    """Return all figures."""
    waiting, alive, counted = (
        backlog.measure(session, now),
        heartbeat.alive(session, now),
        counters.read_counters(session),
    )
    families = (
        _family("info", "gauge", "The version that runs.", {f'{{version="{__version__}"}}': 1}),
        _family("processes", "gauge", "Workers and schedulers seen lately.", _by("kind", alive)),
        _family(
            "backlog",
            "gauge",
            "Deliveries that wait: due, blocked behind an earlier one of the same booking, or for the end of a pause.",
            _by("state", {"due": waiting.due, "blocked": waiting.blocked, "paused": waiting.paused}),
        ),
        _family(
            "oldest_due_seconds",
            "gauge",
            "For how long the oldest due delivery has waited beyond its time.",
            {"": waiting.oldest_due_seconds},
        ),
        _family(
            "deliveries_total",
            "counter",
            "Deliveries that came to an end, by how. One that is sent again comes to an end again.",
            _by("outcome", dict.fromkeys(OUTCOMES, 0) | counted.get(counters.DELIVERIES, {})),
        ),
        _family(
            "attempts_total",
            "counter",
            "Attempts, by the class of the answer's status; none where no answer came.",
            _by("status", dict.fromkeys(STATUSES, 0) | counted.get(counters.ATTEMPTS, {})),
        ),
        _latency(counted),
        _family(
            "pump_slot_seconds_total",
            "counter",
            "Time for which sends took up a slot; one that waits longer for its receiver takes none.",
            {"": counted.get(counters.SLOT_MS, {}).get("", 0) / 1000},
        ),
        _family(
            "pump_slots", "gauge", "Slots of the workers that are there.", {"": alive.get("worker", 0) * MAX_YOUNG}
        ),
    )
    return "".join(families)


def _latency(counted: Mapping[str, dict[str, int]]) -> str:
    name, buckets = "delivery_latency_seconds", dict(counters.cumulated(counted.get(counters.LATENCY, {})))
    what = "From the commit of what happened to the receiver's 2xx; without what was sent again by hand."
    total, seconds = buckets[counters.BEYOND], counted.get(counters.LATENCY_MS, {}).get("", 0) / 1000
    samples = {f'_bucket{{le="{end}"}}': count for end, count in buckets.items()} | {"_sum": seconds, "_count": total}
    return _head(name, "histogram", what) + "".join(f"calhooks_{name}{key} {value}\n" for key, value in samples.items())


def _by(label: str, counts: Mapping[str, int]) -> dict[str, float]:
    return {f'{{{label}="{value}"}}': count for value, count in sorted(counts.items())}


def _family(name: str, kind: str, what: str, samples: Mapping[str, float]) -> str:
    lines = (f"calhooks_{name}{labels} {_number(value)}\n" for labels, value in samples.items())
    return _head(name, kind, what) + "".join(lines)


def _head(name: str, kind: str, what: str) -> str:
    return f"# HELP calhooks_{name} {what}\n# TYPE calhooks_{name} {kind}\n"


def _number(value: float) -> str:
    return f"{int(value)}" if value == int(value) else f"{value}"
