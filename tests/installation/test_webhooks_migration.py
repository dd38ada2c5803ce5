"""The way back from version 0025: what the older version would do with what it does not know."""

from collections.abc import Iterator
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import text

from calhooks import clock
from calhooks.db import db, writing
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.models.runs import ResendRun, RunKind, RunState
from tests import factories
from tests.older import older_application

BEFORE = "0020"


@pytest.fixture
def newer(tmp_path: Path, postgres_url: str) -> Iterator[Flask]:
    """An application on a database that was brought up to date."""
    with older_application(tmp_path, postgres_url, BEFORE) as app:
        flask_migrate.upgrade()
        yield app


def downgraded(query: str) -> list[tuple[object, ...]]:
    """Go back, and return what a query finds then."""
    db.session.remove()
    flask_migrate.downgrade(revision=BEFORE)
    with db.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


@pytest.mark.usefixtures("newer")
def test_a_webhook_that_signs_with_a_key_pair_alone_is_off_after_the_way_back() -> None:
    rick = factories.create_user("rick")
    for secret, has_pair in (("", True), ("hush-hush", True), ("", False)):
        endpoint = factories.create_endpoint(rick, secret=secret)
        if has_pair:
            factories.create_key_pair(endpoint)
    found = downgraded("SELECT active, inactive_reason FROM endpoints ORDER BY id")
    assert [(bool(active), reason) for active, reason in found] == [(False, "secret_lost"), (True, None), (True, None)]


@pytest.mark.usefixtures("newer")
def test_a_run_of_chosen_deliveries_is_stopped_on_the_way_back_and_never_a_replay() -> None:
    endpoint = factories.create_endpoint(factories.create_user("rick"))
    for state in RunState:
        add_run(endpoint, RunKind.CHOSEN, state)
    add_run(endpoint, RunKind.REPLAY, RunState.RUNNING)
    found = downgraded("SELECT kind, state, finished_at IS NOT NULL FROM resend_runs ORDER BY id")
    assert [(kind, state, bool(over)) for kind, state, over in found] == [
        ("failed", "stopped", True),
        ("failed", "done", False),
        ("failed", "stopped", False),
        ("replay", "running", False),
    ]


def add_run(endpoint: Endpoint, kind: RunKind, state: RunState) -> None:
    chosen = [1] if kind is RunKind.CHOSEN else None
    values = {"position": 0, "up_to": 1, "total": 1, "pace": 1, "created_at": clock.now(), "chosen": chosen}
    with writing() as session:
        session.add(ResendRun(endpoint_id=endpoint.id, kind=kind, state=state, **values))
