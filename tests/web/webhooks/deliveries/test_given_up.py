"""Tests of the page of what was given up."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from calhooks import clock
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.delivery.models.endpoints import Endpoint, Notice, NoticeKind
from calhooks.delivery.models.runs import ResendRun
from calhooks.webhooks.models import Webhook
from tests.web import pages
from tests.web.webhooks.deliveries.test_deliveries import attempt, deliver
from tests.web.webhooks.test_notices import tell

HTMX = {"HX-Request": "true"}


def page(webhook: Webhook) -> str:
    return f"/integrations/webhooks/{webhook.id}/given-up"


def give_up(app: Flask, webhook: Webhook, status: int | None = 500, **values: object) -> Delivery:
    delivery = deliver(app, webhook, state=DeliveryState.FAILED, due_at=None, attempt_count=1, finished_at=clock.now())
    attempt(app, delivery, status=status, **values)
    return delivery


def without_id(html: str) -> list[str]:
    """Return the links and buttons without an id: htmx cannot give these the focus back when they are drawn anew."""
    return [tag for tag in re.findall(r"<(?:a|button)\b[^>]*>", html) if not re.search(r'\sid="[^"]+"', tag)]


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


@pytest.mark.parametrize(
    ("kind", "words"),
    [("failed", "Deliveries are being sent again"), ("chosen", "Deliveries are being sent again"), ("replay", "Past")],
)
def test_it_says_what_is_being_sent(app: Flask, owner: FlaskClient, webhook: Webhook, kind: str, words: str) -> None:
    with app.app_context(), writing() as session:
        run = {"since": None, "total": 2, "position": 0, "up_to": 9, "released": 0, "pace": 2, "state": "running"}
        session.add(ResendRun(endpoint_id=webhook.endpoint_id, kind=kind, created_at=clock.now(), **run))
    said = owner.get(page(webhook)).text.partition('id="given-up"')[2].partition("</p>")[0]
    assert words in said
    assert "0 of 2 delivered" in said


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
    # Another that was given up long before is not what the notice is about.
    other = give_up(app, webhook)
    with app.app_context(), writing() as session:
        session.get_one(Delivery, delivery.id).state = DeliveryState.DELIVERED
        session.get_one(Delivery, other.id).finished_at -= timedelta(days=3)
    assert "was given up" not in owner.get("/integrations").text


def test_groups_that_are_left_out_are_counted(
    app: Flask, owner: FlaskClient, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calhooks.delivery.status.given_up.MAX_GROUPS", 2)
    for status in (404, 404, 500, 500, 503):
        give_up(app, webhook, status)
    shown = owner.get(page(webhook)).text
    assert "Send all 5 again" in shown
    assert "the newest" not in shown.lower().partition("newest response")[0]
    assert "1 delivery with other reasons is not listed here." in shown


def test_what_can_be_focused_keeps_the_focus_when_the_page_asks_for_itself(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    for status in (404, 500, None):
        give_up(app, webhook, status)
    part = owner.get(page(webhook), headers=HTMX).text
    assert len(re.findall("<(?:a|button) ", part)) >= 7
    assert without_id(part) == []


def test_while_these_are_sent_again_it_says_so_and_offers_no_second_time(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    give_up(app, webhook)
    give_up(app, webhook, 404)
    pages.submit(owner, page(webhook), {"reason": "404"})
    shown = owner.get(page(webhook)).text
    assert "Deliveries are being sent again: 0 of 1 delivered." in shown
    assert shown.count("Deliveries are being sent already") == 3
    again = pages.submit(owner, page(webhook), {"reason": "500"})
    assert (again.status_code, "stop it on the webhook’s page" in again.text) == (409, True)


def test_an_open_log_learns_that_deliveries_were_given_up_or_are_no_longer(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    def polled() -> str:
        return owner.get(f"/integrations/webhooks/{webhook.id}?since=0", headers=HTMX).text

    assert "Given up (" not in polled()
    delivery = give_up(app, webhook)
    tell(app, webhook, NoticeKind.GIVEN_UP)
    part = polled()
    assert 'id="log-actions" hx-swap-oob="true"' in part
    assert "Given up (1)" in part
    assert 'id="notices" hx-swap-oob="true"' in part
    assert "given up</p>" in part
    with app.app_context(), writing() as session:
        session.get_one(Delivery, delivery.id).state = DeliveryState.DELIVERED
    assert "Given up (" not in polled()
    assert "given up</p>" not in polled()


@pytest.mark.parametrize(
    "columns",
    [
        {"failing_since": clock.now(), "consecutive_failures": 3},
        {"pace": 1.0, "last_success_at": clock.now()},
        {"active": False, "inactive_reason": "gone", "inactive_since": clock.now()},
    ],
)
def test_what_an_open_log_draws_anew_keeps_the_focus(
    app: Flask, owner: FlaskClient, webhook: Webhook, columns: dict[str, object]
) -> None:
    path = f"/integrations/webhooks/{webhook.id}?since=0"
    assert without_id(owner.get(path, headers=HTMX).text) == []
    give_up(app, webhook)
    tell(app, webhook, NoticeKind.GIVEN_UP)
    with app.app_context(), writing() as session:
        for name, value in columns.items():
            setattr(session.get_one(Endpoint, webhook.endpoint_id), name, value)
    part = owner.get(path, headers=HTMX).text
    assert 'id="standing-attempt"' in part
    assert without_id(part) == []
