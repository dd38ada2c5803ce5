"""Every page says who may see it."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

RULES = {"public", "signed_in", "admin_only"}


def test_every_view_has_exactly_one_access_rule(app: Flask) -> None:
    rules = {name: getattr(view, "access_rule", None) for name, view in app.view_functions.items() if name != "static"}
    assert rules
    assert {name: rule for name, rule in rules.items() if rule not in RULES} == {}


@pytest.mark.usefixtures("rick")
def test_pages_without_arguments_answer_strangers_by_their_rule(app: Flask, client: FlaskClient) -> None:
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if rule.endpoint == "static" or rule.arguments or "GET" not in (rule.methods or ()):
            continue
        response = client.get(rule.rule)
        if view.access_rule == "public":  # type: ignore[attr-defined]  # the mark of calhooks.web.access
            assert response.status_code in (200, 302, 404, 503), rule.rule
        else:
            assert (response.location or "").startswith("/login"), rule.rule


def test_whoever_is_signed_in_gets_our_page_too_when_the_database_is_away(
    owner: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:

    def away(*_args: object, **_options: object) -> None:
        raise OperationalError("SELECT", {}, Exception("no connection"))

    monkeypatch.setattr(Session, "get", away)
    answer = owner.get("/integrations")
    assert (answer.status_code, "The database does not answer" in answer.text) == (503, True)


def test_to_an_ordinary_account_the_administrators_pages_do_not_exist(app: Flask, owner: FlaskClient) -> None:
    hidden = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if getattr(app.view_functions[rule.endpoint], "access_rule", "") == "admin_only"
        and not rule.arguments
        and "GET" in (rule.methods or ())
    ]
    assert hidden
    assert {owner.get(path).status_code for path in hidden} == {404}
