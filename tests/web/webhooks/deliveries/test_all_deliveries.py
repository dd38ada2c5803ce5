"""The log of all webhooks."""

import re

from flask import Flask
from flask.testing import FlaskClient

from calhooks.accounts.models import User
from tests import factories
from tests.scheduling.helpers import statements

ALL = "/integrations/deliveries"


def deliver_to_new_webhooks(app: Flask, rick: User, number: int) -> None:
    with app.app_context():
        for _ in range(number):
            endpoint = factories.create_webhook(rick).endpoint
            factories.create_delivery(endpoint, factories.create_event(rick))


def test_many_webhooks_cost_no_more_statements_than_few(app: Flask, owner: FlaskClient, rick: User) -> None:
    deliver_to_new_webhooks(app, rick, 2)
    with app.app_context(), statements() as for_few:
        owner.get(ALL)

    deliver_to_new_webhooks(app, rick, 6)
    with app.app_context(), statements() as for_many:
        page = owner.get(ALL).text

    assert page.count('class="log-row"') == 8
    assert len(for_many) == len(for_few)


def test_every_row_leads_to_its_own_delivery(app: Flask, owner: FlaskClient, rick: User) -> None:
    deliver_to_new_webhooks(app, rick, 3)

    links = re.findall(r'<a class="log-link" id="delivery-link-(\d+)" href="([^"]+)"', owner.get(ALL).text)

    assert len(links) == 3
    for number, link in links:
        opened = owner.get(link.replace("&amp;", "&")).text
        assert f'id="delivery-link-{number}"' in opened
        assert re.search(rf'id="delivery-link-{number}"[^>]*aria-current="true"', opened)
