"""Answers for machines: whether this process is alive, whether calhooks is at work, and its figures for Prometheus."""

from flask import Blueprint, Response, jsonify
from sqlalchemy.exc import SQLAlchemyError

from calhooks import __version__, clock
from calhooks.db import db
from calhooks.delivery import backlog, queue
from calhooks.web import access

blueprint = Blueprint("health", __name__)

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@blueprint.get("/healthz")
@access.public
def healthz() -> Response:
    """Say that this process answers; nothing else is asked."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
@access.public
def readyz() -> tuple[Response, int]:
    """Say whether database, Redis and a worker are there, and how late the oldest due delivery is."""
    now = clock.now()
    found: dict[str, object] = {"database": True, "redis": queue.answers()}
    try:
        found["workers"] = backlog.alive(db.session(), now).get("worker", 0)
        found["oldest_due_seconds"] = round(backlog.oldest_due_seconds(db.session(), now), 1)
    except SQLAlchemyError:
        found |= {"database": False, "workers": 0}
    ready = all((found["database"], found["redis"], found["workers"]))
    return jsonify(ready=ready, **found), 200 if ready else 503


@blueprint.get("/metrics")
@access.public
def metrics() -> Response:
    """Give the figures in Prometheus' text format. What is counted is what the retention period keeps."""
    session, now = db.session(), clock.now()
    waiting = backlog.measure(session, now)
    families = (
        _gauge("calhooks_info", "The version that runs.", {f'version="{__version__}"': 1}),
        _gauge("calhooks_processes", "Workers and schedulers seen lately.", _by("kind", backlog.alive(session, now))),
        _gauge(
            "calhooks_backlog",
            "Deliveries that wait: due, or blocked behind an earlier one of the same booking.",
            _by("state", {"due": waiting.due, "blocked": waiting.blocked}),
        ),
        _gauge(
            "calhooks_oldest_due_seconds",
            "For how long the oldest due delivery has waited beyond its time.",
            {"": waiting.oldest_due_seconds},
        ),
        _gauge("calhooks_deliveries", "Deliveries kept, by state.", _by("state", backlog.deliveries_by_state(session))),
        _gauge(
            "calhooks_attempts",
            "Attempts kept, by the class of the answer's status; none where no answer came.",
            _by("status", backlog.attempts_by_outcome(session)),
        ),
    )
    return Response("".join(families), content_type=METRICS_TYPE)


def _by(label: str, counts: dict[str, int]) -> dict[str, float]:
    return {f'{label}="{value}"': count for value, count in sorted(counts.items())}


def _gauge(name: str, what: str, samples: dict[str, float]) -> str:
    head = f"# HELP {name} {what}\n# TYPE {name} gauge\n"
    return head + "".join(f"{name}{_braced(labels)} {value:g}\n" for labels, value in samples.items())


def _braced(labels: str) -> str:
    return f"{{{labels}}}" if labels else ""
