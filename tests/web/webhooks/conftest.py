import pytest
from flask import Flask

from calhooks.accounts.models import User
from calhooks.webhooks.models import Webhook
from tests import factories


@pytest.fixture
def webhook(app: Flask, rick: User) -> Webhook:
    """Rick's webhook, to which nothing was delivered yet."""
    with app.app_context():
        return factories.create_webhook(rick, "https://example.com/hook")
