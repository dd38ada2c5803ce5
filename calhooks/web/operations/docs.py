"""The documentation of webhooks, readable where it is needed, without a network."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, abort, render_template, url_for
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

import calhooks
from calhooks.web.site.access import public

blueprint = Blueprint("docs", __name__, url_prefix="/docs")

FOLDER = Path(calhooks.__file__).parent.parent / "docs" / "webhooks"
FIRST_PAGE = "README"
# By file, in the order in which the pages are listed.
DOCUMENT_TITLES = {
    FIRST_PAGE: "Webhooks",
    "receive": "Receive webhooks",
    "verify": "Verify a signature",
    "payload": "Payload",
    "templates": "Templates",
    "filters": "Filters",
    "retries": "Retries and resends",
    "log": "The log",
    "coming-from-calcom": "Coming from Cal.com",
}
NOT_IN_ANCHOR = re.compile(r"[^\w -]")


@dataclass(frozen=True, slots=True)
class Document:
    """A page: its title, what stands below, and its chapters as pairs of anchor and title."""

    title: str
    body: Markup
    chapters: list[tuple[str, str]]


@blueprint.get("/webhooks", defaults={"name": FIRST_PAGE})
@blueprint.get("/webhooks/<name>")
@public
def webhooks(name: str) -> Any:
    """Show one page of what receivers and templates rely on, with a list of the others."""
    if name not in DOCUMENT_TITLES:
        abort(404)
    context = {"document": read_document(FOLDER / f"{name}.md"), "name": name, "titles": DOCUMENT_TITLES}
    return render_template("operations/document.html", **context)


@cache
def read_document(path: Path) -> Document:
    """Return a Markdown file of ours as a page. Headings have the anchors that GitHub gives them."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(path.read_text())
    headings = [(token, _text(tokens[index + 1])) for index, token in enumerate(tokens) if token.type == "heading_open"]
    for token, text in headings:
        token.attrSet("id", anchor(text))
    for token in tokens:
        _lead_to_pages(token)
    title = next(text for token, text in headings if token.tag == "h1")
    body = markdown.renderer.render(_without_title(tokens), markdown.options, {})
    # Tables can be wider than phones: with the focus they are scrolled by keyboard.
    body = body.replace("<table>", '<div class="table-wrap" tabindex="0"><table class="table">').replace(
        "</table>", "</table></div>"
    )
    chapters = [(anchor(text), text) for token, text in headings if token.tag == "h2"]
    return Document(title, Markup(body.replace("<pre>", '<pre class="code" tabindex="0">')), chapters)  # noqa: S704 - from a file of ours, HTML in it escaped


def anchor(heading: str) -> str:
    """Return the anchor of a heading."""
    return NOT_IN_ANCHOR.sub("", heading.lower()).replace(" ", "-")


def _text(token: Token) -> str:
    return "".join(child.content for child in token.children or ())


def _without_title(tokens: list[Token]) -> list[Token]:
    end = next(index for index, token in enumerate(tokens) if token.type == "heading_close")
    return tokens[end + 1 :]


def _lead_to_pages(token: Token) -> None:
    """Make links to the other files links to their pages, and take those to files that are not served away."""
    children = token.children or []
    for index, child in enumerate(children):
        if child.type != "link_open":
            continue
        file, _, anchor_there = str(child.attrGet("href") or "").partition("#")
        name = file.removesuffix(".md")
        if file.endswith(".md") and name in DOCUMENT_TITLES:
            child.attrSet("href", url_for("docs.webhooks", name=name, _anchor=anchor_there or None))
        elif file and not file.startswith("https://"):
            closing = next(each for each in children[index:] if each.type == "link_close")
            child.hidden = closing.hidden = True
            child.tag = closing.tag = "span"
