"""Tests of the documentation as pages, and of the box's links into it."""

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from calhooks.web.operations.docs import DOCUMENT_TITLES, FIRST_PAGE, FOLDER, read_document
from tests.web.markup import elements

PAGE = "/docs/webhooks"
NEW = "/integrations/webhooks/new"


def address(name: str) -> str:
    return PAGE if name == FIRST_PAGE else f"{PAGE}/{name}"


def pages() -> dict[str, str]:
    """Return the titles of the pages by their addresses."""
    return {address(name): title for name, title in DOCUMENT_TITLES.items()}


def test_anybody_may_read_how_to_receive_webhooks(client: FlaskClient) -> None:
    page = client.get(PAGE)
    assert page.status_code == 200
    assert [element.text for element in elements(page) if element.tag == "h1"] == ["Webhooks"]
    assert "X-Cal-Signature-256" in client.get(f"{PAGE}/receive").text
    assert "<td><code>attendees.0.name</code></td>" in client.get(f"{PAGE}/payload").text


def test_every_page_lists_all_of_them_under_their_own_titles(client: FlaskClient) -> None:
    for path, title in pages().items():
        found = elements(client.get(path))
        assert [element.text for element in found if element.tag == "h1"] == [title]
        current = [element["href"] for element in found if element.get("aria-current") == "page"]
        assert path in current
        assert set(pages()) <= {element.get("href") for element in found}


def test_every_file_of_the_folder_is_a_page() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(DOCUMENT_TITLES)


@pytest.mark.parametrize("name", DOCUMENT_TITLES)
def test_links_lead_to_headings_that_exist(client: FlaskClient, name: str) -> None:
    headings = {path: {element.get("id") for element in elements(client.get(path))} for path in pages()}
    own = address(name)
    for element in elements(client.get(own)):
        path, _, anchor = (element.get("href") or "").partition("#")
        if element.tag == "a" and (path or own) in headings and anchor:
            assert anchor in headings[path or own], (own, element["href"])


def test_chapters_lead_to_their_headings(client: FlaskClient) -> None:
    found = elements(client.get(f"{PAGE}/retries"))
    ids = [element["id"] for element in found if element.get("id")]
    assert len(set(ids)) == len(ids)
    links = [element["href"] for element in found if (element.get("href") or "").startswith("#")]
    assert len(links) > 4
    assert {link.removeprefix("#") for link in links} <= set(ids)


def test_no_link_leads_to_a_file_that_is_not_served(client: FlaskClient) -> None:
    found = [element for path in pages() for element in elements(client.get(path))]
    links = [element.get("href") or "" for element in found if element.tag == "a"]
    assert [link for link in links if ".md" in link] == []


def test_a_file_cannot_bring_markup_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "x.md"
    file.write_text("# Title\n\n<script>alert(1)</script> [x](javascript:alert(1)) [y](other.md)\n")
    body = read_document(file).body
    assert "<script>" not in body
    assert "href" not in body


def test_the_dialog_links_to_paragraphs_that_exist(owner: FlaskClient) -> None:
    links = re.findall(rf'href="({PAGE}[^"]*)" target="_blank"', owner.get(NEW).text)
    assert {f"{PAGE}#triggers", f"{PAGE}/verify", f"{PAGE}/receive#your-own-headers", f"{PAGE}/templates"} <= set(links)
    for link in links:
        path, _, anchor = link.partition("#")
        ids = {element.get("id") for element in elements(owner.get(path))}
        assert not anchor or anchor in ids, link


@pytest.mark.parametrize("path", ["/docs", "/docs/", "/docs/self-hosting", "/docs/../README", "/docs/webhooks/x"])
def test_nothing_else_is_there(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404
