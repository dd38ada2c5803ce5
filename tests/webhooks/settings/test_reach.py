"""Which webhooks of one owner may have the same address: those of which no event goes to two."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.accounts.owners import owner_of
from calhooks.accounts.teams.models import Team
from calhooks.db import db, writing
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.settings import subscriptions
from calhooks.webhooks.settings.subscriptions import InvalidWebhook
from calhooks.webhooks.settings.validation import WebhookValues
from tests.scheduling.at_once import at_once

URL = "https://example.com/hook"
SAME_URL = "You already have a webhook for this URL that gets Booking created. Choose other events or event types."
CREATED, CANCELLED = ["BOOKING_CREATED"], ["BOOKING_CANCELLED"]
ALL, OWN = {"scope": "all"}, {"scope": "own"}
# Of the account's event types, 1 and 2 are its own; 7 and 8 are those of a team.
OWN_IDS = (1, 2)

pytestmark = pytest.mark.usefixtures("session")


def chosen(*ids: int) -> dict[str, Any]:
    return {"scope": "chosen", "event_type_ids": ids}


def make(holder: User | Team, **typed: Any) -> Webhook:
    fields = {"triggers": CREATED, "own_event_type_ids": OWN_IDS} | typed
    checked = subscriptions.check_webhook(db.session(), owner_of(holder), WebhookValues(subscriber_url=URL, **fields))
    with writing() as session:
        return subscriptions.create(session, owner_of(holder), checked)


@pytest.mark.parametrize(
    ("one", "two", "both_are_told"),
    [
        (ALL, ALL, True),
        (ALL, OWN, True),
        (ALL, chosen(7), True),
        (OWN, OWN, True),
        (OWN, chosen(1, 7), True),
        (OWN, chosen(7, 8), False),
        (chosen(1, 7), chosen(7), True),
        (chosen(1), chosen(2, 7), False),
        (ALL | {"triggers": CANCELLED}, ALL, False),
        (ALL | {"triggers": CREATED + CANCELLED}, ALL, True),
        ({}, ALL, True),
        ({}, OWN, True),
    ],
)
def test_one_address_belongs_to_several_webhooks_only_where_no_event_goes_to_two(
    rick: User, one: dict[str, Any], two: dict[str, Any], both_are_told: bool
) -> None:
    for first, second in ((one, two), (two, one)):
        webhook = make(rick, **first)
        if both_are_told:
            with pytest.raises(InvalidWebhook) as refused:
                make(rick, **second)
            assert refused.value.errors == {"subscriberUrl": SAME_URL}
        else:
            with writing() as session:
                subscriptions.delete(session, session.merge(make(rick, **second)))
        with writing() as session:
            subscriptions.delete(session, session.merge(webhook))


def test_a_form_that_says_nothing_of_the_scope_keeps_the_stored_one(rick: User) -> None:
    webhook = make(rick, **chosen(7))
    make(rick, **OWN)
    typed = WebhookValues(subscriber_url=URL, triggers=CREATED, own_event_type_ids=OWN_IDS)
    checked = subscriptions.check_webhook(db.session(), owner_of(rick), typed, webhook)
    with writing() as session:
        subscriptions.update(session, webhook, checked)
    assert (webhook.scope, webhook.event_type_ids) == ("chosen", [7])


def test_a_team_and_its_members_may_have_the_same_address(team: Team, bob: User) -> None:
    make(team)
    make(bob)
    with pytest.raises(InvalidWebhook) as refused:
        make(team)
    assert refused.value.errors["subscriberUrl"].startswith("The team already has a webhook for this URL that gets")


def test_a_team_s_webhook_has_no_event_types_of_its_person(team: Team) -> None:
    with pytest.raises(InvalidWebhook) as refused:
        make(team, **OWN)
    assert refused.value.errors == {"eventTypes": subscriptions.NOT_FOR_TEAMS}


def test_a_team_has_as_many_webhooks_as_an_account(team: Team, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriptions, "MAX_WEBHOOKS", 1)
    make(bob)
    make(team)
    for holder in (bob, team):
        with pytest.raises(InvalidWebhook) as refused:
            make(holder, triggers=CANCELLED)
        assert refused.value.errors == {"subscriberUrl": subscriptions.TOO_MANY_WEBHOOKS}


def test_the_refusal_names_the_other_webhooks_and_what_all_would_get(rick: User) -> None:
    make(rick, name="Booked", triggers=CREATED)
    make(rick, name="Cancelled", triggers=CANCELLED)
    make(rick, triggers=["BOOKING_REJECTED"])
    for triggers, sentence in (
        (CREATED, "You already have a webhook for this URL, “Booked”, that gets Booking created."),
        (
            [*CANCELLED, *CREATED, "MEETING_ENDED"],
            "You already have 2 webhooks for this URL, “Booked” and “Cancelled”, that get Booking created and"
            " Booking cancelled.",
        ),
        (["BOOKING_REJECTED"], "You already have a webhook for this URL that gets Booking rejected."),
    ):
        with pytest.raises(InvalidWebhook) as refused:
            make(rick, triggers=triggers)
        assert refused.value.errors == {"subscriberUrl": f"{sentence} Choose other events or event types."}


def test_of_two_who_save_one_url_for_the_same_event_at_once_one_is_refused(app: Flask, rick: User) -> None:
    whose = owner_of(rick)
    typed = WebhookValues(subscriber_url=URL, triggers=CREATED)
    checked = subscriptions.check_webhook(db.session(), whose, typed)
    kept: list[str] = []

    def save(session: Session) -> None:
        try:
            kept.append(subscriptions.create(session, whose, checked).endpoint.url)
        except InvalidWebhook:
            session.rollback()

    db.session.rollback()
    assert at_once(app, [save] * 4) == ["done"] * 4
    assert (kept, len(subscriptions.list_webhooks(db.session(), whose))) == ([URL], 1)
