"""Tests of what an owner is told on the screen."""

from flask import Flask
from flask.testing import FlaskClient

from calhooks import clock
from calhooks.db import writing
from calhooks.delivery import endpoints
from calhooks.delivery.models.endpoints import Endpoint, InactiveReason, Notice, NoticeKind
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.settings import subscriptions
from tests.web import pages

LIST = "/integrations"
NOTICE = "/integrations/notices/1"


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


def test_a_notice_stands_on_the_screen_until_it_is_dismissed(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    tell(app, webhook, NoticeKind.GONE)
    page = owner.get(LIST).text
    assert "Switched off: its server answered 410 Gone" in page
    assert "The receiver answered 410." in page
    after = pages.submit(owner, LIST, to=f"{NOTICE}/dismiss", follow_redirects=True)
    assert (after.request.path, "its server answered 410 Gone" in after.text) == (LIST, False)


def test_switching_a_webhook_on_in_its_box_takes_away_that_it_is_off(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    tell(app, webhook, NoticeKind.GONE)
    with app.app_context(), writing() as session:
        endpoints.switch_endpoint_off(session.get_one(Endpoint, webhook.endpoint_id), InactiveReason.GONE)
    saved = pages.submit(owner, f"/integrations/webhooks/{webhook.id}/edit", {"active": "y"}, follow_redirects=True)
    assert "Webhook saved." in saved.text
    assert "its server answered 410 Gone" not in saved.text


def test_that_a_webhook_works_again_stands_on_its_page_too(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    tell(app, webhook, NoticeKind.RECOVERED)
    path = f"/integrations/webhooks/{webhook.id}"
    assert "Works again" in owner.get(path).text
    assert owner.get(NOTICE).location == path
    token = {"csrf_token": pages.csrf_token(owner, path)}
    answer = owner.post(f"{NOTICE}/dismiss", data=token, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.text) == (200, "")
    assert "Works again" not in owner.get(path).text


def test_notices_are_for_their_owner_and_go_with_the_webhook(
    app: Flask, owner: FlaskClient, other: FlaskClient, webhook: Webhook
) -> None:
    tell(app, webhook, NoticeKind.FAILING)
    with app.app_context(), writing() as session:
        subscriptions.delete(session, session.get_one(Webhook, webhook.id))
    assert "Deliveries are failing" not in owner.get(LIST).text
    assert owner.get(NOTICE).location == LIST
    token = {"csrf_token": pages.csrf_token(other, "/integrations/webhooks/new")}
    assert other.get(NOTICE).status_code == 404
    assert other.post(f"{NOTICE}/dismiss", data=token).status_code == 404


def test_a_webhook_deleted_in_its_box_takes_its_news_off_the_screen(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    tell(app, webhook, NoticeKind.FAILING)
    polled = owner.get(LIST, headers={"HX-Request": "true"}).text
    assert "Deliveries are failing" in polled.partition('id="notices" hx-swap-oob="true"')[2]
    deleted = pages.submit(owner, f"{LIST}/webhooks/{webhook.id}/delete", headers={"HX-Request": "true"})
    assert 'id="notices" hx-swap-oob="true"' in deleted.text
    assert "Deliveries are failing" not in deleted.text
