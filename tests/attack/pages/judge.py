"""What no answer may be, whatever was asked."""

from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlsplit

from tests.attack.pages.hostile import MARK, PRODUCT
from tests.attack.pages.visitors import Answer
from tests.attack.target import SECRET

SLOW_SECONDS = 5.0


def faults(answer: Answer, host: str, *, elsewhere: bool = False) -> Iterator[str]:
    """Give what is wrong with an answer of the server at `host`; `elsewhere` is whether it may lead to another one."""
    if answer.status == 0 or answer.status >= 500:
        yield f"answered {answer.status or answer.text}"
    if answer.seconds > SLOW_SECONDS:
        yield f"took {answer.seconds:.1f} s"
    if SECRET in answer.text:
        yield "shows a secret"
    if PRODUCT in answer.text:
        yield "ran what was typed"
    if any(MARK in name.lower() or f"{MARK}=" in value for name, value in answer.headers.items() if name != "Location"):
        yield "has a header that was typed"
    leads_to = urlsplit(answer.headers.get("Location", answer.headers.get("HX-Redirect", "")).replace("\\", "/")).netloc
    if leads_to not in ("", host) and not elsewhere:
        yield f"leads to {leads_to}"
    if answer.is_page:
        yield from _faults_of_a_page(answer)


def _faults_of_a_page(answer: Answer) -> Iterator[str]:
    policy = answer.headers.get("Content-Security-Policy", "")
    if "default-src" not in policy or "unsafe" in policy:
        yield "has no strict Content-Security-Policy"
    reader = _Reader()
    reader.feed(answer.text)
    yield from sorted(reader.faults)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.faults: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if MARK in tag or any(MARK in name for name, _ in attrs):
            self.faults.add("has markup that was typed")
        for name, value in attrs:
            scheme = (value or "").strip().lower().partition(":")[0]
            if name.startswith("on") or (
                name in ("href", "src", "action") and scheme in ("javascript", "data", "vbscript")
            ):
                self.faults.add(f"has a {name} that runs: {(value or '')[:80]}")
