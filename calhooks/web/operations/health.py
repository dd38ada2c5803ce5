"""Answers for machines: whether this process is alive, whether calhooks is at work, and its figures for Prometheus."""

from flask import Blueprint, Response, jsonify
from sqlalchemy.exc import SQLAlchemyError

from calhooks import clock
from calhooks.db import db
from calhooks.delivery.queue import wake
from calhooks.delivery.status import backlog, heartbeat
from calhooks.web.operations.metrics import exposition
from calhooks.web.site import access

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
    found: dict[str, object] = {"database": True, "redis": wake.answers()}
    try:
        found["workers"] = heartbeat.alive(db.session(), now).get("worker", 0)
        found["oldest_due_seconds"] = round(backlog.oldest_due_seconds(db.session(), now), 1)
    except SQLAlchemyError:
        found |= {"database": False, "workers": 0}
    ready = all((found["database"], found["redis"], found["workers"]))
    return jsonify(ready=ready, **found), 200 if ready else 503


@blueprint.get("/metrics")
@access.public
def metrics() -> Response:
    """Give the figures in Prometheus' text format."""
    return Response(exposition(db.session(), clock.now()), content_type=METRICS_TYPE)
