"""The answers for machines."""

from collections import Counter
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from calhooks import clock, create_app
from calhooks.config import Config
from calhooks.db import db, writing
from calhooks.delivery.counting import counters
from calhooks.delivery.models.deliveries import DeliveryState
from calhooks.delivery.models.processes import Heartbeat
from calhooks.delivery.pump.room import MAX_YOUNG
from tests.factories import create_delivery, create_endpoint, create_event, create_user


def beat(kind: str = "worker", ago: timedelta = timedelta(0)) -> None:
    with writing() as session:
        seen_at = clock.now() - ago
        session.add(Heartbeat(name=f"{kind}-{seen_at}", kind=kind, started_at=seen_at, seen_at=seen_at))


def test_healthz_answers_by_itself(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_readyz_says_yes_when_database_redis_and_a_worker_are_there(client: FlaskClient, session: Session) -> None:
    beat()
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {"ready": True, "database": True, "redis": True, "workers": 1, "oldest_due_seconds": 0.0}


def test_readyz_says_no_without_a_worker_seen_lately(client: FlaskClient, session: Session) -> None:
    beat("scheduler")
    beat("worker", ago=timedelta(minutes=1))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["workers"] == 0


def test_readyz_says_no_without_redis(environ: dict[str, str]) -> None:
    app = create_app(Config.from_env(environ | {"REDIS_URL": "redis://127.0.0.1:9/0"}))
    with app.app_context():
        beat()
        answer = app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["redis"] is False


@pytest.mark.parametrize("path", ["/login", "/metrics", "/rick/15min"])
def test_without_the_database_pages_say_so_and_the_log_does_in_one_line(
    environ: dict[str, str], path: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(Config.from_env(environ | {"DATABASE_URL": "sqlite:////no/such/directory/calhooks.sqlite3"}))
    answer = app.test_client().get(path)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert "The database does not answer" in answer.text
    assert [(record.levelname, "\n" in record.getMessage()) for record in caplog.records] == [("ERROR", False)]


def test_a_table_that_is_missing_is_not_taken_for_a_database_that_is_away(app: Flask) -> None:
    app.testing = False
    with app.app_context(), db.engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE heartbeats RENAME TO away")
        connection.commit()
        try:
            assert app.test_client().get("/metrics").status_code == 500
        finally:
            connection.exec_driver_sql("ALTER TABLE away RENAME TO heartbeats")
            connection.commit()


def test_readyz_says_no_without_the_database(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE heartbeats RENAME TO away")
        connection.commit()
        try:
            answer = app.test_client().get("/readyz")
        finally:
            connection.exec_driver_sql("ALTER TABLE away RENAME TO heartbeats")
            connection.commit()
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["database"] is False


def test_readyz_tells_how_late_the_oldest_due_delivery_is(client: FlaskClient, session: Session) -> None:
    owner = create_user()
    create_delivery(create_endpoint(owner), create_event(owner), due_at=clock.now() - timedelta(seconds=90))
    off = create_endpoint(owner, active=False)
    create_delivery(off, create_event(owner), due_at=clock.now() - timedelta(hours=1))
    answer = client.get("/readyz").json
    assert answer is not None
    assert 90 <= answer["oldest_due_seconds"] < 120


def test_metrics_count_what_waits_and_what_was_tried(client: FlaskClient, session: Session) -> None:
    owner = create_user()
    endpoint = create_endpoint(owner)
    beat()
    create_delivery(endpoint, create_event(owner), due_at=clock.now() - timedelta(seconds=5))
    create_delivery(endpoint, create_event(owner), state=DeliveryState.BLOCKED, due_at=None)
    with writing() as writer:
        counts = Counter(
            {("attempts", "2xx"): 2, ("attempts", "none"): 1, ("deliveries", "delivered"): 2, ("slot_ms", ""): 500}
        )
        for seconds in (0.02, 400):
            counters.latency(counts, clock.now() - timedelta(seconds=seconds), clock.now())
        for _ in range(2):
            counters.add(writer.connection(), counts)
    answer = client.get("/metrics")
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    for line in (
        'calhooks_processes{kind="worker"} 1',
        'calhooks_backlog{state="due"} 1',
        'calhooks_backlog{state="blocked"} 1',
        'calhooks_deliveries_total{outcome="delivered"} 4',
        'calhooks_deliveries_total{outcome="failed"} 0',
        'calhooks_attempts_total{status="2xx"} 4',
        'calhooks_attempts_total{status="5xx"} 0',
        'calhooks_attempts_total{status="none"} 2',
        'calhooks_delivery_latency_seconds_bucket{le="0.01"} 0',
        'calhooks_delivery_latency_seconds_bucket{le="0.025"} 2',
        'calhooks_delivery_latency_seconds_bucket{le="300"} 2',
        'calhooks_delivery_latency_seconds_bucket{le="+Inf"} 4',
        "calhooks_delivery_latency_seconds_count 4",
        "calhooks_delivery_latency_seconds_sum 800.04",
        "calhooks_pump_slot_seconds_total 1",
        f"calhooks_pump_slots {MAX_YOUNG}",
    ):
        assert line in lines
    late = next(float(line.split()[1]) for line in lines if line.startswith("calhooks_oldest_due_seconds "))
    assert 5 <= late < 30
