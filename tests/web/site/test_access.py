"""Who may see and do what, for every address of the application: its owner, other accounts, people without one."""

from collections.abc import Iterator
from itertools import product
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from tests.web import pages
from tests.web.site.belongings import Belongings, everything_kept, tables_of_accounts
from tests.web.site.routes import ADMIN_ONLY, PUBLIC, RULES, SIGNED_IN, Asked

HTMX = {"HX-Request": "true", "HX-Current-URL": "http://localhost/integrations"}
BOTH = pytest.mark.parametrize("headers", [{}, HTMX], ids=["browser", "htmx"])

# Requests about things of one account, or of a team of its.
NAMED = [asked for asked in SIGNED_IN if asked.names]


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """Mail is set up, since without it there is no page for a forgotten password."""
    return environ | {"MAIL_URL": "smtp://127.0.0.1:9"}


def kept(app: Flask) -> dict[str, list[object]]:
    with app.app_context():
        return everything_kept()


def token_of(browser: FlaskClient) -> str:
    return pages.csrf_token(browser, "/settings/password")


def access_of(app: Flask, endpoint: str) -> str:
    """Return the access rule of a view. A person's own and a team's pages ask for more only of a team's members."""
    rule: str = app.view_functions[endpoint].access_rule  # type: ignore[attr-defined]
    return "signed_in" if rule in ("sees_owners", "changes_owners") else rule


def with_some_of(whose: Belongings, own: Belongings, names: list[str]) -> Iterator[Belongings]:
    """Give each way to name these things of which at least one is another account's."""
    for chosen in product((whose, own), repeat=len(names)):
        if whose in chosen:
            yield {name: things[name] for name, things in zip(names, chosen, strict=True)}


def test_every_route_is_here_by_its_rule(app: Flask) -> None:
    routes = {
        (f"{method} {rule}", access_of(app, rule.endpoint))
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    here = {(asked.route, rule) for rule, listed in RULES.items() for asked in listed}
    missing, gone = sorted(routes - here, key=str), sorted(here - routes)
    assert not missing, (
        f"Add Asked(route) for each of these to the list of its access rule in tests/web/site/routes.py: {missing}"
    )
    assert not gone, f"Remove what the application no longer has from tests/web/site/routes.py: {gone}"


def test_rick_has_something_in_every_table_of_accounts(app: Flask, ricks: Belongings) -> None:
    rows = kept(app)
    empty = [table for table in tables_of_accounts() if not rows[table]]
    assert not empty, f"Add a row of each of these tables to give_everything: {empty}"


def test_the_owner_gets_every_page(owner: FlaskClient, ricks: Belongings) -> None:
    pages_of_owner = [asked for asked in PUBLIC + SIGNED_IN if asked.method == "GET"]
    answers = {asked.template: asked.ask(owner, ricks).status_code for asked in pages_of_owner}
    assert answers == {asked.template: asked.status for asked in pages_of_owner}


@pytest.mark.parametrize(
    "asked", [asked for asked in NAMED if asked.method == "POST"], ids=lambda asked: f"{asked.template} {asked.sent}"
)
def test_the_owner_may_do_what_other_accounts_may_not(owner: FlaskClient, ricks: Belongings, asked: Asked) -> None:
    assert asked.ask(owner, ricks, token_of(owner)).status_code == asked.status


@BOTH
def test_to_another_account_what_is_not_its_own_does_not_exist(
    app: Flask, other: FlaskClient, ricks: Belongings, anns: Belongings, headers: dict[str, str]
) -> None:
    before, token = kept(app), token_of(other)
    for asked in NAMED:
        for things in with_some_of(ricks, anns, asked.names):
            answer = asked.ask(other, things, token, headers=headers)
            assert answer.status_code == 404, (asked, things)
            assert "This page does not exist" in answer.text, (asked, things)
    assert kept(app) == before


def test_an_administrator_is_an_account_like_any_other(app: Flask, admin: FlaskClient, ricks: Belongings) -> None:
    before, token = kept(app), token_of(admin)
    for asked in NAMED:
        assert asked.ask(admin, ricks, token).status_code == 404, asked
    assert kept(app) == before


@BOTH
def test_to_an_ordinary_account_the_administrators_pages_do_not_exist(
    app: Flask, other: FlaskClient, ricks: Belongings, headers: dict[str, str]
) -> None:
    before, token = kept(app), token_of(other)
    answers = {asked.route: asked.ask(other, ricks, token, headers=headers) for asked in ADMIN_ONLY}
    assert {route: answer.status_code for route, answer in answers.items()} == dict.fromkeys(answers, 404)
    assert kept(app) == before


def test_an_administrator_gets_the_administrators_pages(admin: FlaskClient, ricks: Belongings) -> None:
    token = token_of(admin)
    for asked in ADMIN_ONLY:
        assert asked.ask(admin, ricks, token).status_code == (200 if asked.method == "GET" else 303), asked.route


def test_whoever_is_signed_out_is_sent_to_the_login_page(app: Flask, client: FlaskClient, ricks: Belongings) -> None:
    before, token = kept(app), pages.csrf_token(client)
    for asked in SIGNED_IN + ADMIN_ONLY:
        answer = asked.ask(client, ricks, token)
        login = urlsplit(answer.location)
        assert (answer.status_code, login.path) == (302, "/login"), asked.route
        back = [asked.template.format(**ricks)] if asked.method == "GET" else []
        assert parse_qs(login.query).get("next", []) == back, asked.route
        answer = asked.ask(client, ricks, token, headers=HTMX)
        assert answer.status_code == 401, asked.route
        assert answer.headers["HX-Redirect"] == "/login?next=/integrations", asked.route
    assert kept(app) == before


def test_what_is_public_is_there_for_everybody(client: FlaskClient, other: FlaskClient, ricks: Belongings) -> None:
    for asked in PUBLIC:
        # These two lead somewhere else whoever is signed in.
        if asked.method == "GET" and asked.rule not in ("/", "/login"):
            assert asked.ask(client, ricks).status_code == asked.status, asked.route
            assert asked.ask(other, ricks).status_code == asked.status, asked.route


def test_nothing_is_done_without_the_token_of_a_form(app: Flask, owner: FlaskClient, ricks: Belongings) -> None:
    before = kept(app)
    for asked in PUBLIC + SIGNED_IN + ADMIN_ONLY:
        if asked.method == "POST":
            assert asked.ask(owner, ricks).status_code == 400, asked.route
    assert kept(app) == before


def test_whoever_is_signed_in_gets_our_page_too_when_the_database_is_away(
    owner: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: object, **_options: object) -> None:
        raise OperationalError("SELECT", {}, Exception("no connection"))

    monkeypatch.setattr(Session, "scalar", away)
    answer = owner.get("/integrations")
    assert (answer.status_code, "The database does not answer" in answer.text) == (503, True)
