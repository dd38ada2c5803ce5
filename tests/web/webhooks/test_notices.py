"""Tests of what an owner is told on the screen."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.db import writing
from calhooks.delivery import endpoints
from calhooks.delivery.models import Endpoint, InactiveReason, Notice, NoticeKind
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.settings import subscriptions
from tests import factories
from tests.web import pages

LIST = "/integrations"
NOTICE = "/integrations/notices/1"


@pytest.fixture
def rick(app: Flask, client: FlaskClient) -> User:
    """An account whose person the client is."""
    with app.app_context():
        user = factories.create_user("rick")
    pages.sign_in(client, user)
    return user


@pytest.fixture
def webhook(app: Flask, rick: User) -> Webhook:
    with app.app_context():
        return factories.create_webhook(rick, "https://example.com/hook")


def tell(app: Flask, webhook: Webhook, kind: NoticeKind) -> None:
    with app.app_context(), writing() as session:
        notice = Notice(
            owner_id=webhook.owner_id,
            endpoint_id=webhook.endpoint_id,
            kind=kind,
            detail="The receiver answered 410.",
            created_at=clock.now(),
        )
        session.add(notice)


def test_a_notice_stands_on_the_screen_until_it_is_dismissed(app: Flask, client: FlaskClient, webhook: Webhook) -> None:
    tell(app, webhook, NoticeKind.GONE)
    page = client.get(LIST).text
    assert "Switched off: its server answered 410 Gone" in page
    assert "The receiver answered 410." in page
    after = pages.submit(client, LIST, to=f"{NOTICE}/dismiss", follow_redirects=True)
    assert (after.request.path, "its server answered 410 Gone" in after.text) == (LIST, False)


def test_switching_a_webhook_on_in_its_box_takes_away_that_it_is_off(
    app: Flask, client: FlaskClient, webhook: Webhook
) -> None:
    tell(app, webhook, NoticeKind.GONE)
    with app.app_context(), writing() as session:
        endpoints.switch_endpoint_off(session.get_one(Endpoint, webhook.endpoint_id), InactiveReason.GONE)
    saved = pages.submit(client, f"/integrations/webhooks/{webhook.id}/edit", {"active": "y"}, follow_redirects=True)
    assert "Webhook saved." in saved.text
    assert "its server answered 410 Gone" not in saved.text


def test_that_a_webhook_works_again_stands_on_its_page_too(app: Flask, client: FlaskClient, webhook: Webhook) -> None:
    tell(app, webhook, NoticeKind.RECOVERED)
    path = f"/integrations/webhooks/{webhook.id}"
    assert "Works again" in client.get(path).text
    assert client.get(NOTICE).location == path
    token = {"csrf_token": pages.csrf_token(client, path)}
    answer = client.post(f"{NOTICE}/dismiss", data=token, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.text) == (200, "")
    assert "Works again" not in client.get(path).text


def test_notices_are_for_their_owner_and_go_with_the_webhook(app: Flask, client: FlaskClient, webhook: Webhook) -> None:
    tell(app, webhook, NoticeKind.FAILING)
    with app.app_context(), writing() as session:
        subscriptions.delete(session, session.get_one(Webhook, webhook.id))
    assert "Does not get through" not in client.get(LIST).text
    assert client.get(NOTICE).location == LIST
    with app.app_context():
        pages.sign_in(client, factories.create_user("bob"))
    token = {"csrf_token": pages.csrf_token(client, "/integrations/webhooks/new")}
    assert client.get(NOTICE).status_code == 404
    assert client.post(f"{NOTICE}/dismiss", data=token).status_code == 404
