"""Numbers in addresses that no row can have."""

import pytest
from flask.testing import FlaskClient

from tests import factories
from tests.web.pages import sign_in


@pytest.mark.parametrize("number", [2**31 - 1, 2**31, 2**63, 10**30])
@pytest.mark.parametrize(
    "path", ["/integrations/webhooks/{}", "/integrations/webhooks/{}/edit", "/event-types/{}/edit"]
)
def test_a_number_that_is_too_large_is_a_page_that_does_not_exist(client: FlaskClient, path: str, number: int) -> None:
    with client.application.app_context():
        user = factories.create_user("rick")
    sign_in(client, user)
    assert client.get(path.format(number)).status_code == 404
