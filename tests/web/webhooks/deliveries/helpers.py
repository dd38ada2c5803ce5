"""Deliveries and attempts of a webhook, as its log shows them."""

from flask import Flask
from sqlalchemy import select

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Attempt
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.webhooks.models import Webhook
from tests import factories

EVERYTHING = ["Chat A", "Chat B", "Chat C"]


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


def path(webhook: Webhook) -> str:
    return f"/integrations/webhooks/{webhook.id}"


def change(app: Flask, webhook: Webhook, **values: object) -> None:
    with app.app_context(), writing() as session:
        for name, value in values.items():
            setattr(session.get_one(Endpoint, webhook.endpoint_id), name, value)


def shown(page: str) -> list[str]:
    """Return which of three deliveries a page lists."""
    return [name for name in EVERYTHING if f'title="{name}"' in page]
