"""Sending a test to a webhook as it is stored, with any event, and showing what came back."""

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from calhooks.db import db
from calhooks.events import Trigger
from calhooks.web.site.access import changes_owners
from calhooks.web.site.htmx import page_or_part
from calhooks.web.webhooks.context import own_webhook
from calhooks.web.webhooks.form.tried import tried_form
from calhooks.webhooks.settings.ping import send_test
from calhooks.webhooks.settings.validation import InvalidWebhook
from calhooks.webhooks.slots import PingRefused

blueprint = Blueprint("try_out", __name__, url_prefix="/integrations/webhooks/<int:webhook_id>/test")


@blueprint.get("")
@changes_owners
def ask(webhook_id: int) -> ResponseReturnValue:
    """Ask which event to send."""
    return _box(webhook_id), 200


@blueprint.post("")
@changes_owners
def now(webhook_id: int) -> ResponseReturnValue:
    """Send the event that was chosen, and show what became of it."""
    try:
        result = send_test(db.session(), own_webhook(webhook_id), tried_form(Trigger.PING).event())
    except InvalidWebhook as error:
        return _box(webhook_id, problem=str(error)), 422
    except PingRefused as error:
        return _box(webhook_id, problem=str(error)), 429
    return _box(webhook_id, ping=result), 200


def _box(webhook_id: int, **outcome: Any) -> str:
    context = {"webhook": own_webhook(webhook_id), "tried": tried_form(Trigger.PING), "title": "Send a test"}
    return page_or_part("webhooks/resend/box", "_test", box="webhooks/resend/_test.html", **context, **outcome)
