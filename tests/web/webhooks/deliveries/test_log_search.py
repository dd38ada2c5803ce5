"""Searching the log, narrowing it, its counts, its picture, and like failures."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.db import db, writing
from calhooks.delivery.counting.statistics import NO_RESPONSE, DeliveryStatistic, hour_of
from calhooks.delivery.models.deliveries import DeliveryState
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.webhooks.models import Webhook
from tests import factories
from tests.web.webhooks.deliveries.helpers import EVERYTHING, attempt, change, deliver, path, shown

HTMX = {"HX-Request": "true"}


@pytest.mark.parametrize(
    "words",
    [
        "chat b",
        "  CHAT B ",
        "bo@example.com",
        "BO@EXAMPLE",
        "Zoë Bo",
        "uid-of-b",
        "msg_of_b",
        "MSG_OF",
        'say "hi"',
        "only in the body",
    ],
)
def test_the_log_is_searched_for_what_people_know_of_a_booking(
    app: Flask, owner: FlaskClient, webhook: Webhook, words: str
) -> None:
    deliver(app, webhook, "Chat A", body=b'{"a": "100%"}')
    payload = '{"payload":{"attendees":[{"name":"Zoë Bo","email":"bo@example.com"}],"notes":"say \\"hi\\""}}'.encode()
    named = {"payload": payload, "subject": "uid-of-b", "message_id": "msg_of_b"}
    deliver(app, webhook, "Chat B", named, body=b"Only in the body\xff")
    deliver(app, webhook, "Chat C", body=None, error="The body grew past 256 KiB.", state=DeliveryState.FAILED)
    answer = owner.get(path(webhook), query_string={"q": words})
    assert answer.status_code == 200
    assert shown(answer.text) == ["Chat B"]


@pytest.mark.parametrize("words", ["%", "_", "100%", "\\", "'", '"', "🦄", "((", "*", "a" * 200, "--", "\x7f", "￿"])
def test_signs_of_the_database_are_ordinary_characters(
    app: Flask, owner: FlaskClient, webhook: Webhook, words: str
) -> None:
    deliver(app, webhook, "Chat A", {"payload": b"{}"}, body=f"before {words} after".encode())
    deliver(app, webhook, "Chat B", {"payload": b"[]"}, body=b"before and after")
    answer = owner.get(path(webhook), query_string={"q": words})
    assert answer.status_code == 200
    assert shown(answer.text)[:1] == ["Chat A"]
    assert ("Chat B" in shown(answer.text)) == (words == "_")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"trigger": "BOOKING_CANCELLED"}, ["Chat B"]),
        ({"code": "500"}, ["Chat A"]),
        ({"code": "5XX"}, ["Chat A"]),
        ({"code": "2xx"}, ["Chat C"]),
        ({"code": "none"}, ["Chat B"]),
        ({"code": "999"}, []),
        ({"reason": "dns"}, ["Chat B"]),
        ({"state": "failed", "code": "500"}, ["Chat A"]),
        ({"state": "dropped", "code": "500"}, []),
        ({"state": "dropped"}, ["Chat B"]),
        ({"trigger": "BOOKING_CREATED", "q": "chat", "code": "200"}, ["Chat C"]),
    ],
)
def test_the_log_is_narrowed(
    app: Flask, owner: FlaskClient, webhook: Webhook, query: dict[str, str], expected: list[str]
) -> None:
    deliver(app, webhook, "Chat A", state=DeliveryState.FAILED, last_status=500, attempt_count=1)
    cancelled = {"trigger": "BOOKING_CANCELLED"}
    attempt(app, deliver(app, webhook, "Chat B", cancelled, state=DeliveryState.DROPPED, attempt_count=1))
    deliver(app, webhook, "Chat C", state=DeliveryState.DELIVERED, last_status=200, attempt_count=1)
    assert shown(owner.get(path(webhook), query_string=query).text) == expected


def test_a_day_is_one_of_the_accounts_time_zone(app: Flask, owner: FlaskClient, rick: User, webhook: Webhook) -> None:
    with app.app_context(), writing() as session:
        session.get_one(User, rick.id).time_zone = "Asia/Kolkata"
    for name, hour in zip(EVERYTHING, (18, 19, 43), strict=True):
        made = datetime(2026, 3, 5, tzinfo=UTC) + timedelta(hours=hour)
        deliver(app, webhook, name, created_at=made, state=DeliveryState.DELIVERED)
    assert shown(owner.get(path(webhook), query_string={"day": "2026-03-06"}).text) == ["Chat B"]
    assert shown(owner.get(path(webhook), query_string={"day": "2026-03-07"}).text) == ["Chat C"]
    assert shown(owner.get(path(webhook), query_string={"day": "2026-03-08"}).text) == []


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"code": "teapot"}, "Enter a status such as 500 or 5xx"),
        ({"code": "99"}, "Enter a status such as 500 or 5xx"),
        ({"day": "tomorrow"}, "Enter a date such as 2026-03-05."),
        ({"day": "9999-12-31"}, "Enter a date such as 2026-03-05."),
        ({"day": "0001-01-01"}, "Enter a date such as 2026-03-05."),
        ({"trigger": "NO_SUCH"}, "Choose one of the events in the list."),
        ({"q": "a" * 10_000}, "Search for at most 200 characters."),
    ],
)
@pytest.mark.parametrize("of", ["webhook", "all"])
def test_what_cannot_be_searched_for_is_said_at_the_field(
    app: Flask, owner: FlaskClient, webhook: Webhook, query: dict[str, str], sentence: str, of: str
) -> None:
    answer = owner.get(path(webhook) if of == "webhook" else "/integrations/deliveries", query_string=query)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert f'value="{next(iter(query.values()))}"' in answer.text or "trigger" in query


def test_the_tabs_count_what_they_show(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    for state in DeliveryState:
        deliver(app, webhook, "Chat A", state=state)
    deliver(app, webhook, "Chat B", state=DeliveryState.FAILED)

    def counts(query: str = "") -> dict[str, str]:
        page = owner.get(f"{path(webhook)}{query}").text
        return {
            name: page.partition(f'id="tab-{name}"')[2].partition('tabular">')[2].partition("<")[0]
            for name in ("all", "delivered", "failed", "waiting", "dropped")
        }

    assert counts() == {"all": "6", "delivered": "1", "failed": "2", "waiting": "2", "dropped": "1"}
    assert counts("?state=failed") == counts()
    assert counts("?q=chat+b") == {"all": "1", "delivered": "0", "failed": "1", "waiting": "0", "dropped": "0"}
    assert counts("?q=chat+b&state=waiting") == counts("?q=chat+b")


def test_what_was_searched_for_stays_in_every_link_and_can_be_cleared(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    with app.app_context():
        endpoint, rick = db.session.get_one(Endpoint, webhook.endpoint_id), db.session.scalars(select(User)).one()
        for _ in range(60):
            factories.create_delivery(endpoint, factories.create_event(rick), state=DeliveryState.DELIVERED)
    query = "trigger=BOOKING_CREATED&amp;q=quick"
    first = owner.get(f"{path(webhook)}?q=quick&trigger=BOOKING_CREATED&state=delivered").text
    assert first.count('class="log-row"') == 50
    for marked in ('hx-trigger="every', "Show older", 'id="tab-failed"'):
        assert "q=quick" in first.partition(marked)[0].rpartition("<")[2] + first.partition(marked)[2][:300], query
    older = first.partition('class="log-more"')[2].partition('href="')[2].partition('"')[0].replace("&amp;", "&")
    rest = owner.get(older, headers=HTMX).text
    assert rest.count('class="log-row"') == 10
    opened = rest.partition('class="log-link"')[2].partition('href="')[2].partition('"')[0].replace("&amp;", "&")
    detail = owner.get(opened).text
    close = detail.partition('delivery-close" href="')[2].partition('"')[0]
    assert "q=quick" in close
    assert "trigger=BOOKING_CREATED" in close
    cleared = first.partition('id="clear-filters" href="')[2].partition('"')[0]
    assert cleared == f"{path(webhook)}?state=delivered#log"


def test_what_is_too_long_to_be_searched_for_is_repeated_in_no_link(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    for name in EVERYTHING:
        deliver(app, webhook, name, state=DeliveryState.DELIVERED)
    for page in (path(webhook), "/integrations/deliveries"):
        for name in ("q", "code", "day", "trigger", "reason"):
            answer = owner.get(page, query_string={name: "a" * 10_000, "state": "delivered"}).text
            assert shown(answer) == EVERYTHING
            assert answer.count("a" * 10_000) <= 1


def test_a_search_without_a_result_says_so_and_leads_back(owner: FlaskClient, webhook: Webhook) -> None:
    page = owner.get(f"{path(webhook)}?q=nothing").text
    assert "No deliveries match" in page
    assert "Clear filters" in page


def test_the_picture_has_every_hour_and_day_with_a_table(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    assert 'class="picture"' not in owner.get(path(webhook)).text
    hour = hour_of(clock.now())
    with app.app_context(), writing() as session:
        for back, bucket, delivered, failed in ((0, 5, 90, 0), (0, 18, 10, 0), (0, NO_RESPONSE, 0, 7), (200, 0, 1, 0)):
            row = DeliveryStatistic(endpoint_id=webhook.endpoint_id, hour=hour - back, bucket=bucket)
            row.delivered, row.failed = delivered, failed
            session.add(row)
    page = owner.get(path(webhook)).text
    day, month = page.partition('id="last-hours-title"')[2].split('id="last-days-title"')
    assert day.count("<g>") == 24
    assert month.partition("</figure>")[0].count("<g>") == 30
    assert "100 delivered" in day
    assert "7 failed" in day
    assert "101 delivered" in month
    assert "<td>100</td><td>7</td>" in day
    assert 'style="' not in page


def test_every_planned_attempt_of_a_delivery_is_listed(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    soon = clock.now() + timedelta(minutes=3)
    delivery_id = deliver(app, webhook, "Chat A", attempt_count=7, tries=7, due_at=soon, scheduled_at=soon)
    page = owner.get(f"{path(webhook)}/deliveries/{delivery_id}").text
    planned = page.partition('next-attempts"')[2].partition("</details>")[0]
    assert [f"#{number}</span>" in planned for number in (7, 8, 9, 10, 11)] == [False, True, True, True, False]
    assert "3 more attempts" in planned


def test_no_attempt_is_planned_during_a_pause_or_while_the_receiver_asked_to_wait(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    now = clock.now()
    soon, later = now + timedelta(minutes=3), now + timedelta(hours=30)
    delivery_id = deliver(app, webhook, "Chat A", attempt_count=7, tries=7, due_at=soon, scheduled_at=soon)
    for held in ({"paused_until": later}, {"paused_until": None, "held_until": later}):
        change(app, webhook, **held)
        page = owner.get(f"{path(webhook)}/deliveries/{delivery_id}").text
        planned = page.partition('class="next-attempts-list"')[2].partition("</ol>")[0]
        times = re.findall(r'\(.*?datetime="([^"]+)"', planned)
        assert len(times) == 3
        assert datetime.fromisoformat(times[0]) == later.replace(microsecond=0)
