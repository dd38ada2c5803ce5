"""Numbers in addresses and forms that no row can have."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Team
from tests import factories
from tests.web.pages import csrf_token, submit


@pytest.mark.parametrize("number", [2**31 - 1, 2**31, 2**63, 10**30])
@pytest.mark.parametrize(
    "path", ["/integrations/webhooks/{}", "/integrations/webhooks/{}/edit", "/event-types/{}/edit"]
)
def test_a_number_that_is_too_large_is_a_page_that_does_not_exist(owner: FlaskClient, path: str, number: int) -> None:
    assert owner.get(path.format(number)).status_code == 404


@pytest.mark.parametrize("number", [-1, 2**31, 10**30, "²"])
def test_a_number_in_a_query_that_no_row_has_is_not_an_error(
    app: Flask, owner: FlaskClient, rick: User, number: int | str
) -> None:
    with app.app_context():
        path = f"/integrations/webhooks/{factories.create_webhook(rick).id}"
    token = csrf_token(owner, "/settings/profile")
    for name in ("before", "since"):
        assert owner.get(f"{path}?{name}={number}").status_code == 200
    assert owner.post(f"/integrations/webhooks/ping?webhook={number}", data={"csrf_token": token}).status_code == 404


@pytest.mark.parametrize("number", [-1, 2**31 - 1, 2**31, 10**9 * 9, 10**30, "²"])
def test_a_number_in_a_form_that_no_row_has_is_nobodys(
    app: Flask, browser_of: Callable[[User], FlaskClient], alice: User, bob: User, team: Team, number: int | str
) -> None:
    with app.app_context():
        event_type = factories.create_team_event_type(team, [alice, bob])
        booking = factories.create_booking(event_type, clock.now() + timedelta(days=2), host_id=bob.id)
        uid, edit = booking.uid, f"/teams/{team.id}/event-types/{event_type.id}/edit"
    browser = browser_of(alice)
    assert "Choose someone from the list." in refused(browser, f"/bookings/{uid}/reassign", {"host": str(number)})
    assert "Choose members of this team only." in refused(browser, edit, {"hosts": str(number)})


def refused(browser: FlaskClient, path: str, typed: dict[str, str]) -> str:
    answer = submit(browser, path, typed)
    assert answer.status_code == 422
    return answer.text
