"""Everything that can be filled in: forms, and addresses with a query, as a browser finds them."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

from tests.attack.target import People
from tests.web.pages import forms_in
from tests.web.site.routes import RULES

MAX_PAGES = 150
# Every name that a view reads from a query, also where no link of ours has it.
QUERY_NAMES = [
    "at", "before", "cal.tz", "cancel", "cursor", "date", "day", "duration", "email", "eventType", "forward", "from",
    "guests", "length", "location", "metadata[a]", "month", "name", "next", "notes", "q", "reject", "rescheduleUid",
    "seen", "sent", "since", "slot", "state", "time", "timeFormat", "timeZone", "webhook",
]  # fmt: skip
LINKS = ("href", "hx-get", "data-href")


@dataclass
class Fillable:
    """One form or address with what a browser would send."""

    method: str
    path: str
    fields: dict[str, list[str]] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[str, str, tuple[str, ...]]:
        """What is the same for all rows of a list."""
        path = re.sub(r"\d+|[0-9A-Za-z_-]{20,}", "*", self.path.partition("?")[0])
        return self.method, path, tuple(sorted(self.fields))


def fillables(people: People) -> list[Fillable]:
    """Return everything that the owner can fill in, on the pages of every route and those that they lead to."""
    asked = [asked for rule in RULES.values() for asked in rule]
    found = {
        each.shape: each for each in (_of_route(one.method, one.template, one.sent, people.things) for one in asked)
    }
    waiting = [each for each in found.values() if each.method == "GET"]
    for _ in range(MAX_PAGES):
        if not waiting:
            break
        page = waiting.pop(0)
        answer = people.owner.ask("GET", page.path, params=page.fields)
        if not answer.is_page:
            continue
        for each in _on_page(urljoin(people.owner.url, page.path), answer.text):
            if each.shape not in found:
                found[each.shape] = each
                waiting += [each] if each.method == "GET" else []
    return list(found.values())


def _of_route(method: str, template: str, sent: object, things: dict[str, str]) -> Fillable:
    path, _, query = template.format(**things).partition("?")
    fields = {name: [value] for name, value in parse_qsl(query, keep_blank_values=True)}
    if method == "POST":
        fields = {name: [value.format(**things)] for name, value in dict(sent).items()}  # type: ignore[call-overload]
        path += f"?{query}" if query else ""
    return Fillable(method, path, fields)


def _on_page(url: str, text: str) -> list[Fillable]:
    forms = [
        Fillable(
            form.method.upper(),
            form.path if form.method == "post" else form.path.partition("?")[0],
            form.fields.to_dict(flat=False),
        )
        for form in forms_in(url, text)
    ]
    reader = _Links()
    reader.feed(text)
    here = urlsplit(url).netloc
    for link in reader.links:
        parts = urlsplit(urljoin(url, link))
        if parts.netloc == here and not parts.path.startswith("/static/"):
            query: dict[str, list[str]] = {}
            for name, value in parse_qsl(parts.query, keep_blank_values=True):
                query.setdefault(name, []).append(value)
            forms.append(Fillable("GET", parts.path, query))
    return forms


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value for name, value in attrs if name in LINKS and value]
