"""Tests of the documentation as pages, and of the box's links into it."""

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from calhooks.web.operations.docs import read_document
from tests.web.markup import elements

PAGE = "/docs/webhooks"
NEW = "/integrations/webhooks/new"


def test_anybody_may_read_how_to_receive_webhooks(client: FlaskClient) -> None:
    page = client.get(PAGE)
    assert page.status_code == 200
    assert [element.text for element in elements(page) if element.tag == "h1"] == ["Webhooks"]
    assert "X-Cal-Signature-256" in page.text
    assert "<td><code>attendees.0.name</code></td>" in page.text


def test_chapters_lead_to_their_headings(client: FlaskClient) -> None:
    found = elements(client.get(PAGE))
    ids = [element["id"] for element in found if element.get("id")]
    assert len(set(ids)) == len(ids)
    links = [element["href"] for element in found if (element.get("href") or "").startswith("#")]
    assert len(links) > 8
    assert {link.removeprefix("#") for link in links} <= set(ids)


def test_no_link_leads_to_a_file_that_is_not_served(client: FlaskClient) -> None:
    links = [element.get("href") or "" for element in elements(client.get(PAGE)) if element.tag == "a"]
    assert [link for link in links if ".md" in link] == []


def test_a_file_cannot_bring_markup_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "x.md"
    file.write_text("# Title\n\n<script>alert(1)</script> [x](javascript:alert(1)) [y](other.md)\n")
    body = read_document(file).body
    assert "<script>" not in body
    assert "href" not in body


def test_the_box_links_to_paragraphs_that_exist(owner: FlaskClient) -> None:
    anchors = {element.get("id") for element in elements(owner.get(PAGE))}
    links = re.findall(rf'href="{PAGE}#([^"]+)" target="_blank"', owner.get(NEW).text)
    assert {"triggers", "verify-a-signature", "your-own-headers", "custom-templates", "how-to-answer"} <= set(links)
    assert set(links) <= anchors


@pytest.mark.parametrize("path", ["/docs", "/docs/", "/docs/self-hosting", "/docs/../README"])
def test_nothing_else_is_there(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404
