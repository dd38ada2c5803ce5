"""Nobody changes anything by looking: every address with HEAD, OPTIONS and GET, and the whole database compared."""

import time

from tests.attack.pages.crawl import fillables
from tests.attack.rows import Row, worst_of
from tests.attack.target import People, Target

METHODS = ("HEAD", "OPTIONS", "GET")
QUIET_SECONDS = 2.0
# What the processes write of themselves all the time.
ALIVE = {"heartbeats", "leases"}


def attack(target: Target, _seed: str) -> list[Row]:
    """Look at every address that an owner's pages have, as the owner, as another account, and signed out."""
    people, tried, wrong = target.people(), 0, list[str]()
    looked_at = [what for what in fillables(people) if what.method == "GET"]
    for method in METHODS:
        before = _at_rest(target)
        for visitor in people.all:
            for what in looked_at:
                answer = visitor.ask(method, what.path, params=what.fields)
                tried += 1
                if method == "HEAD" and answer.text:
                    wrong.append(f"{answer.asked}: a body")
                if answer.status in (0, 500, 502):
                    wrong.append(f"{answer.asked}: {answer.status}")
        after = _at_rest(target)
        wrong += [f"{method} changed {table}" for table in before if before[table] != after[table]]
        wrong += [f"{method} signed somebody out" for _ in filter(None, [_signed_out(people)])]
    return [Row("HEAD, OPTIONS and GET of every page", tried, worst_of(wrong) or "no row changed", not wrong)]


def _at_rest(target: Target) -> dict[str, list[object]]:
    """Return every row once nothing that an earlier request began is still at it."""
    rows: dict[str, list[object]] = {}
    while True:
        before, rows = rows, {table: kept for table, kept in target.rows().items() if table not in ALIVE}
        if before == rows:
            return rows
        time.sleep(QUIET_SECONDS)


def _signed_out(people: People) -> bool:
    return people.owner.is_signed_out(people.owner.ask("GET", "/settings/profile"))
