"""A team's webhooks: the pages of a person's below /teams/<id>, for owners and admins to change, for members to see."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select
from werkzeug.test import TestResponse

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.accounts.owners import owner_of
from calhooks.accounts.teams.models import Membership, Team
from calhooks.db import db, writing
from calhooks.delivery import endpoints
from calhooks.delivery.models.deliveries import Attempt, Delivery, DeliveryState
from calhooks.delivery.models.endpoints import Endpoint, InactiveReason, Notice, NoticeKind
from calhooks.delivery.models.runs import ResendRun
from calhooks.delivery.notices import News, notify_owner
from calhooks.mail.models import Mail
from calhooks.webhooks import runs
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.settings.subscriptions import list_webhooks
from tests import factories
from tests.delivery.receivers import receiving
from tests.web import pages
from tests.web.markup import elements

HTMX = {"HX-Request": "true"}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HUSH = "Bearer hush-hush"
GONE = "Switched off: its server answered 410 Gone"
BrowserOf = Callable[[User], FlaskClient]


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """Mail is set up, since owners are also told by mail."""
    return environ | {"MAIL_URL": "smtp://127.0.0.1:9"}


@dataclass(frozen=True)
class Hook:
    """A team's webhook with one delivery that was given up, a run, and a notice."""

    team: int
    webhook: int
    delivery: int
    run: int
    notice: int

    @property
    def home(self) -> str:
        """The team's Webhooks page."""
        return f"/teams/{self.team}/webhooks"

    @property
    def page(self) -> str:
        """The page of this webhook."""
        return f"{self.home}/{self.webhook}"

    @property
    def one(self) -> str:
        """The page of its delivery."""
        return f"{self.page}/deliveries/{self.delivery}"

    @property
    def seen(self) -> list[str]:
        """Pages that every member may see."""
        return [self.home, self.page, self.one, f"{self.one}/curl", f"{self.page}/given-up"]

    @property
    def asking(self) -> list[str]:
        """Pages that ask what to change."""
        changes = ("edit", "delete", "active", "resend-failed", "replay", "test")
        asking = [f"{self.one}/{each}" for each in ("resend", "elsewhere")]
        return [f"{self.home}/new", *(f"{self.page}/{each}" for each in changes), *asking]

    @property
    def changing(self) -> list[str]:
        """What can be sent."""
        more = ["given-up", "end-old-secret", "end-old-key-pair", "resend-chosen", "resend-failing"]
        more.append(f"runs/{self.run}/stop")
        return [
            *self.asking,
            *(f"{self.page}/{each}" for each in more),
            *(f"{self.home}/{each}" for each in ("ping", "preview")),
            f"/teams/{self.team}/notices/{self.notice}/dismiss",
        ]


@pytest.fixture
def hook(app: Flask, team: Team, alice: User) -> Hook:
    with app.app_context():
        webhook = factories.create_webhook(team, "https://example.com/team-hook", SECRET)
        event = factories.create_event(alice, team_id=team.id, summary="Talk to sales with Ann Lee")
        values = {"state": DeliveryState.FAILED, "due_at": None, "attempt_count": 1, "finished_at": clock.now()}
        delivery = factories.create_delivery(webhook.endpoint, event, **values)
        with writing() as session:
            session.get_one(Endpoint, webhook.endpoint_id).secret_headers = [["Authorization", HUSH]]
            notice = Notice(
                **owner_of(team).columns,
                endpoint_id=webhook.endpoint_id,
                kind=NoticeKind.FAILING,
                detail="It answered 500.",
                created_at=clock.now(),
            )
            session.add_all([notice, _attempt(delivery)])
            session.flush()
            numbers = (webhook.id, delivery.id, notice.id)
        with writing() as session:
            run = runs.start_failed(session, session.get_one(Webhook, numbers[0]))
            return Hook(team.id, numbers[0], numbers[1], run.id, numbers[2])


def _attempt(delivery: Delivery) -> Attempt:
    return Attempt(
        delivery_id=delivery.id,
        number=1,
        started_at=clock.now(),
        duration_ms=87,
        url="https://example.com/team-hook",
        request_headers=[["X-Calhooks-Attempt", "1"]],
        status=500,
        response_headers=[],
        response_body=b"",
        error="status",
        error_detail="It answered 500.",
    )


def main_part(html: str) -> str:
    """Return a page's own part, without the navigation that all pages have."""
    found = re.search(r"<main.*</main>", html, re.DOTALL)
    return found[0] if found else html


def test_every_page_leads_to_the_team_s_pages_alone(hook: Hook, alice: User, browser_of: BrowserOf) -> None:
    browser = browser_of(alice)
    for path in (*hook.seen, *hook.asking):
        for headers in ({}, HTMX):
            page = browser.get(path, headers=headers)
            assert page.status_code == 200, path
            assert "/integrations" not in main_part(page.text), path
            assert SECRET not in page.text
            assert HUSH not in page.text


def test_a_person_s_pages_lead_to_no_team(hook: Hook, alice: User, app: Flask, browser_of: BrowserOf) -> None:
    with app.app_context():
        own = factories.create_webhook(alice, "https://example.com/own")
    browser = browser_of(alice)
    for path in ("/integrations", f"/integrations/webhooks/{own.id}", f"/integrations/webhooks/{own.id}/edit"):
        page = browser.get(path)
        assert f"/teams/{hook.team}" not in main_part(page.text), path
        assert "team-hook" not in page.text
    assert browser.get(f"/integrations/webhooks/{hook.webhook}").status_code == 404
    assert browser.get(f"{hook.home}/{own.id}").status_code == 404
    assert browser.get(f"/integrations/notices/{hook.notice}").status_code == 404


def test_a_member_sees_the_list_and_the_log_and_is_offered_no_change(
    hook: Hook, bob: User, browser_of: BrowserOf
) -> None:
    browser = browser_of(bob)
    for path in hook.seen:
        page = browser.get(path)
        assert page.status_code == 200, path
        assert SECRET not in page.text
        assert HUSH not in page.text
        part = main_part(page.text)
        posting = [each for each in elements(page) if each.tag == "form" and each.get("method") == "post"]
        sent_to = [each.get("action") or each.get("formaction") for each in posting]
        assert [each for each in sent_to if each and each.startswith("/teams")] == [], path
        links = set(re.findall(r'(?:href|hx-get)="([^"]+)"', part))
        assert not links & set(hook.asking), path
    assert "Talk to sales with Ann Lee" in browser.get(hook.one).text


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["browser", "htmx"])
def test_a_member_may_change_nothing_and_is_told_why(
    hook: Hook, bob: User, browser_of: BrowserOf, app: Flask, headers: dict[str, str]
) -> None:
    browser = browser_of(bob)
    token = pages.csrf_token(browser, "/settings/password")
    answers = [browser.get(path, headers=headers) for path in hook.asking]
    answers += [browser.post(path, data={"csrf_token": token}, headers=headers) for path in hook.changing]
    assert {answer.status_code for answer in answers} == {403}
    assert all("owners and admins" in answer.text for answer in answers)
    with app.app_context():
        assert [webhook.endpoint.active for webhook in db.session.scalars(select(Webhook))] == [True]


def test_a_stranger_finds_no_page(hook: Hook, dave: User, browser_of: BrowserOf) -> None:
    browser = browser_of(dave)
    token = pages.csrf_token(browser, "/settings/password")
    answers = [browser.get(path) for path in (*hook.seen, *hook.asking)]
    answers += [browser.post(path, data={"csrf_token": token}) for path in hook.changing]
    assert {answer.status_code for answer in answers} == {404}


def test_nothing_is_changed_without_the_token_of_a_form(hook: Hook, alice: User, browser_of: BrowserOf) -> None:
    browser = browser_of(alice)
    assert {browser.post(path).status_code for path in hook.changing} == {400}


def test_an_owner_makes_changes_switches_and_deletes_a_webhook(
    team: Team, alice: User, app: Flask, browser_of: BrowserOf
) -> None:
    browser, home = browser_of(alice), f"/teams/{team.id}/webhooks"
    typed = {"subscriberUrl": "https://example.com/new", "secret": SECRET}
    made = pages.submit(browser, f"{home}/new", typed, follow_redirects=True)
    assert (made.request.path, "Webhook created." in made.text) == (home, True)
    with app.app_context():
        (webhook,) = list_webhooks(db.session(), owner_of(team))
        assert (webhook.team_id, webhook.owner_id, webhook.endpoint.team_id) == (team.id, None, team.id)
    edit = f"{home}/{webhook.id}/edit"
    rotated = pages.submit(browser, edit, {"secret": "another secret", "secretOverlap": "24"}, follow_redirects=True)
    assert rotated.request.path == home
    page = f"{home}/{webhook.id}"
    ended = pages.submit(browser, page, to=f"{page}/end-old-secret", follow_redirects=True)
    assert "no longer signs" in ended.text
    off = pages.submit(browser, home, to=f"{page}/active", follow_redirects=True)
    assert (off.request.path, "Webhook off." in off.text) == (home, True)
    assert "Switched off by an owner or admin" in browser.get(page).text
    deleted = pages.submit(browser, f"{page}/delete", follow_redirects=True)
    assert (deleted.request.path, "Webhook deleted." in deleted.text) == (home, True)


def test_what_was_given_up_is_sent_again_from_the_team_s_page(
    hook: Hook, alice: User, app: Flask, browser_of: BrowserOf
) -> None:
    browser = browser_of(alice)
    stopped = pages.submit(browser, hook.page, to=f"{hook.page}/runs/{hook.run}/stop", follow_redirects=True)
    assert stopped.request.path == hook.page
    begun = pages.submit(browser, f"{hook.page}/given-up", follow_redirects=True)
    assert (begun.request.path, "Started." in begun.text) == (hook.page, True)
    with app.app_context():
        assert len(db.session.scalars(select(ResendRun)).all()) == 2


def test_one_delivery_is_resent_from_the_team_s_page(hook: Hook, alice: User, browser_of: BrowserOf) -> None:
    sent = pages.submit(browser_of(alice), hook.one, to=f"{hook.one}/resend", follow_redirects=True)
    assert (sent.request.path, "Resent." in sent.text) == (hook.one, True)


def test_an_event_before_the_webhook_existed_is_replayed_from_the_team_s_page(
    hook: Hook, alice: User, app: Flask, browser_of: BrowserOf
) -> None:
    with app.app_context():
        missed = factories.create_event(alice, team_id=hook.team, summary="A call with Bea").id
        factories.create_event(alice, summary="A private call")
        with writing() as session:
            runs.stop(session, session.get_one(ResendRun, hook.run))
    browser = browser_of(alice)
    box = browser.get(f"{hook.page}/replay").text
    assert ("A call with Bea" in box, "A private call" in box) == (True, False)
    typed = {"what": "event", "event": str(missed)}
    begun = pages.submit(browser, f"{hook.page}/replay", typed, follow_redirects=True)
    assert (begun.request.path, "Started." in begun.text) == (hook.page, True)


def test_a_notice_is_the_team_s_and_its_mails_lead_to_the_team_s_page(
    hook: Hook, team: Team, alice: User, bob: User, carol: User, app: Flask, browser_of: BrowserOf
) -> None:
    with app.app_context(), writing() as session:
        endpoint = session.get_one(Webhook, hook.webhook).endpoint
        endpoints.switch_endpoint_off(endpoint, InactiveReason.GONE)
        notify_owner(session.connection(), [News(endpoint.id, NoticeKind.GONE, "It answered 410.")], clock.now())
    with app.app_context():
        notice = db.session.scalars(select(Notice).order_by(Notice.id.desc())).first()
        assert notice is not None
        address = f"/teams/{team.id}/notices/{notice.id}"
        (mail,) = db.session.scalars(select(Mail)).all()
        assert (mail.recipient, mail.subject) == (alice.email, "The team’s webhook to example.com was switched off")
        assert "Team: Sales" in mail.text
        assert f"http://localhost{address}" in str(mail.text)
    for reader, may_dismiss in ((alice, True), (bob, False)):
        browser = browser_of(reader)
        page = browser.get(hook.home).text
        assert GONE in page
        assert (f"{address}/dismiss" in page) is may_dismiss
        assert browser.get(address).location == hook.page
        assert GONE not in browser.get("/integrations").text
    pages.submit(browser_of(alice), hook.home, to=f"{address}/dismiss")
    assert GONE not in browser_of(carol).get(hook.home).text


def test_an_empty_page_teaches_owners_and_members(team: Team, alice: User, bob: User, browser_of: BrowserOf) -> None:
    path = f"/teams/{team.id}/webhooks"
    of_owner, of_member = browser_of(alice).get(path), browser_of(bob).get(path)
    for page in (of_owner, of_member):
        assert "every booking of the team, whoever hosts it" in page.text
    assert 'data-testid="new_webhook"' in of_owner.text
    assert 'data-testid="new_webhook"' not in of_member.text
    assert "The team’s owners and admins can add one." in of_member.text


def test_a_ping_of_the_team_s_carries_a_team_s_booking(team: Team, alice: User, browser_of: BrowserOf) -> None:
    home = f"/teams/{team.id}/webhooks"
    with receiving() as receiver:
        shown = _press(browser_of(alice), f"{home}/new", "ping", {"subscriberUrl": receiver.url})
        assert shown.status_code == 200
        payload = receiver.received[0].json["payload"]
    assert (payload["team"]["members"], payload["schedulingType"]) == (["Rick", "Beth"], "COLLECTIVE")


def test_the_preview_of_a_team_s_webhook_shows_a_team_s_booking(team: Team, alice: User, browser_of: BrowserOf) -> None:
    home = f"/teams/{team.id}/webhooks"
    typed = {"payloadFormat": "custom", "payloadTemplate": '{"t": "{{team.name}}", "w": {{team.members}}}'}
    browser = browser_of(alice)
    for sample, members in (("", ["Rick", "Beth"]), ("round_robin", ["Rick"])):
        page = _press(browser, f"{home}/new", "preview", typed | {"previewBooking": sample})
        (shown,) = [each for each in elements(page) if each.get("data-testid") == "preview-body"]
        assert json.loads("".join(shown.parts)) == {"t": "Sales", "w": members}
        assert "Only team bookings" not in page.text


def _press(browser: FlaskClient, box: str, button: str, typed: dict[str, str]) -> TestResponse:
    """Fill in the box and press a button of it that saves nothing."""
    fields = pages.post_form(browser.get(box)).fields
    for name, value in typed.items():
        fields[name] = value
    return browser.post(f"{box.removesuffix('new')}{button}", data=fields, headers=HTMX)


def test_the_event_types_to_choose_are_the_team_s(
    team: Team, alice: User, bob: User, app: Flask, browser_of: BrowserOf
) -> None:
    with app.app_context():
        chosen = factories.create_team_event_type(team, [bob], title="Talk to sales").id
        factories.create_event_type(alice, title="My own call")
    home, browser = f"/teams/{team.id}/webhooks", browser_of(alice)
    box = browser.get(f"{home}/new").text
    assert ("Talk to sales" in box, "My own call" in box) == (True, False)
    assert 'value="own"' not in box
    typed = {"subscriberUrl": "https://example.com/h", "scope": "chosen", "eventTypes": str(chosen)}
    assert "1 event type" in pages.submit(browser, f"{home}/new", typed, follow_redirects=True).text
    refused = pages.submit(browser, f"{home}/new", typed | {"scope": "own", "subscriberUrl": "https://example.com/i"})
    assert (refused.status_code, "Choose all of the team’s event types" in refused.text) == (422, True)


def test_a_person_in_a_team_chooses_among_everything_their_own_and_what_they_host(
    team: Team, alice: User, bob: User, app: Flask, browser_of: BrowserOf
) -> None:
    with app.app_context():
        hosted = factories.create_team_event_type(team, [bob], title="Talk to sales").id
        factories.create_team_event_type(team, [alice], slug="other", title="Talk to Alice")
        factories.create_event_type(bob, title="My own call")
    browser = browser_of(bob)
    box = browser.get("/integrations/webhooks/new").text
    for text in ("Everything", "My own only", "Selected only", "Talk to sales", "My own call", ">Sales<"):
        assert text in box, text
    assert "Talk to Alice" not in box
    typed = {"subscriberUrl": "https://example.com/h", "scope": "chosen", "eventTypes": str(hosted)}
    made = pages.submit(browser, "/integrations/webhooks/new", typed, follow_redirects=True)
    assert "1 event type" in made.text
    with app.app_context():
        (webhook,) = list_webhooks(db.session(), owner_of(bob))
        assert (webhook.scope, webhook.event_type_ids) == ("chosen", [hosted])


def test_chosen_event_types_of_a_team_no_longer_count_for_who_has_left(
    team: Team, bob: User, app: Flask, browser_of: BrowserOf
) -> None:
    with app.app_context():
        hosted = factories.create_team_event_type(team, [bob], title="Talk to sales").id
        webhook = factories.create_webhook(bob, scope="chosen", event_type_ids=[hosted]).id
        with writing() as session:
            session.execute(delete(Membership).where(Membership.user_id == bob.id))
    browser = browser_of(bob)
    assert "No event type" in browser.get("/integrations").text
    box = browser.get(f"/integrations/webhooks/{webhook}/edit").text
    assert "Talk to sales" not in box
    assert "Choose at least one event type." in pages.submit(browser, f"/integrations/webhooks/{webhook}/edit").text


def test_who_is_in_no_team_is_not_asked_about_teams(dave: User, browser_of: BrowserOf) -> None:
    box = browser_of(dave).get("/integrations/webhooks/new").text
    assert "All event types" in box
    assert 'value="own"' not in box
    assert "Sample team booking" not in box
    assert "Only team bookings have these; in a personal one they are empty." in box
