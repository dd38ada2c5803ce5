"""Looking changes nothing: GET, HEAD, OPTIONS and TRACE of every address, whoever asks."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calhooks import clock
from tests.web.site.belongings import Belongings, everything_kept
from tests.web.site.routes import ADMIN_ONLY, PUBLIC, SIGNED_IN

HTMX = {"HX-Request": "true", "HX-Current-URL": "http://localhost/integrations"}
METHODS = ("HEAD", "OPTIONS", "TRACE", "GET")
# What a form would send: no address takes it for one.
SENT = {"action": "remove", "title": "Changed", "name": "Changed", "confirm": "y", "active": "y", "password": "x" * 20}
LOOKED_AT = [asked for asked in PUBLIC + SIGNED_IN + ADMIN_ONLY if asked.method == "GET"]
ALL = sorted({asked.template for asked in PUBLIC + SIGNED_IN + ADMIN_ONLY})


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """Mail is set up, since without it there is no page for a forgotten password."""
    return environ | {"MAIL_URL": "smtp://127.0.0.1:9"}


@pytest.fixture(params=["owner", "other", "admin", "client"])
def browser(request: pytest.FixtureRequest) -> Iterator[FlaskClient]:
    """Each browser in turn: of Rick, of Ann, who has nothing, of an administrator, and one that is signed out."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands still, so that two answers say the same."""
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["browser", "htmx"])
def test_nothing_changes_by_looking(
    app: Flask, ricks: Belongings, browser: FlaskClient, headers: dict[str, str]
) -> None:
    with app.app_context():
        before = everything_kept()
    for template in ALL:
        for method in METHODS:
            address = template.format(**ricks)
            for sent in (None, SENT):
                status = browser.open(address, method=method, data=sent, headers=headers).status_code
                assert status < 500 or address == "/readyz", (method, address, status)
        with app.app_context():
            assert everything_kept() == before, address


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("asked", LOOKED_AT, ids=lambda asked: asked.template)
def test_head_is_the_get_without_its_body(owner: FlaskClient, ricks: Belongings, asked: object) -> None:
    address = asked.template.format(**ricks)  # type: ignore[attr-defined]
    owner.get(address)
    page, head = owner.get(address), owner.head(address)
    assert (head.status_code, head.data) == (page.status_code, b"")
    assert head.content_length == page.content_length == len(page.data)
    changing = ("Set-Cookie", "Date")
    assert [each for each in head.headers if each[0] not in changing] == [
        each for each in page.headers if each[0] not in changing
    ]
