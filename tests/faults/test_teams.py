"""Thirty seconds in which people book hosts and teams while these change, without a deadlock, error or overlap."""

import json
import subprocess
import sys
from collections import Counter

import pytest
from sqlalchemy.orm import Session

from calhooks import create_app
from calhooks.db import db
from tests.faults.conftest import Start
from tests.faults.witness import Witness
from tests.running import ROOT
from tests.scheduling.team_load import disagreements, make_world, overlaps, switch_all_on

PROCESSES = 6
SECONDS = 30.0
# On a machine that is busy with something else, too.
LEAST = 200
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


@pytest.mark.faults
@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_thirty_seconds_of_everything_that_hosts_teams_and_bookers_do(start: Start) -> None:
    good = Witness("good")
    calhooks = start(good)
    app = create_app(calhooks.config, pages=False)
    with app.app_context():
        make_world(good.url)
        db.session.remove()
        db.engine.dispose()
    actors = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.scheduling.team_load", json.dumps({"seed": seed, "seconds": SECONDS})],
            cwd=ROOT,
            env=dict(calhooks.running.environ),
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in range(PROCESSES)
    ]
    said = [json.loads(actor.communicate()[0]) for actor in actors]
    assert [trouble for each in said for trouble in each["troubles"]] == []
    done = sum((Counter(each["done"]) for each in said), Counter[str]())
    assert {"book", "move", "cancel", "answer", "reassign", "hosts", "event_type", "webhook"} <= set(done), done
    assert done.total() > LEAST, done
    with app.app_context():
        switch_all_on()
        db.session.remove()
        db.engine.dispose()
    calhooks.settle()
    with Session(calhooks.engine) as session:
        assert overlaps(session) == 0
        assert disagreements(session) == []
    assert "Traceback" not in calhooks.said
    if calhooks.database == "PostgreSQL":
        assert calhooks.count(DEADLOCKS) == 0
