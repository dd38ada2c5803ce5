"""What a phone has to download."""

import gzip
import re

from flask import Flask
from flask.testing import FlaskClient

from calhooks.accounts.models import User
from tests import factories

GZIP = {"Accept-Encoding": "gzip, deflate, br"}
BUDGET_BYTES = 60_000


def test_a_booking_page_with_all_its_files_stays_below_60_kilobytes(
    app: Flask, client: FlaskClient, rick: User
) -> None:
    with app.app_context():
        factories.create_event_type(rick, slug="15min")
    page = client.get("/rick/15min", headers=GZIP)
    html = gzip.decompress(page.data).decode()
    files = re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js)[^"]*)"', html)
    answers = [client.get(path, headers=GZIP) for path in files]
    assert len(answers) > 5
    assert {answer.headers["Content-Encoding"] for answer in answers} == {"gzip"}
    assert len(page.data) + sum(len(answer.data) for answer in answers) < BUDGET_BYTES


def test_a_browser_that_does_not_take_gzip_gets_the_same_text(app: Flask, client: FlaskClient) -> None:
    path = "/static/css/site/tokens.css"
    plain, packed = client.get(path), client.get(path, headers=GZIP)
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.data) == plain.data
    assert "Accept-Encoding" in plain.headers["Vary"]


def test_a_file_that_a_browser_has_is_not_sent_again(client: FlaskClient) -> None:
    packed = client.get("/static/css/site/tokens.css", headers=GZIP)
    again = client.get("/static/css/site/tokens.css", headers=GZIP | {"If-None-Match": packed.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""


def test_a_page_of_somebody_who_is_signed_in_is_not_compressed(owner: FlaskClient) -> None:
    for path in ("/integrations", "/rick"):
        assert "Content-Encoding" not in owner.get(path, headers=GZIP).headers
