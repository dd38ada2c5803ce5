"""Tests of the page of what was given up."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.delivery.models.endpoints import Notice, NoticeKind
from calhooks.delivery.models.runs import ResendRun
from calhooks.webhooks.models import Webhook
from tests import factories
from tests.web import pages
from tests.web.webhooks.test_deliveries import attempt, deliver

HTMX = {"HX-Request": "true"}


@pytest.fixture
def webhook(app: Flask, rick: User) -> Webhook:
    with app.app_context():
        return factories.create_webhook(rick, "https://example.com/hook")


def page(webhook: Webhook) -> str:
    return f"/integrations/webhooks/{webhook.id}/given-up"


def give_up(app: Flask, webhook: Webhook, status: int | None = 500, **values: object) -> Delivery:
    delivery = deliver(app, webhook, state=DeliveryState.FAILED, due_at=None, attempt_count=1, finished_at=clock.now())
    attempt(app, delivery, status=status, **values)
    return delivery


def test_it_is_grouped_by_what_the_receiver_said(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    first = give_up(app, webhook)
    give_up(app, webhook)
    give_up(app, webhook, None, error="deadline", error_detail="No answer within 15 s.", response_body=b"")
    log = owner.get(f"/integrations/webhooks/{webhook.id}").text
    assert "Given up (3)" in log
    assert page(webhook) in log
    shown = owner.get(page(webhook)).text
    assert "500 Internal Server Error" in shown
    assert "&lt;h1&gt;Oh no&lt;/h1&gt;" in shown
    assert "No answer within 15 s." in shown
    assert f"/deliveries/{first.id}?" in shown
    assert "Send all 3 again" in shown
    part = owner.get(page(webhook), headers=HTMX).text
    assert part.lstrip().startswith("<section")


def test_nothing_given_up_says_so(owner: FlaskClient, webhook: Webhook) -> None:
    shown = owner.get(page(webhook)).text
    assert "Nothing was given up" in shown
    assert "<button" not in shown.partition('id="given-up"')[2].partition("</section>")[0]


@pytest.mark.parametrize(("reason", "total"), [("500", 2), ("deadline", 1), ("", 3)])
def test_one_button_sends_a_group_or_all_again(
    app: Flask, owner: FlaskClient, webhook: Webhook, reason: str, total: int
) -> None:
    give_up(app, webhook)
    give_up(app, webhook)
    give_up(app, webhook, None, error="deadline")
    begun = pages.submit(owner, page(webhook), {"reason": reason}, follow_redirects=True)
    assert begun.request.path == f"/integrations/webhooks/{webhook.id}"
    assert "Started. You can leave this page." in begun.text
    assert f"0 of {total} delivered, {total} to come." in begun.text
    again = pages.submit(owner, page(webhook), {"reason": reason})
    assert (again.status_code, "already" in again.text) == (409, True)
    with app.app_context():
        assert db.session.scalars(select(ResendRun.total)).all() == [total]


def test_a_reason_that_nothing_has_sends_nothing(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    give_up(app, webhook)
    for reason in ("404", "x" * 2000, "500 "):
        assert pages.submit(owner, page(webhook), {"reason": reason}).status_code == 409


def test_a_notice_leads_there_until_nothing_is_left(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    delivery = give_up(app, webhook)
    with app.app_context(), writing() as session:
        session.add(
            Notice(
                owner_id=webhook.owner_id,
                endpoint_id=webhook.endpoint_id,
                kind=NoticeKind.GIVEN_UP,
                detail="The receiver answered 500.",
                given_up_count=1,
                given_up_since=clock.now() - timedelta(minutes=1),
                created_at=clock.now(),
            )
        )
    for path in ("/integrations", f"/integrations/webhooks/{webhook.id}"):
        shown = owner.get(path).text
        assert "1 delivery was given up" in shown
        assert "The receiver answered 500." in shown
    assert owner.get("/integrations/notices/1").headers["Location"] == page(webhook)
    with app.app_context(), writing() as session:
        session.get_one(Delivery, delivery.id).state = DeliveryState.DELIVERED
    assert "was given up" not in owner.get("/integrations").text
