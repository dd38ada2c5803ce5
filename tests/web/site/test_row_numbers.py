"""Numbers in addresses that no row can have."""

import pytest
from flask.testing import FlaskClient

from tests import factories
from tests.web.pages import csrf_token, sign_in


@pytest.mark.parametrize("number", [2**31 - 1, 2**31, 2**63, 10**30])
@pytest.mark.parametrize(
    "path", ["/integrations/webhooks/{}", "/integrations/webhooks/{}/edit", "/event-types/{}/edit"]
)
def test_a_number_that_is_too_large_is_a_page_that_does_not_exist(client: FlaskClient, path: str, number: int) -> None:
    with client.application.app_context():
        user = factories.create_user("rick")
    sign_in(client, user)
    assert client.get(path.format(number)).status_code == 404


@pytest.mark.parametrize("number", [-1, 2**31, 10**30, "²"])
def test_a_number_in_a_query_that_no_row_has_is_not_an_error(client: FlaskClient, number: int | str) -> None:
    with client.application.app_context():
        user = factories.create_user("rick")
        hook = factories.create_webhook(user)
        path = f"/integrations/webhooks/{hook.id}"
        sign_in(client, user)
    token = csrf_token(client, "/settings/profile")
    for name in ("before", "since"):
        assert client.get(f"{path}?{name}={number}").status_code == 200
    assert client.post(f"/integrations/webhooks/ping?webhook={number}", data={"csrf_token": token}).status_code == 404
