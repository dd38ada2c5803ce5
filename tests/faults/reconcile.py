"""Every id compared: what people did, what the database says is owed, what arrived where."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Self

from sqlalchemy import Engine, text

from tests.faults.witness import Witness

OWED = text(
    "SELECT events.id, events.message_id, events.trigger, events.subject, events.sequence_key,"
    " deliveries.state, deliveries.lease_token, endpoints.url"
    " FROM events LEFT JOIN deliveries ON deliveries.event_id = events.id"
    " LEFT JOIN endpoints ON endpoints.id = deliveries.endpoint_id ORDER BY events.id"
)


@dataclass(frozen=True)
class Done:
    """Something that somebody did and was told to be done, at `at`, after waiting `seconds`."""

    trigger: str
    uid: str
    at: float
    seconds: float


@dataclass
class Row:
    """One line of the table. `duplicates` had the same id as the first of their kind; `strangers` did not."""

    fault: str
    database: str
    owed: int = 0
    delivered: int = 0
    missing: int = 0
    duplicates: int = 0
    strangers: int = 0
    out_of_order: int = 0
    recovery: float = 0.0
    remark: str = ""

    def must_be_whole(self) -> None:
        """Fail unless nothing was lost, nothing came under another id, and every booking was told in order."""
        assert self.owed > 0, self
        assert self.missing == 0, self
        assert self.strangers == 0, self
        assert self.out_of_order == 0, self

    def dumped(self) -> str:
        """Return the row as a report of a test can carry it."""
        return json.dumps(asdict(self))

    @classmethod
    def loaded(cls, dumped: str) -> Self:
        """Return a row that was dumped."""
        return cls(**json.loads(dumped))


def reconcile(row: Row, engine: Engine, done: Sequence[Done], witnesses: Iterable[Witness], over: float) -> None:
    """Count, for each witness, what it was owed and what it got; `over` is when the fault was.

    All that people were told to be done must be there as an event, and owed to every witness unless `row` is about
    one that was switched off for a while. Recovery is how long after the fault the last came, for the first
    time or again, of what was done before.
    """
    with engine.connect() as connection:
        rows = connection.execute(OWED).all()
    events = {row.message_id: (row.trigger, row.subject) for row in rows}
    known = Counter(events.values())
    row.missing += sum(known[each.trigger, each.uid] == 0 for each in done)
    row.strangers += sum(count - 1 for count in known.values() if count > 1)
    before = {(each.trigger, each.uid) for each in done if each.at <= over}
    for witness in witnesses:
        mine = [each for each in rows if each.url == witness.url]
        arrivals = list(witness.arrivals)
        last: dict[str, float] = {}
        taken: Counter[str] = Counter()
        for arrival in arrivals:
            if arrival.taken:
                last[arrival.message_id] = arrival.at
                taken[arrival.message_id] += 1
            row.strangers += events.get(arrival.message_id) != (arrival.trigger, arrival.uid)
        row.owed += len(mine)
        row.delivered += sum(each.message_id in taken and each.state == "delivered" for each in mine)
        row.missing += sum(each.message_id not in taken or each.state != "delivered" for each in mine)
        row.duplicates += sum(count - 1 for count in taken.values())
        row.out_of_order += _out_of_order([arrival.message_id for arrival in arrivals], mine)
        late = [at - over for message_id, at in last.items() if events.get(message_id) in before]
        row.recovery = max([row.recovery, *late])


def owed_to_all(engine: Engine, witnesses: Sequence[Witness]) -> int:
    """Return how many deliveries are not there although their event is: every event is owed to every witness."""
    with engine.connect() as connection:
        rows = connection.execute(OWED).all()
    urls: Mapping[int, set[str]] = defaultdict(set)
    for row in rows:
        urls[row.id].add(row.url)
    return sum(len({witness.url for witness in witnesses} - found) for found in urls.values())


def _out_of_order(arrived: Sequence[str], owed: Sequence[Any]) -> int:
    """Count deliveries that arrived, for the first time or again, after a later one of the same booking had."""
    place = {each.message_id: (each.sequence_key, each.id) for each in owed}
    sequences: Mapping[str, list[int]] = defaultdict(list)
    for message_id in arrived:
        if message_id in place:
            key, number = place[message_id]
            sequences[key].append(number)
    return sum(later < earlier for numbers in sequences.values() for earlier, later in pairwise(numbers))
