"""Who may see and do what of a team, for every address below it: its owner, admins and members, and who is none."""

import json
from collections.abc import Callable, Iterator
from itertools import product

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Role, Team
from calhooks.db import db, writing
from calhooks.scheduling.calendars.feeds import renew_feed
from calhooks.scheduling.models.bookings import Booking
from calhooks.web.site.access import ONLY_ADMINS
from tests import factories
from tests.web import pages
from tests.web.site.belongings import Belongings, everything_kept, give_everything, remove_from_team
from tests.web.site.routes import OWNED, SIGNED_IN, STATES, Asked

HTMX = {"HX-Request": "true", "HX-Current-URL": "http://localhost/integrations"}
BOTH = pytest.mark.parametrize("headers", [{}, HTMX], ids=["browser", "htmx"])
IN_TEAM = [asked for asked in SIGNED_IN if asked.rule.startswith("/teams/<int:team_id>")]
LOOKED_AT = [asked for asked in IN_TEAM if asked.method == "GET"]
DONE = [asked for asked in IN_TEAM if asked.method == "POST"]
# What admins may not do either, and what anybody but the last owner may.
OF_OWNERS = ("/hand-over", "/settings/delete")
LEAVING = "/members/leave"

BrowserOf = Callable[[User], FlaskClient]


@pytest.fixture
def sales(app: Flask, alice: User, bob: User, carol: User) -> Belongings:
    """What belongs to Alice and to her team, of which Bob and Carol are members."""
    with app.app_context():
        things = give_everything(alice)
        for member in (bob, carol):
            join(things, member)
    return things


def join(things: Belongings, user: User, role: Role = Role.MEMBER) -> None:
    factories.create_membership(db.session.get_one(Team, int(things["team_id"])), user, role)


@pytest.fixture
def erin(app: Flask, sales: Belongings) -> User:
    """An admin of the team."""
    with app.app_context():
        user = factories.create_user("erin")
    with app.app_context():
        join(sales, user, Role.ADMIN)
    return user


@pytest.fixture
def former(app: Flask, sales: Belongings, bob: User) -> User:
    """Bob, who has organized all of the team's meetings, and has left the team."""
    with app.app_context():
        give_meetings(sales, bob)
        remove_from_team(sales["team_id"], bob)
    return bob


def give_meetings(things: Belongings, host: User) -> None:
    """Have somebody be the organizer of all of a team's meetings."""
    with writing() as session:
        for booking in session.scalars(select(Booking).where(Booking.team_id == int(things["team_id"]))):
            booking.host_id = host.id


def kept(app: Flask) -> dict[str, list[object]]:
    with app.app_context():
        return everything_kept()


def token_of(browser: FlaskClient) -> str:
    return pages.csrf_token(browser, "/settings/password")


def changes(app: Flask, asked: Asked) -> bool:
    """Tell whether a request is for the team's owners and admins alone."""
    adapter = app.url_map.bind("localhost")
    endpoint, _ = adapter.match(asked.template.format_map(Anything()).partition("?")[0], method=asked.method)
    return app.view_functions[endpoint].access_rule != "sees_owners"  # type: ignore[attr-defined, no-any-return]


def toast_of(answer: TestResponse) -> str | None:
    """Return what a script is told to say."""
    told = json.loads(answer.headers.get("HX-Trigger", "{}"))
    return told["toast"]["message"] if "toast" in told else None


class Anything(dict[str, str]):
    """A value for every name."""

    def __missing__(self, _name: str) -> str:
        return "1"


def in_other_combinations(one: Belongings, other: Belongings, names: list[str]) -> Iterator[Belongings]:
    """Give each way to name things of which some are another team's."""
    for chosen in product((one, other), repeat=len(names)):
        if one in chosen and other in chosen:
            yield {name: things[name] for name, things in zip(names, chosen, strict=True)}


@pytest.mark.parametrize("who", ["alice", "erin"])
def test_owners_and_admins_get_every_page(
    request: pytest.FixtureRequest, browser_of: BrowserOf, sales: Belongings, who: str
) -> None:
    browser = browser_of(request.getfixturevalue(who))
    answers = {asked.template: asked.ask(browser, sales).status_code for asked in LOOKED_AT}
    assert answers == {
        asked.template: 403 if who == "erin" and asked.rule.endswith(OF_OWNERS) else asked.status for asked in LOOKED_AT
    }


@pytest.mark.parametrize("asked", DONE, ids=lambda asked: f"{asked.template} {asked.sent}")
def test_an_admin_may_do_what_the_owner_may(browser_of: BrowserOf, sales: Belongings, erin: User, asked: Asked) -> None:
    browser = browser_of(erin)
    expected = 403 if asked.rule.endswith(OF_OWNERS) else 303 if asked.rule.endswith(LEAVING) else asked.status
    assert asked.ask(browser, sales, token_of(browser)).status_code == expected


@BOTH
def test_a_member_sees_what_is_the_teams_and_changes_none_of_it(
    app: Flask, browser_of: BrowserOf, sales: Belongings, bob: User, headers: dict[str, str]
) -> None:
    browser = browser_of(bob)
    before, token = kept(app), token_of(browser)
    for asked in IN_TEAM:
        if asked.rule.endswith(LEAVING):
            continue
        answer = asked.ask(browser, sales, token, headers=headers)
        if changes(app, asked):
            assert (answer.status_code, ONLY_ADMINS in answer.text) == (403, True), asked
            assert toast_of(answer) == (ONLY_ADMINS if headers else None), asked
        elif asked.method == "POST" or "reject=" in asked.query or asked.rule.endswith("/reassign"):
            # The meetings that others host.
            assert answer.status_code == 403, asked
        elif asked.method == "GET" and not headers:
            assert answer.status_code == asked.status, asked
    assert kept(app) == before


@pytest.mark.parametrize(
    "asked",
    [asked for asked in DONE if "/bookings/" in asked.rule],
    ids=lambda asked: asked.sent.get("action", "reassign"),
)
def test_a_member_may_change_the_meetings_that_they_host(
    app: Flask, browser_of: BrowserOf, sales: Belongings, bob: User, carol: User, asked: Asked
) -> None:
    with app.app_context():
        give_meetings(sales, bob)
    for user, status in ((carol, 403), (bob, asked.status)):
        browser = browser_of(user)
        assert asked.ask(browser, sales, token_of(browser)).status_code == status, user.username


@BOTH
@pytest.mark.parametrize("who", ["dave", "administrator", "former"])
def test_to_whoever_is_no_member_a_team_does_not_exist(
    app: Flask,
    request: pytest.FixtureRequest,
    browser_of: BrowserOf,
    sales: Belongings,
    who: str,
    headers: dict[str, str],
) -> None:
    browser = browser_of(request.getfixturevalue(who))
    before, token = kept(app), token_of(browser)
    for asked in IN_TEAM:
        answer = asked.ask(browser, sales, token, headers=headers)
        assert (answer.status_code, "This page does not exist" in answer.text) == (404, True), asked
    assert kept(app) == before


def test_every_address_below_a_team_is_refused_to_a_stranger(
    app: Flask, browser_of: BrowserOf, sales: Belongings, dave: User
) -> None:
    browser = browser_of(dave)
    token = token_of(browser)
    below = [rule for rule in app.url_map.iter_rules() if "<int:team_id>" in rule.rule]
    assert len(below) > 30
    for rule in below:
        for method in (rule.methods or set()) - {"OPTIONS"}:
            asked = Asked(f"{method} {rule.rule}", where={"view": "upcoming"})
            address = asked.template.format_map(Anything(sales))
            answer = browser.open(address, method=method, data={"csrf_token": token})
            assert answer.status_code == 404, (method, address)


def test_a_teams_meetings_are_gone_from_the_pages_of_who_leaves(
    app: Flask, browser_of: BrowserOf, sales: Belongings, bob: User
) -> None:
    with app.app_context():
        give_meetings(sales, bob)
        with writing() as session:
            feed = renew_feed(session, session.get_one(User, bob.id)).token
    browser = browser_of(bob)
    lists = [f"/bookings/{view}" for view in ("upcoming", "unconfirmed", "past", "cancelled")]
    addresses = [*lists, *(f"{each}/bookings.csv" for each in lists), f"/calendar/{feed}.ics"]

    def found(state: str) -> list[str]:
        uid = sales[f"team_{state}"]
        told = [f"history of {state}"] if browser.get(f"/bookings/history/{uid}").status_code == 200 else []
        return told + [address for address in addresses if uid in browser.get(address).text]

    assert {state: len(found(state)) for state in STATES} == {
        "accepted": 4,
        "pending": 3,
        "cancelled": 3,
        "rejected": 3,
        "past": 4,
    }
    with app.app_context():
        remove_from_team(sales["team_id"], bob)
    assert {state: found(state) for state in STATES} == {state: [] for state in STATES}
    before, token = kept(app), token_of(browser)
    own = {state: sales[f"team_{state}"] for state in STATES}
    acts = [asked for asked in OWNED if asked.method == "POST" and set(asked.names) & set(STATES)]
    assert [asked.ask(browser, own, token).status_code for asked in acts] == [404, 404, 404]
    assert kept(app) == before


def test_a_teams_things_are_found_in_the_team_and_a_persons_among_their_own(
    app: Flask, browser_of: BrowserOf, sales: Belongings, alice: User
) -> None:
    browser = browser_of(alice)
    before, token = kept(app), token_of(browser)
    # The bookings that Alice hosts for the team are hers too, so she finds them in both.
    things = ("event_type_id", "webhook_id", "running", "notice_id")
    swapped = sales | {name: sales[f"team_{name}"] for name in things}
    swapped |= {f"team_{name}": sales[name] for name in (*things, *STATES)}
    elsewhere = {*things, *(f"team_{name}" for name in (*things, *STATES))}
    for asked in OWNED + IN_TEAM:
        if elsewhere & set(asked.names):
            assert asked.ask(browser, swapped, token).status_code == 404, asked
    assert kept(app) == before


def test_what_is_another_teams_is_not_found_by_who_belongs_to_both(
    app: Flask, browser_of: BrowserOf, sales: Belongings, carol: User
) -> None:
    with app.app_context():
        carols = give_everything(carol)
        remove_from_team(sales["team_id"], carol)
        join(sales, carol, Role.ADMIN)
    browser = browser_of(carol)
    before, token = kept(app), token_of(browser)
    for asked in IN_TEAM:
        for things in in_other_combinations(sales, carols, asked.names):
            refusals = (403, 404) if asked.rule.endswith(OF_OWNERS) else (404,)
            assert asked.ask(browser, things, token).status_code in refusals, (asked, things)
    assert kept(app) == before
