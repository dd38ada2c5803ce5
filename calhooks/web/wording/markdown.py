"""What hosts write about their event types: Markdown, of which only harmless HTML is left."""

import re
from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

TAGS = {
    "p",
    "br",
    "strong",
    "em",
    "s",
    "ul",
    "ol",
    "li",
    "blockquote",
    "code",
    "pre",
    "a",
    "hr",
    "h3",
    "h4",
    "h5",
    "h6",
}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
SCHEMES = {"http", "https", "mailto", "tel"}
REL = "noopener noreferrer nofollow"

# HTML that was typed is shown as it was typed; a line break is one; pages have their own first two headings.
_parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("strikethrough").disable("image")


@lru_cache(maxsize=256)
def markdown(text: str) -> Markup:
    """Return a text as HTML that can do no harm."""
    html = re.sub(r"<(/?)h[12]>", r"<\1h3>", _parser.render(text))
    clean = nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel=REL)
    return Markup(clean)  # noqa: S704 - cleaned in the line above


def plain(text: str) -> str:
    """Return a text in one line, without the marks of Markdown."""
    words = nh3.clean(_parser.render(text), tags=set())
    return " ".join(Markup(words).unescape().split())  # noqa: S704 - unescaped to text again
