"""The conditions in the webhook box: kept, refused at their rows, added and removed without JavaScript."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from calhooks.accounts.models import User
from calhooks.accounts.owners import owner_of
from calhooks.accounts.teams.models import Team
from calhooks.db import db
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.settings.subscriptions import list_webhooks
from tests import factories
from tests.web import pages
from tests.web.markup import elements

NEW = "/integrations/webhooks/new"
URL = "https://example.com/hook"
ROWS = {
    "filterMatch": "any",
    "filterVariable": ["metadata.plan", "{{length}}", "location", ""],
    "filterOperator": ["is", "at_least", "is_set", "is"],
    "filterValue": ["pro", "30", "", ""],
}
STORED = [
    {"variable": "metadata.plan", "operator": "is", "value": "pro"},
    {"variable": "length", "operator": "at_least", "value": "30"},
    {"variable": "location", "operator": "is_set", "value": ""},
]
NAMES = ("filterMatch", "filterVariable", "filterOperator", "filterValue")
BrowserOf = Callable[[User], FlaskClient]


def kept(app: Flask, owner: User | Team) -> Webhook:
    with app.app_context():
        (webhook,) = list_webhooks(db.session(), owner_of(owner))
        return webhook


def edit(app: Flask, owner: User) -> str:
    return f"/integrations/webhooks/{kept(app, owner).id}/edit"


def make(client: FlaskClient, path: str = NEW, **typed: object) -> None:
    answer = pages.submit(client, path, {"subscriberUrl": URL, **typed})  # type: ignore[dict-item]
    assert answer.status_code == 303, answer.text


def shown(answer: TestResponse, to: str | None = None) -> dict[str, list[str]]:
    form = pages.post_form(answer, to)
    return {name: form.fields.getlist(name) for name in NAMES}


def test_conditions_are_kept_shown_again_and_said_in_words(app: Flask, owner: FlaskClient, rick: User) -> None:
    make(owner, **ROWS)
    webhook = kept(app, rick)
    assert webhook.filter
    assert (webhook.filter["match"], webhook.filter["conditions"]) == ("any", STORED)
    fields = shown(owner.get(edit(app, rick)))
    assert fields["filterVariable"] == ["metadata.plan", "length", "location", "", ""]
    assert fields["filterOperator"] == ["is", "at_least", "is_set", "is"]
    assert (fields["filterMatch"], fields["filterValue"]) == (["any"], ["pro", "30", "", ""])
    assert "Filtered" in owner.get("/integrations").text
    words = "metadata.plan is pro or length is at least 30 or location is set"
    assert words in owner.get(f"/integrations/webhooks/{webhook.id}").text


def test_saving_without_a_change_keeps_since_when_the_filter_holds(app: Flask, owner: FlaskClient, rick: User) -> None:
    make(owner, **ROWS)
    before = kept(app, rick).filter
    make(owner, edit(app, rick))
    assert kept(app, rick).filter == before


def test_a_form_without_these_fields_keeps_the_filter(app: Flask, owner: FlaskClient, rick: User) -> None:
    make(owner, **ROWS)
    before = kept(app, rick).filter
    make(owner, edit(app, rick), **dict.fromkeys(NAMES))
    assert kept(app, rick).filter == before


def test_a_form_without_these_fields_makes_a_webhook_without_a_filter(
    app: Flask, owner: FlaskClient, rick: User
) -> None:
    make(owner, **dict.fromkeys(NAMES))
    assert kept(app, rick).filter is None
    assert "Filtered" not in owner.get("/integrations").text


def test_emptying_every_row_removes_the_filter(app: Flask, owner: FlaskClient, rick: User) -> None:
    make(owner, **ROWS)
    make(owner, edit(app, rick), filterVariable=[""], filterOperator=[], filterValue=[])
    assert kept(app, rick).filter is None


def test_what_is_wrong_is_said_at_its_row_and_nothing_typed_is_lost(app: Flask, owner: FlaskClient, rick: User) -> None:
    wrong = {
        "filterVariable": ["metdata.plan", "", "length"],
        "filterOperator": ["is_not", "is", "at_least"],
        "filterValue": ["<pro>", "", "long"],
    }
    answer = pages.submit(owner, NEW, {"subscriberUrl": URL, **wrong})
    assert answer.status_code == 422
    assert "There is no metdata.plan. Did you mean metadata.plan?" in answer.text
    assert "needs a number such as 30" in answer.text
    fields = shown(answer)
    assert fields["filterVariable"] == ["metdata.plan", "length", "", ""]
    assert fields["filterValue"] == ["<pro>", "long", ""]
    assert fields["filterOperator"] == ["is_not", "at_least", "is"]
    first, second = [each for each in elements(answer) if each.get("aria-invalid")]
    assert (first["id"], first["aria-describedby"]) == ("filter", "condition-0-error")
    assert second["aria-describedby"] == "condition-1-error"
    with app.app_context():
        assert list_webhooks(db.session(), owner_of(rick)) == []


@pytest.mark.parametrize(
    "typed",
    [
        {"filterMatch": "some", "filterVariable": ["title"], "filterOperator": ["is"], "filterValue": ["x"]},
        {"filterVariable": ["title"] * 21, "filterOperator": ["is"] * 21, "filterValue": ["x"] * 21},
        {"filterVariable": ["title"] * 500, "filterOperator": [], "filterValue": []},
        {"filterVariable": ["title\x01"], "filterOperator": ["is"], "filterValue": ["x"]},
        {
            "filterVariable": ["title"],
            "filterOperator": ["\ud800x".encode("utf-8", "replace").decode()],
            "filterValue": [],
        },
        {"filterVariable": ["{{{{"], "filterOperator": ["is"], "filterValue": ["x"]},
    ],
)
def test_a_form_that_nobody_typed_is_refused_with_a_sentence(owner: FlaskClient, typed: dict[str, object]) -> None:
    answer = pages.submit(owner, NEW, {"subscriberUrl": URL, **typed})  # type: ignore[dict-item]
    assert answer.status_code == 422
    assert "error-summary" in answer.text


def test_a_condition_is_added_and_removed_without_javascript(owner: FlaskClient) -> None:
    page = owner.get(NEW)
    form = pages.post_form(page)
    for name, values in {**ROWS, "filterVariable": ["title", "length"], "filterOperator": ["is", "at_most"]}.items():
        form.fields.setlist(name, values if isinstance(values, list) else [values])
    form.fields.setlist("filterValue", ["a", "60"])
    added = owner.post(NEW, data=form.fields | {"addCondition": "y"})
    assert added.status_code == 200
    assert shown(added)["filterVariable"] == ["title", "length", "", ""]
    rows = [each for each in elements(added) if each.get("name") == "filterVariable"]
    assert ["autofocus" in row.attributes for row in rows] == [False, False, True, False]
    assert sum("autofocus" in each.attributes for each in elements(added)) == 1

    removed = owner.post(NEW, data=form.fields | {"removeCondition": "0"})
    fields = shown(removed)
    assert (fields["filterVariable"], fields["filterValue"]) == (["length", "", ""], ["60", ""])
    assert fields["filterOperator"] == ["at_most", "is"]
    for place in ("7", "-1", "x", "9" * 50):
        assert shown(owner.post(NEW, data=form.fields | {"removeCondition": place}))["filterVariable"][:2] == [
            "title",
            "length",
        ]


def test_a_team_webhook_has_conditions_that_members_see_and_owners_change(
    app: Flask, team: Team, alice: User, bob: User, browser_of: BrowserOf
) -> None:
    home = f"/teams/{team.id}/webhooks"
    make(browser_of(alice), f"{home}/new", **ROWS)
    webhook = kept(app, team)
    assert webhook.filter
    assert webhook.filter["conditions"] == STORED
    member = browser_of(bob)
    assert "metadata.plan is pro" in member.get(f"{home}/{webhook.id}").text
    assert "Filtered" in member.get(home).text
    token = pages.csrf_token(member, f"{home}")
    changed = member.post(f"{home}/{webhook.id}/edit", data={"csrf_token": token, "filterVariable": ""})
    assert changed.status_code == 403
    tried = member.post(f"{home}/filter", data={"csrf_token": token, "filterVariable": "title"})
    assert tried.status_code == 403
    assert kept(app, team).filter == webhook.filter


def test_the_same_address_is_refused_for_the_same_events_whatever_the_conditions(
    app: Flask, owner: FlaskClient, rick: User
) -> None:
    with app.app_context():
        factories.create_webhook(rick, URL)
    answer = pages.submit(owner, NEW, {"subscriberUrl": URL, **ROWS})
    assert answer.status_code == 422
    assert shown(answer)["filterVariable"] == ["metadata.plan", "{{length}}", "location", "", ""]
