"""Tests of choosing deliveries in the log and sending them again."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Team
from calhooks.db import db, writing
from calhooks.delivery.choosing import MAX_CHOSEN
from calhooks.delivery.models.deliveries import DeliveryState
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.models.runs import ResendRun
from calhooks.webhooks import runs
from calhooks.webhooks.models import Webhook
from tests import factories
from tests.web import pages

HTMX = {"HX-Request": "true"}


def make(app: Flask, webhook: Webhook, state: DeliveryState = DeliveryState.FAILED, booking: str = "") -> int:
    with app.app_context():
        host = db.session.get_one(User, webhook.owner_id)
        event = factories.create_event(host, **({"sequence_key": booking} if booking else {}))
        endpoint = db.session.get_one(Endpoint, webhook.endpoint_id)
        return factories.create_delivery(endpoint, event, state=state, due_at=None).id


def asked(webhook: Webhook, *ids: int) -> str:
    return f"/integrations/webhooks/{webhook.id}/resend-chosen?" + "&".join(f"delivery={number}" for number in ids)


def kept(app: Flask) -> list[ResendRun]:
    with app.app_context():
        return list(db.session.scalars(select(ResendRun)))


def send(client: FlaskClient, path: str, typed: dict[str, str] | None = None, **options: object):  # type: ignore[no-untyped-def]
    return pages.submit(client, path, typed, to=path.partition("?")[0], **options)


def test_the_log_has_a_box_for_each_delivery_that_is_over(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    over = [make(app, webhook, state) for state in (DeliveryState.FAILED, DeliveryState.DELIVERED)]
    make(app, webhook, DeliveryState.BLOCKED)
    page = owner.get(f"/integrations/webhooks/{webhook.id}").text
    assert re.findall(r'form="choose-deliveries" name="delivery" value="(\d+)"', page) == [str(n) for n in over[::-1]]
    assert f'id="choose-deliveries" method="get" action="/integrations/webhooks/{webhook.id}/resend-chosen"' in page


def test_the_chosen_ones_are_sent_in_one_run_that_shows_its_progress(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    ids = [make(app, webhook) for _ in range(4)]
    assert "Resend 3 deliveries?" in owner.get(asked(webhook, *ids[:3])).text
    done = send(owner, asked(webhook, *ids[:3]), follow_redirects=True)
    assert done.request.path == f"/integrations/webhooks/{webhook.id}"
    assert "Resending 3 chosen deliveries" in done.text
    assert "0 of 3 delivered, 3 to come." in done.text
    [run] = kept(app)
    assert (run.kind, run.chosen) == ("chosen", ids[:3])


def test_one_chosen_delivery_is_asked_about_as_one(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    page = owner.get(asked(webhook, make(app, webhook))).text
    assert "Resend 1 delivery?" in page
    assert "It is sent with the same webhook-id." in page
    assert "They go out" not in page


def test_to_htmx_the_dialog_closes_over_the_progress(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    number = make(app, webhook)
    done = send(owner, asked(webhook, number), headers=HTMX)
    assert "closeModal" in done.headers["HX-Trigger"]
    assert "Resending 1 chosen delivery" in done.text


def test_what_is_still_open_is_said_and_left_out(app: Flask, owner: FlaskClient, webhook: Webhook) -> None:
    failed, blocked = make(app, webhook), make(app, webhook, DeliveryState.BLOCKED)
    shown = owner.get(asked(webhook, failed, blocked)).text
    assert "Resend 1 delivery?" in shown
    assert "1 of them is still being delivered and left out." in shown
    nothing = owner.get(asked(webhook, blocked)).text
    assert "These are still being delivered." in nothing
    assert "Resend</button>" not in nothing


def test_older_ones_of_a_booking_are_left_out_where_that_is_wanted(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    older, alone = make(app, webhook, booking="a"), make(app, webhook)
    make(app, webhook, DeliveryState.DELIVERED, "a")
    assert "Leave out 1 older delivery" in owner.get(asked(webhook, older, alone)).text
    send(owner, asked(webhook, older, alone), {"leaveOutOvertaken": "y"})
    assert [run.chosen for run in kept(app)] == [[alone]]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("", "Tick the deliveries"),
        ("delivery=x&delivery=&delivery=-1", "Tick the deliveries"),
        ("&".join(f"delivery={number}" for number in range(1, MAX_CHOSEN + 2)), "At most 500"),
    ],
)
def test_a_choice_that_cannot_be_used_is_refused(
    app: Flask, owner: FlaskClient, webhook: Webhook, query: str, sentence: str
) -> None:
    path = f"/integrations/webhooks/{webhook.id}/resend-chosen"
    shown = owner.get(f"{path}?{query}")
    assert (shown.status_code, sentence in shown.text) == (422, True)
    token = pages.csrf_token(owner, f"/integrations/webhooks/{webhook.id}/edit")
    sent = owner.post(f"{path}?{query}", data={"csrf_token": token})
    assert (sent.status_code, sentence in sent.text) == (422, True)
    assert kept(app) == []


def test_a_run_at_work_is_said_in_the_dialog_and_the_choice_stays(
    app: Flask, owner: FlaskClient, webhook: Webhook
) -> None:
    number = make(app, webhook)
    with app.app_context(), writing() as session:
        runs.start_failed(session, session.get_one(Webhook, webhook.id))
    refused = send(owner, asked(webhook, number))
    assert (refused.status_code, "Deliveries are being sent already." in refused.text) == (422, True)
    assert f'name="delivery" value="{number}"' in refused.text


def test_deliveries_of_others_are_not_found_among_the_chosen(
    app: Flask, owner: FlaskClient, ann: User, webhook: Webhook
) -> None:
    with app.app_context():
        foreign = make(app, factories.create_webhook(ann))
    own = make(app, webhook)
    assert owner.get(asked(webhook, foreign)).status_code == 404
    assert "Resend 1 delivery?" in owner.get(asked(webhook, foreign, own)).text


def test_members_of_a_team_have_no_boxes(app: Flask, team: Team, alice: User, bob: User, browser_of) -> None:  # type: ignore[no-untyped-def]
    with app.app_context():
        webhook = factories.create_webhook(team)
        event = factories.create_event(alice, team_id=team.id)
        endpoint = db.session.get_one(Endpoint, webhook.endpoint_id)
        factories.create_delivery(endpoint, event, state=DeliveryState.FAILED, due_at=None)
        page = f"/teams/{team.id}/webhooks/{webhook.id}"
    assert 'form="choose-deliveries"' in browser_of(alice).get(page).text
    assert "choose-deliveries" not in browser_of(bob).get(page).text
