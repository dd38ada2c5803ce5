"""Searching the log, narrowing it, its counts, its picture, and like failures."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.db import db, writing
from calhooks.delivery.counting.statistics import NO_RESPONSE, DeliveryStatistic, hour_of
from calhooks.delivery.models.deliveries import Attempt, Delivery, DeliveryState, Event
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.models.runs import ResendRun
from calhooks.webhooks.models import Webhook
from tests import factories
from tests.web import pages

HTMX = {"HX-Request": "true"}
EVERYTHING = ["Chat A", "Chat B", "Chat C"]


@pytest.fixture
def webhook(app: Flask, rick: User) -> Webhook:
    with app.app_context():
        return factories.create_webhook(rick, "https://example.com/hook")


def deliver(
    app: Flask, webhook: Webhook, summary: str, event: dict[str, object] | None = None, **values: object
) -> int:
    with app.app_context():
        owner = db.session.scalars(select(User).where(User.username == "rick")).one()
        endpoint = db.session.get_one(Endpoint, webhook.endpoint_id)
        happened = factories.create_event(owner, **({"summary": summary} | (event or {})))
        return factories.create_delivery(endpoint, happened, **values).id


def attempt(app: Flask, delivery_id: int, number: int = 1, **values: object) -> None:
    fields = {
        "started_at": clock.now(),
        "duration_ms": 87,
        "url": "https://example.com/hook",
        "request_headers": [],
        "status": None,
        "response_headers": [],
        "response_body": b"",
        "error": "dns",
        "error_detail": "The host was not found.",
    }
    with app.app_context(), writing() as session:
        session.add(Attempt(delivery_id=delivery_id, number=number, **(fields | values)))


def shown(page: str) -> list[str]:
    """Return which of three deliveries a page lists."""
    return [name for name in EVERYTHING if f'title="{name}"' in page]


def path(webhook: Webhook) -> str:
    return f"/integrations/webhooks/{webhook.id}"


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


def test_a_webhook_is_known_by_its_name_among_all(app: Flask, owner: FlaskClient, rick: User, webhook: Webhook) -> None:
    with app.app_context():
        other = factories.create_webhook(rick, "https://example.com/hook")
        with writing() as session:
            session.get_one(Endpoint, webhook.endpoint_id).name = "Booked"
            session.get_one(Endpoint, other.endpoint_id).name = "Cancelled"
    delivery_id = deliver(app, webhook, "Chat A", {"subject": "the-uid"}, state=DeliveryState.DELIVERED)
    page = owner.get("/integrations/deliveries?q=the-uid").text
    choices = page.partition('name="webhook"')[2].partition("</select>")[0]
    arrived = page.partition('class="arrived-list"')[2].partition("</ul>")[0]
    for part in (choices, arrived):
        assert ">Booked<" in part
        assert ">Cancelled<" in part
    assert "not subscribed to these events" in arrived
    for dialog in ("test", f"resend-chosen?delivery={delivery_id}"):
        assert '<span class="strong">Booked</span>' in owner.get(f"{path(webhook)}/{dialog}").text


def test_a_search_without_a_result_says_so_and_leads_back(owner: FlaskClient, webhook: Webhook) -> None:
    page = owner.get(f"{path(webhook)}?q=nothing").text
    assert "No deliveries match" in page
    assert "Clear filters" in page


def test_like_failures_are_grouped_with_what_to_do(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    now = clock.now()
    failed = {"state": DeliveryState.FAILED, "due_at": None, "attempt_count": 1}
    for _ in range(3):
        again = deliver(app, webhook, "Chat A", **failed, last_status=500, finished_at=now)
        attempt(app, again, status=500, error="status")
    attempt(app, deliver(app, webhook, "Chat B", attempt_count=1, tries=1))
    deliver(app, webhook, "Chat C", **failed, last_status=404, finished_at=now - timedelta(days=8))
    deliver(app, webhook, "Chat C")
    page = owner.get(path(webhook)).text
    groups = page.partition('id="like-failures"')[2].partition("</section>")[0]
    assert "500 Internal Server Error" in groups
    assert "3 deliveries, since" in groups
    assert "Host not found" in groups
    assert "1 delivery, since" in groups
    assert "retried automatically" in groups
    assert "404" not in groups
    show = groups.partition('id="show-500-given-up" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert shown(owner.get(show).text) == ["Chat A"]
    show = groups.partition('id="show-dns-waiting" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert shown(owner.get(show).text) == ["Chat B"]
    sent = pages.submit(owner, path(webhook), {"reason": "500"}, to=f"{path(webhook)}/given-up")
    assert sent.status_code == 303
    with app.app_context():
        assert db.session.scalars(select(ResendRun.total)).one() == 3


def test_a_delivered_one_that_is_sent_again_has_not_failed(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    for status in (200, 299, 300):
        again = deliver(app, webhook, "Chat A", attempt_count=1, last_status=status, resent_at=clock.now())
        attempt(app, again, status=status, error=None)
    groups = owner.get(path(webhook)).text.partition('id="like-failures"')[2].partition("</section>")[0]
    assert groups.count('class="like-failures-row"') == 1
    assert 'id="show-300-waiting"' in groups


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "retried automatically"),
        ({"active": False}, "held back while the webhook is off"),
        ({"paused_until": datetime(2100, 1, 1, tzinfo=UTC)}, "retried after the pause"),
    ],
    ids=["on", "off", "paused"],
)
def test_like_failures_say_whether_they_are_retried(
    app: Flask, owner: FlaskClient, webhook: Webhook, changes: dict[str, object], words: str
) -> None:
    attempt(app, deliver(app, webhook, "Chat A", attempt_count=1, tries=1))
    change(app, webhook, **changes)
    groups = owner.get(path(webhook)).text.partition('id="like-failures"')[2].partition("</section>")[0]
    assert words in groups
    assert groups.count("automatically") == (not changes)


def test_a_group_that_waits_is_sent_without_waiting_unless_the_webhook_is_off_or_paused(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    later = clock.now() + timedelta(hours=5)
    waiting = {"attempt_count": 1, "tries": 1, "last_status": 500, "due_at": later, "scheduled_at": later}
    ours = deliver(app, webhook, "Chat A", **waiting)
    other = deliver(app, webhook, "Chat B", **waiting | {"last_status": 404})
    url = f"{path(webhook)}/resend-failing"
    assert 'id="resend-500-waiting"' in owner.get(path(webhook)).text
    for active, paused_until, sentence in (
        (False, None, "The webhook is off."),
        (True, later, "The webhook is paused."),
    ):
        change(app, webhook, active=active, paused_until=paused_until)
        assert sentence in pages.submit(owner, path(webhook), {"reason": "500"}, to=url, follow_redirects=True).text
        assert due(app, ours) == later
    change(app, webhook, active=True, paused_until=None)
    assert "Sending now." in pages.submit(owner, path(webhook), {"reason": "500"}, to=url, follow_redirects=True).text
    assert due(app, ours) <= clock.now()
    assert due(app, other) == later
    said = pages.submit(owner, path(webhook), {"reason": "418"}, to=url, follow_redirects=True).text
    assert "None of these are waiting any longer." in said


@pytest.mark.parametrize("who", ["delivery", "endpoint", "blocked"])
def test_a_group_that_cannot_go_now_is_not_said_to_be_sent(
    app: Flask, owner: FlaskClient, webhook: Webhook, who: str
) -> None:
    later = clock.now() + timedelta(hours=5)
    waiting = {"attempt_count": 1, "tries": 1, "last_status": 429, "due_at": later, "scheduled_at": later}
    if who == "blocked":
        waiting |= {"state": DeliveryState.BLOCKED, "due_at": None, "scheduled_at": None}
    deliver(app, webhook, "Chat A", **waiting, not_before=later if who == "delivery" else None)
    if who == "endpoint":
        change(app, webhook, held_until=later)
    url = f"{path(webhook)}/resend-failing"
    said = pages.submit(owner, path(webhook), {"reason": "429"}, to=url, follow_redirects=True).text
    assert "Nothing was sent: your server asked to wait" in said
    assert "Sending now." not in said


def change(app: Flask, webhook: Webhook, **values: object) -> None:
    with app.app_context(), writing() as session:
        for name, value in values.items():
            setattr(session.get_one(Endpoint, webhook.endpoint_id), name, value)


def due(app: Flask, delivery_id: int) -> datetime:
    with app.app_context():
        due_at = db.session.get_one(Delivery, delivery_id).due_at
        assert due_at
        return due_at


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


def test_the_log_of_all_webhooks_shows_where_a_booking_has_arrived(
    app: Flask, owner: FlaskClient, rick: User, webhook: Webhook
) -> None:
    with app.app_context():
        late = factories.create_webhook(db.session.get_one(User, rick.id), "https://example.com/late")
        late_id = late.id
        factories.create_webhook(db.session.get_one(User, rick.id), "https://example.com/idle")
        event = factories.create_event(db.session.get_one(User, rick.id), subject="the-uid", summary="Chat A")
        for endpoint_id, state in (
            (webhook.endpoint_id, DeliveryState.DELIVERED),
            (late.endpoint_id, DeliveryState.DUE),
        ):
            factories.create_delivery(db.session.get_one(Endpoint, endpoint_id), event, state=state)
    deliver(app, webhook, "Chat B", state=DeliveryState.DELIVERED)
    with app.app_context(), writing() as session:
        session.get_one(Endpoint, webhook.endpoint_id).name = "Slack"
    everything = owner.get("/integrations/deliveries").text
    assert f'<option value="{webhook.id}">Slack</option>' in everything
    assert shown(everything) == ["Chat A", "Chat B"]
    assert "arrived-title" not in everything
    page = owner.get("/integrations/deliveries?q=the-uid").text
    assert page.count('class="log-row"') == 2
    arrived = page.partition('id="arrived-title"')[2].partition("</section>")[0]
    assert "Not yet" in arrived
    assert "Nothing was sent" in arrived
    assert ">Slack</a>" in arrived
    one = owner.get(f"/integrations/deliveries?webhook={late_id}").text
    assert one.count('class="log-row"') == 1
    with app.app_context(), writing() as session:
        for delivery in session.scalars(select(Delivery).join(Event).where(Event.subject == "the-uid")):
            delivery.state = DeliveryState.DELIVERED
    assert ">Yes<" in owner.get("/integrations/deliveries?q=the-uid").text


def test_a_booking_with_many_events_is_found_in_many_webhooks(app: Flask, owner: FlaskClient, rick: User) -> None:
    with app.app_context():
        endpoint_ids = [factories.create_webhook(rick, f"https://example.com/{n}").endpoint_id for n in range(50)]
        events = [factories.create_event(rick, subject="the-uid", summary="Chat A").id for _ in range(120)]
        delivered = {"state": DeliveryState.DELIVERED, "attempt_count": 1, "created_at": clock.now(), "headers": []}
        rows = [
            {"event_id": event, "endpoint_id": endpoint_id, "sequence_key": "the-uid", "content_type": "text/plain"}
            | delivered
            for event in events
            for endpoint_id in endpoint_ids
        ]
        with writing() as session:
            session.execute(insert(Delivery), rows)
    first = owner.get("/integrations/deliveries?q=the-uid")
    assert first.status_code == 200
    assert first.text.count('class="log-row"') == 50
    assert "6,000 found" in first.text


def test_a_delivery_opened_from_all_leads_back_to_the_search(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    deliver(app, webhook, "Chat A", state=DeliveryState.FAILED, due_at=None)
    page = owner.get("/integrations/deliveries?q=chat&state=failed").text
    opened = page.partition('class="log-link"')[2].partition('href="')[2].partition('"')[0].replace("&amp;", "&")
    detail = owner.get(opened).text
    back = detail.partition('delivery-close" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert back.startswith("/integrations/deliveries?")
    assert f'id="{back.partition("#")[2]}"' in page
    assert shown(owner.get(back).text) == ["Chat A"]
    sent = pages.submit(owner, opened, to=f"{opened.partition('?')[0]}/resend")
    assert "from=all" in sent.location
    assert "q=chat" in sent.location


def test_another_accounts_webhook_is_not_searched(
    app: Flask, other: FlaskClient, owner: FlaskClient, webhook: Webhook
) -> None:
    deliver(app, webhook, "Chat A", {"subject": "the-uid"}, state=DeliveryState.DELIVERED)
    for query in ("", "?q=the-uid", "?q=chat", "?state=delivered"):
        page = other.get(f"/integrations/deliveries{query}")
        assert page.status_code == 200
        assert shown(page.text) == []
        assert "example.com/hook" not in page.text
    assert other.get(f"/integrations/deliveries?webhook={webhook.id}").status_code == 404
    assert other.get(f"{path(webhook)}?q=chat").status_code == 404


def test_a_waiting_delivery_among_all_links_to_the_one_before_it_on_its_webhooks_page(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    first = deliver(app, webhook, "Chat A", {"sequence_key": "same"})
    deliver(app, webhook, "Chat B", {"sequence_key": "same"}, state=DeliveryState.BLOCKED, due_at=None)
    link = owner.get("/integrations/deliveries?q=chat").text.partition('class="log-waits')[2].partition("</a>")[0]
    # The page of all webhooks has no place for a delivery: a link that htmx follows would do nothing there.
    assert "hx-get" not in link
    assert f'href="{path(webhook)}/deliveries/{first}?q=chat&amp;from=all"' in link
    assert "hx-get" in owner.get(path(webhook)).text.partition('class="log-waits')[2].partition("</a>")[0]


def test_the_log_of_all_webhooks_calls_them_by_their_names(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    with app.app_context(), writing() as session:
        session.get_one(Endpoint, webhook.endpoint_id).name = "CRM"
        factories.create_webhook(session.get_one(User, webhook.owner_id), "https://example.com/other")
    chosen = owner.get("/integrations/deliveries").text.partition('name="webhook"')[2].partition("</select>")[0]
    assert ">CRM</option>" in chosen
    assert ">https://example.com/other</option>" in chosen
    deliver(app, webhook, "Chat A", {"subject": "the-uid"}, state=DeliveryState.DELIVERED)
    page = owner.get("/integrations/deliveries?q=the-uid").text
    arrived = page.partition('id="arrived-title"')[2].partition("</section>")[0]
    assert ">CRM</a>" in arrived
    assert "Nothing was sent: it is not subscribed to these events, or was off." in arrived
