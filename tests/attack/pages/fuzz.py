"""Every form and every query, filled in by somebody who means no good: `python -m tests.attack fuzz`."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from tests.attack.pages.crawl import QUERY_NAMES, Fillable, fillables
from tests.attack.pages.hostile import MARK, TEXTS
from tests.attack.pages.judge import faults
from tests.attack.pages.visitors import Answer, Visitor
from tests.attack.rows import Row, worst_of
from tests.attack.target import Target

# Each with accounts of its own: sooner or later an account's things have been deleted.
ROUNDS = 20
AT_ONCE = 4
MAX_QUERY_LENGTH = 30_000
MAX_REPEATED = 2000
Filled = dict[str, list[str | bytes]]


@dataclass
class Tried:
    """What one round has seen: how often which status, and what was wrong."""

    statuses: Counter[int]
    wrong: list[str]


def attack(target: Target, seed: str, requests: int = 10_000) -> list[Row]:
    """Send so many requests. The same seed asks the same things."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        rounds = list(
            pool.map(lambda number: _round(target, Random(f"{seed} {number}"), requests // ROUNDS), range(ROUNDS))
        )
    statuses = sum((each.statuses for each in rounds), Counter())
    wrong = [line for each in rounds for line in each.wrong] + target.complaints()
    seen = ", ".join(f"{status}: {count:,}" for status, count in sorted(statuses.items()))
    return [Row(f"forms and queries, seed {seed}", statuses.total(), worst_of(wrong) or seen, not wrong)]


def _round(target: Target, random: Random, requests: int) -> Tried:
    people, tried, host = target.people(), Tried(Counter(), []), urlsplit(target.url).netloc
    found, tokens = fillables(people), {visitor.who: visitor.token() for visitor in people.all}
    for _ in range(requests):
        visitor, what = random.choices(people.all, (6, 2, 2))[0], random.choice(found)
        answer = _ask(visitor, what, tokens[visitor.who], random)
        tried.statuses[answer.status] += 1
        # Where a booker goes afterwards is the host's choice.
        elsewhere = what.method == "POST" and what.path.startswith(f"/{people.things['username']}/")
        tried.wrong += [f"{answer.asked}: {fault}" for fault in faults(answer, host, elsewhere=elsewhere)]
        if visitor.is_signed_out(answer):
            # Somebody may have chosen another password or address.
            if not visitor.sign_in():
                people = target.people()
                found = fillables(people)
            tokens = {each.who: each.token() for each in people.all}
    return tried


def _ask(visitor: Visitor, what: Fillable, token: str, random: Random) -> Answer:
    fields: Filled = {name: list(values) for name, values in what.fields.items()}
    if what.method == "GET":
        fields |= {name: [random.choice(TEXTS)] for name in random.sample(QUERY_NAMES, random.choice((0, 0, 1, 2)))}
    for change in random.choices(
        (_type_over, _repeat, _leave_out, _invent), (12, 1, 2, 1), k=random.choice((1, 1, 2, 5))
    ):
        change(fields, random)
    headers = random.choice(({}, {}, _htmx(random)))
    path = _elsewhere(what.path, random) if random.random() < 0.05 else what.path
    if what.method == "GET":
        query = urlencode(fields, doseq=True, errors="surrogatepass")
        # More than that is the server's own answer, which is tried elsewhere.
        return visitor.ask("GET", f"{path}?{query[:MAX_QUERY_LENGTH]}", headers=headers)
    if random.random() > 0.05:
        fields["csrf_token"] = [token]
    sent = _encoded(fields, random)
    return visitor.ask("POST", path, headers=headers | sent.pop("headers", {}), **sent)


def _type_over(fields: Filled, random: Random) -> None:
    if fields:
        fields[random.choice(list(fields))] = [random.choice(TEXTS)]


def _repeat(fields: Filled, random: Random) -> None:
    if fields:
        name = random.choice(list(fields))
        values = (fields[name] or [""])[:MAX_REPEATED]
        # What is repeated again and again would fill the attacker's own memory.
        fields[name] = (values * random.choice((2, 100, MAX_REPEATED)))[:MAX_REPEATED]


def _leave_out(fields: Filled, random: Random) -> None:
    if fields:
        del fields[random.choice(list(fields))]


def _invent(fields: Filled, random: Random) -> None:
    name = random.choice(
        ("metadata[x]", "a[b][c]", "__class__", "headers-9999-name", "ranges-99-start", f'"><{MARK}>', "\x00")
    )
    fields[name] = [random.choice(TEXTS)]


def _htmx(random: Random) -> dict[str, str]:
    return {
        "HX-Request": "true",
        "HX-Boosted": random.choice(("true", "false")),
        "HX-Target": random.choice(("dialog", "main", f"x{MARK}")),
        "HX-Current-URL": random.choice(("http://[", "//evil.example/", "javascript:1", "/integrations", "a" * 3000)),
    }


def _elsewhere(path: str, random: Random) -> str:
    parts = path.partition("?")[0].split("/")
    text = random.choice(TEXTS)
    parts[random.randrange(1, len(parts))] = (
        quote(text, safe="", errors="surrogatepass")[:2000] if isinstance(text, str) else quote(text)
    )
    return "/".join(parts)


def _encoded(fields: Filled, random: Random) -> dict[str, Any]:
    body = urlencode(fields, doseq=True, errors="surrogatepass").encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    kind = random.choices(("form", "files", "json", "broken", "charset"), (16, 1, 1, 1, 1))[0]
    if kind == "files":
        parts = [(name, (None, value)) for name, values in fields.items() for value in values]
        return {"files": [*parts, (f"file{MARK}", ("../../x", b"\x00\xff"))]}
    if kind == "json":
        return {"json": {name: [str(value) for value in values] for name, values in fields.items()}}
    if kind == "broken":
        return {"data": body, "headers": {"Content-Type": "multipart/form-data; boundary=x"}}
    if kind == "charset":
        form["Content-Type"] += "; charset=utf-7"
    return {"data": body, "headers": form}
