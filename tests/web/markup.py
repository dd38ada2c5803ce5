"""Look into a page the way a browser test does: by the hooks of the contract."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from werkzeug.test import TestResponse

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}


@dataclass
class Element:
    """An element with its attributes and all the text inside."""

    tag: str
    attributes: dict[str, str]
    parts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self.parts).split())

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]

    def get(self, name: str) -> str | None:
        return self.attributes.get(name)


def hooks(page: TestResponse, test_id: str) -> list[Element]:
    """Return the elements with this data-testid, in order."""
    return [element for element in elements(page) if element.get("data-testid") == test_id]


def hook(page: TestResponse, test_id: str) -> Element:
    """Return the one element with this data-testid."""
    found = hooks(page, test_id)
    assert len(found) == 1, f"{test_id}: {len(found)} found"
    return found[0]


def elements(page: TestResponse) -> list[Element]:
    """Return every element of a page."""
    parser = _Parser()
    parser.feed(page.text)
    return parser.elements


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if any(element.tag == tag for element in self.open):
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.parts.append(data)
