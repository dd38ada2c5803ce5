"""Numbers in addresses that no row can have."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calhooks.accounts.models import User
from tests import factories
from tests.web.pages import csrf_token


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
