"""A webhook's key pair in a real browser: created by keyboard, copied, replaced, ended beside what was typed."""

from collections.abc import Callable

import pytest
from flask import Flask

from calhooks.accounts.models import User
from calhooks.db import db
from calhooks.delivery.models.endpoints import Endpoint
from tests import factories

sync_api = pytest.importorskip("playwright.sync_api", reason="browser tests need Playwright for Python")
expect, Page = sync_api.expect, sync_api.Page

OpenPage = Callable[..., Page]


def public_keys(app: Flask) -> list[str]:
    with app.app_context():
        return [pair.public_key for pair in db.session.scalars(db.select(Endpoint)).one().key_pairs]


def test_a_key_pair_is_created_by_keyboard_and_its_public_key_is_copied(
    app: Flask, signed_in: OpenPage, rick: User
) -> None:
    page = signed_in(rick, permissions=["clipboard-read", "clipboard-write"])
    page.goto("/integrations")
    page.get_by_test_id("new_webhook").click()
    box = page.get_by_role("dialog", name="New webhook")
    box.get_by_label("Subscriber URL").fill("https://example.com/hook")
    box.get_by_label("Sign with a key pair").press("Space")
    box.get_by_label("Sign with a key pair").press("Enter")
    expect(page.get_by_text("Webhook created. Copy its public key from its page.")).to_be_visible()
    page.get_by_role("link", name="https://example.com/hook").click()
    page.wait_for_url("**/integrations/webhooks/*")
    page.get_by_role("button", name="Copy public key").press("Enter")
    expect(page.get_by_role("status").get_by_text("Copied")).to_be_visible()
    assert [page.evaluate("navigator.clipboard.readText()")] == public_keys(app)


def test_ending_a_replaced_key_pair_in_the_box_keeps_what_was_typed(
    app: Flask, signed_in: OpenPage, rick: User
) -> None:
    with app.app_context():
        webhook = factories.create_webhook(rick, "https://example.com/hook")
        factories.create_key_pair(db.session.get_one(Endpoint, webhook.endpoint_id))
    page = signed_in(rick)
    page.goto("/integrations")
    page.get_by_label("Edit webhook").click()
    box = page.get_by_role("dialog", name="Edit webhook")
    box.get_by_label("Replace the key pair").check()
    box.get_by_role("button", name="Save").click()
    expect(box).to_be_hidden()
    assert len(public_keys(app)) == 2
    page.get_by_label("Edit webhook").click()
    box.get_by_label("Subscriber URL").fill("https://example.com/other")
    box.get_by_role("button", name="End it now").click()
    expect(box.get_by_text("The old key pair is valid until")).to_be_hidden()
    expect(box.get_by_label("Subscriber URL")).to_have_value("https://example.com/other")
    assert len(public_keys(app)) == 1


def test_how_long_an_old_key_also_signs_is_asked_once_it_is_replaced(
    app: Flask, signed_in: OpenPage, rick: User
) -> None:
    with app.app_context():
        webhook = factories.create_webhook(rick, "https://example.com/hook", "a secret")
        webhook_id = webhook.id
        factories.create_key_pair(db.session.get_one(Endpoint, webhook.endpoint_id))
    page = signed_in(rick)
    page.goto(f"/integrations/webhooks/{webhook_id}/edit")
    for label, replace in (
        ("The old secret", lambda: page.locator("[name=secret]").fill("another secret")),
        ("The old key pair", lambda: page.get_by_label("Replace the key pair").check()),
    ):
        expect(page.get_by_label(label)).to_be_hidden()
        replace()
        expect(page.get_by_label(label)).to_be_visible()
