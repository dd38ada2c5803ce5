"""Pausing a webhook and resuming it: nothing is sent, and all that happens is kept."""

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, request
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import RadioField
from wtforms.fields import SelectChoice

from calhooks import clock
from calhooks.db import db, writing
from calhooks.delivery.endpoints import waiting_count
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.pausing import longest_until
from calhooks.web.site.access import account, changes_owners
from calhooks.web.site.htmx import asked_by, done, page_or_part, refused
from calhooks.web.webhooks.context import DELIVERIES_CHANGED, own_webhook, page_after, shown_anew
from calhooks.web.wording.times import near_moment
from calhooks.webhooks.settings import switching

blueprint = Blueprint("pause", __name__, url_prefix="/integrations/webhooks/<int:webhook_id>")

LENGTHS = {"1": "1 hour", "24": "1 day", "72": "3 days"}
IN_ALL = "72"
DEFAULT_LENGTH = "24"
IS_OFF = "The webhook is off. Switch it on first."


class PauseForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """For how many hours nothing is sent."""

    length = RadioField("For how long?", name="pauseHours", default=DEFAULT_LENGTH, validate_choice=False)


@blueprint.route("/pause", methods=["GET", "POST"])
@changes_owners
def ask(webhook_id: int) -> Any:
    """Ask for how long to pause, or when a pause is to end instead, and do it."""
    webhook, origin, form = own_webhook(webhook_id), request.values.get("from", ""), PauseForm()
    form.length.choices = _choices(webhook.endpoint)
    sent = form.validate_on_submit()
    if not sent and DEFAULT_LENGTH not in (choice.value for choice in form.length.choices):
        form.length.data = IN_ALL
    if not sent or form.length.data not in LENGTHS:
        form.length.errors = ("Choose for how long.",) if sent else ()
        page = page_or_part("webhooks/pause", form=form, webhook=webhook, origin=origin)
        return page, 422 if request.method == "POST" else 200
    with writing() as session:
        webhook = own_webhook(webhook_id)
        paused = switching.pause(session, webhook, timedelta(hours=int(form.length.data)))
        until = webhook.endpoint.paused_until
    part, to = _shown(webhook_id, origin), page_after(webhook, origin)
    if not paused or until is None:
        return refused(IS_OFF, part=part, to=to, closes=True, event=DELIVERIES_CHANGED)
    message = f"Webhook paused until {_moment(until)}. What happens meanwhile is kept."
    return done(message, part=part, to=to, closes=True, event=DELIVERIES_CHANGED)


@blueprint.post("/resume")
@changes_owners
def resume(webhook_id: int) -> Response:
    """End a pause now. Where it has ended meanwhile, that is said in the same way."""
    origin = request.form.get("from", "")
    waiting = waiting_count(db.session(), own_webhook(webhook_id).endpoint)
    with writing() as session:
        webhook = own_webhook(webhook_id)
        switching.resume(session, webhook)
    follows = "1 delivery is on its way." if waiting == 1 else f"{waiting:,} deliveries are on their way."
    message = f"Webhook resumed. {follows}" if waiting else "Webhook resumed."
    return done(message, part=_shown(webhook_id, origin), to=page_after(webhook, origin), event=DELIVERIES_CHANGED)


def _shown(webhook_id: int, origin: str) -> Any:
    in_box = asked_by("modal")
    return lambda: shown_anew(own_webhook(webhook_id), in_box=in_box, on_page=origin == "deliveries")


def _choices(endpoint: Endpoint) -> list[SelectChoice]:
    """Return the ends that a pause can have: of one that has begun, three days in all is the last."""
    now = clock.now()
    longest = longest_until(endpoint, now)
    ends = {hours: now + timedelta(hours=int(hours)) for hours in LENGTHS}
    ends = {hours: end for hours, end in ends.items() if end < longest}
    texts = LENGTHS | ({IN_ALL: "3 days in all"} if endpoint.paused_until else {})
    ends |= {IN_ALL: longest}
    return [SelectChoice(hours, f"{texts[hours]}, until {_moment(end)}") for hours, end in ends.items()]


def _moment(end: datetime) -> str:
    """Return when a pause ends, as the reader writes it."""
    return near_moment(end, account().time_zone)
