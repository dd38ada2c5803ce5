"""Five seconds of everything at once; `make faults` has thirty, in processes and with all of calhooks."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event

from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from calhooks.config import current_config
from calhooks.db import db
from calhooks.delivery.pump.pump import Pump
from tests.delivery.receivers import Receiver
from tests.scheduling.lock_order import watching_locks
from tests.scheduling.team_load import Actor, disagreements, make_world, overlaps

SECONDS = 5.0
ACTORS = 6


def test_nothing_deadlocks_or_overlaps_while_everybody_changes_everything(app: Flask, session: Session) -> None:
    actors, over = [Actor(seed) for seed in range(ACTORS)], Event()

    def act(actor: Actor) -> None:
        with app.app_context():
            actor.act(SECONDS)

    def send() -> None:
        with app.app_context():
            pump = Pump(current_config())
            while not over.wait(0.01):
                pump.run()

    with closing(Receiver()) as receiver, ThreadPoolExecutor(ACTORS + 1) as threads:
        make_world(receiver.url)
        session.rollback()
        # No thread may be at work when the watching begins or ends.
        with watching_locks(db.engine) as faults:
            sending = threads.submit(send)
            try:
                list(threads.map(act, actors))
            finally:
                over.set()
                sending.result()
    assert [trouble for actor in actors for trouble in actor.troubles] == []
    assert faults == []
    done = sum((actor.done for actor in actors), Counter[str]())
    # On a machine that is busy five seconds are little; that everything is done is for the thirty to show.
    assert done["book"], done
    assert overlaps(session) == 0
    assert disagreements(session) == []
    if db.engine.dialect.name == "postgresql":
        deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        assert session.scalar(text(deadlocks)) == 0
