"""Tests of what is done with one delivery: repeated by a command, sent to another URL; and how it is shown."""

import html
import re
import subprocess
import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from standardwebhooks import Webhook as Verifier

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Team
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Attempt, Delivery, DeliveryState
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.sending.curl import YOUR_SECRET
from tests import factories
from tests.delivery.receivers import Receiver, answer, hang, receiving, say
from tests.web import pages

HTMX = {"HX-Request": "true"}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLLSw"
HUSH = "Bearer hush-hush"
BODY = b'{"triggerEvent":"BOOKING_CREATED","name":"Zo\xc3\xab \'n\' co"}'


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(answer(200, b'{"seen":true}', "Content-Type: application/json")) as receiver:
        yield receiver


def make(app: Flask, owner: User | Team, host: User, url: str = "http://127.0.0.1:9/", **values: object) -> str:
    """Make a webhook with a secret and a secret header, and a delivery of it; the delivery's page."""
    with app.app_context():
        webhook = factories.create_webhook(owner, url, SECRET)
        with writing() as session:
            session.get_one(Endpoint, webhook.endpoint_id).secret_headers = [["Authorization", HUSH]]
        event = factories.create_event(host, payload=BODY, **({"team_id": owner.id} if isinstance(owner, Team) else {}))
        endpoint = db.session.get_one(Endpoint, webhook.endpoint_id)
        fields = {"state": DeliveryState.DELIVERED, "due_at": None, "headers": [["X-Own", "mine"]]} | values
        delivery = factories.create_delivery(endpoint, event, **fields)
        home = f"/teams/{owner.id}/webhooks" if isinstance(owner, Team) else "/integrations/webhooks"
        return f"{home}/{webhook.id}/deliveries/{delivery.id}"


def command(page: str, name: str) -> str:
    """Return the command that a page shows, as a browser copies it."""
    found = re.search(rf'<pre[^>]* id="{name}"[^>]*>(.*?)</pre>', page, re.DOTALL)
    assert found, f"no {name}"
    return html.unescape(found[1])


def run(shell: str) -> None:
    subprocess.run(["bash"], input=shell.encode(), check=True, capture_output=True, timeout=30)


def everything(app: Flask) -> list[object]:
    with app.app_context():
        rows = db.session.execute(select(Delivery.state, Delivery.attempt_count, Delivery.due_at)).all()
        return [*rows, *db.session.scalars(select(Attempt.id)), *db.session.scalars(select(Endpoint.url))]


def test_the_copied_commands_reach_a_receiver_that_verifies(
    app: Flask, owner: FlaskClient, rick: User, receiver: Receiver
) -> None:
    page = owner.get(f"{make(app, rick, rick, receiver.url)}/curl").text
    run(command(page, "curl-signed"))
    run(command(page, "curl-script").replace(YOUR_SECRET, SECRET))
    for each in receiver.received:
        assert each.body == BODY
        Verifier(SECRET).verify(each.body, each.headers)
        assert (each.headers["x-own"], each.headers["authorization"]) == ("mine", "YOUR_AUTHORIZATION")
    assert len(receiver.received) == 2


def test_no_secret_is_in_the_commands(app: Flask, owner: FlaskClient, rick: User) -> None:
    page = owner.get(f"{make(app, rick, rick)}/curl", headers=HTMX).text
    assert "Replace" in page
    assert HUSH not in page
    assert SECRET not in page


def test_headings_follow_each_other_on_the_page_and_in_the_dialog(app: Flask, owner: FlaskClient, rick: User) -> None:
    path = f"{make(app, rick, rick)}/curl"
    for page, levels in ((owner.get(path), ["1", "2"]), (owner.get(path, headers=HTMX), ["2", "3"])):
        assert re.findall("<h([1-6])", page.text) == levels


def test_members_of_a_team_get_the_script_without_a_signature(
    app: Flask, team: Team, alice: User, bob: User, browser_of: Callable[[User], FlaskClient]
) -> None:
    path = f"{make(app, team, alice)}/curl"
    assert 'id="curl-signed"' in browser_of(alice).get(path).text
    shown = browser_of(bob).get(path).text
    assert 'id="curl-signed"' not in shown
    assert "v1,$standard" in command(shown, "curl-script")
    assert not re.search(r"v1,[A-Za-z0-9+/]{20}", shown)


def test_a_delivery_without_a_body_says_why_there_is_nothing_to_send(
    app: Flask, owner: FlaskClient, rick: User
) -> None:
    path = make(app, rick, rick, state=DeliveryState.FAILED, body=None, error="The template gave no body.")
    assert "The template gave no body." in owner.get(f"{path}/curl").text
    assert "Copy as cURL" not in owner.get(path).text
    refused = pages.submit(owner, f"{path}/elsewhere", {"url": "http://127.0.0.1:9/"})
    assert (refused.status_code, "There is nothing to send." in refused.text) == (422, True)


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["browser", "htmx"])
def test_a_delivery_goes_to_another_url_once_and_the_answer_is_shown(
    app: Flask, owner: FlaskClient, rick: User, receiver: Receiver, headers: dict[str, str]
) -> None:
    path = make(app, rick, rick)
    before = everything(app)
    shown = pages.submit(owner, f"{path}/elsewhere", {"url": f" {receiver.url} "}, headers=headers)
    assert shown.status_code == 200
    for expected in ("200 OK", "seen", "Content-Type", "webhook-signature", receiver.url):
        assert expected in shown.text
    [arrived] = receiver.received
    assert arrived.body == BODY
    Verifier(SECRET).verify(arrived.body, arrived.headers)
    assert arrived.headers["x-own"] == "mine"
    assert "authorization" not in arrived.headers
    assert everything(app) == before


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "Enter a URL"),
        ("ftp://example.com", "must start with https:// or http://"),
        ("http://10.0.0.7/", "10.0.0.7"),
        ("http://169.254.169.254/latest", "169.254.169.254"),
        ("http://[::ffff:10.0.0.1]/", "10.0.0.1"),
        ("http://user:pass@example.com/", "must not contain a user name"),
        ("http://" + "a" * 5000, "too long"),
    ],
)
def test_a_url_that_cannot_be_used_is_said_at_the_field(
    app: Flask, owner: FlaskClient, rick: User, url: str, sentence: str
) -> None:
    refused = pages.submit(owner, f"{make(app, rick, rick)}/elsewhere", {"url": url})
    assert (refused.status_code, sentence in refused.text) == (422, True)
    assert 'aria-invalid="true"' in refused.text


def test_a_receiver_that_answers_garbage_is_shown_as_no_answer(app: Flask, owner: FlaskClient, rick: User) -> None:
    with receiving(say(b"\x00\xff not http\r\n\r\n<script>")) as receiver:
        shown = pages.submit(owner, f"{make(app, rick, rick)}/elsewhere", {"url": receiver.url})
    assert (shown.status_code, "No answer" in shown.text) == (200, True)
    assert "<script>" not in shown.text


def test_a_second_one_is_told_to_wait_while_a_receiver_is_slow(app: Flask, owner: FlaskClient, rick: User) -> None:
    path = f"{make(app, rick, rick)}/elsewhere"
    other = app.test_client()
    pages.sign_in(other, rick)
    with receiving(hang) as slow, receiving() as quick:
        first = threading.Thread(target=pages.submit, args=(other, path, {"url": slow.url}))
        first.start()
        slow.wait_for(1)
        told = pages.submit(owner, path, {"url": quick.url})
        assert (told.status_code, "still under way" in told.text) == (429, True)
        assert quick.url in told.text
        slow.hang_up()
        first.join()
        assert pages.submit(owner, path, {"url": quick.url}).status_code == 200


def test_the_headers_that_all_attempts_share_are_shown_once(app: Flask, owner: FlaskClient, rick: User) -> None:
    path = make(app, rick, rick, attempt_count=3)
    with app.app_context(), writing() as session:
        for number in (1, 2, 3):
            session.add(
                Attempt(
                    delivery_id=int(path.rpartition("/")[2]),
                    number=number,
                    started_at=clock.now(),
                    duration_ms=87,
                    url="http://127.0.0.1:9/" if number > 1 else "http://127.0.0.1:9/before",
                    request_headers=[["X-Shared", "yes"], ["X-Calhooks-Attempt", str(number)]],
                    status=200,
                    response_headers=[["Server", "nginx"]],
                    response_body=b"",
                )
            )
    page = owner.get(path).text
    assert (page.count("X-Shared"), page.count("X-Calhooks-Attempt"), page.count("nginx")) == (1, 3, 3)
    assert page.count("http://127.0.0.1:9/before") == 1


def test_a_form_body_is_shown_as_fields_and_raw(app: Flask, owner: FlaskClient, rick: User) -> None:
    body = b"payload=%7B%22text%22%3A%22Hi%22%7D&note=a+b%0Ac&x=%3Cb%3E"
    form = {"content_type": "application/x-www-form-urlencoded", "body": body}
    page = owner.get(make(app, rick, rick, **form)).text
    assert '<span class="json-key">&#34;text&#34;</span>' in page
    assert "<dt>note</dt><dd>a b\nc</dd>" in page
    assert "<dt>x</dt><dd>&lt;b&gt;</dd>" in page
    assert "payload=%7B%22text%22%3A%22Hi%22%7D&amp;note=a+b%0Ac" in page


def test_a_waiting_delivery_links_to_what_it_waits_for(app: Flask, owner: FlaskClient, rick: User) -> None:
    path = make(app, rick, rick, state=DeliveryState.DUE, due_at=clock.now(), sequence_key="booking", tries=2)
    log = path.partition("/deliveries/")[0]
    with app.app_context():
        endpoint = db.session.scalars(select(Endpoint)).one()
        for trigger in ("BOOKING_RESCHEDULED", "BOOKING_CANCELLED"):
            event = factories.create_event(rick, trigger=trigger)
            values = {"state": DeliveryState.BLOCKED, "due_at": None, "sequence_key": "booking"}
            last = factories.create_delivery(endpoint, event, **values)
    page = owner.get(log).text
    assert page.count('class="log-waits') == 2
    waits = page.partition('class="log-waits')[2].partition("</p>")[0]
    assert f'href="{path}"' in waits
    assert "Retrying" in waits
    assert f'href="{path}"' in owner.get(f"{log}/deliveries/{last.id}").text


def test_other_accounts_and_who_is_not_signed_in_find_nothing(
    app: Flask, client: FlaskClient, other: FlaskClient, rick: User
) -> None:
    path = make(app, rick, rick)
    for each in ("curl", "elsewhere"):
        assert other.get(f"{path}/{each}").status_code == 404
        assert client.get(f"{path}/{each}").status_code == 302
