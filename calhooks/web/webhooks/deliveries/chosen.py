"""Sending again the deliveries that were ticked in the log."""

from typing import Any

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from calhooks.db import db, writing
from calhooks.delivery.choosing import MAX_CHOSEN, ChosenDeliveries, judge_choice
from calhooks.web.http.row_numbers import row_number
from calhooks.web.site.access import changes_owners
from calhooks.web.site.htmx import page_or_part
from calhooks.web.webhooks.context import own_webhook
from calhooks.web.webhooks.deliveries.resend_runs import begun
from calhooks.webhooks import runs

blueprint = Blueprint("chosen", __name__, url_prefix="/integrations/webhooks/<int:webhook_id>/resend-chosen")

NONE_CHOSEN = "Tick the deliveries that you want to resend first."
TOO_MANY_CHOSEN = f"At most {MAX_CHOSEN} deliveries can be resent at once."


@blueprint.get("")
@changes_owners
def ask(webhook_id: int) -> ResponseReturnValue:
    """Say how many of the ticked deliveries can be sent again, and what is in the way of the others."""
    return _box(webhook_id, _ticked())


@blueprint.post("")
@changes_owners
def start(webhook_id: int) -> ResponseReturnValue:
    """Begin to send the ticked deliveries again."""
    ticked = _ticked()
    if _problem(ticked):
        return _box(webhook_id, ticked)
    choice = _judged(webhook_id, ticked)
    wanted = choice.to_send(leave_out_overtaken=bool(request.form.get("leaveOutOvertaken")))
    try:
        with writing() as session:
            runs.start_chosen(session, own_webhook(webhook_id), wanted)
    except runs.CannotRun as error:
        return _box(webhook_id, ticked, problem=str(error))
    return begun(webhook_id)


def _ticked() -> list[int]:
    """Return the numbers that were sent, each once, in their order."""
    return list(dict.fromkeys(request.values.getlist("delivery", row_number)))


def _problem(ticked: list[int]) -> str:
    if not ticked:
        return NONE_CHOSEN
    return TOO_MANY_CHOSEN if len(ticked) > MAX_CHOSEN else ""


def _judged(webhook_id: int, ticked: list[int]) -> ChosenDeliveries:
    """Judge the ticked deliveries; 404 where none of them is this webhook's."""
    choice = judge_choice(db.session(), own_webhook(webhook_id).endpoint_id, ticked)
    return choice if choice.ids or choice.open else abort(404)


def _box(webhook_id: int, ticked: list[int], problem: str = "") -> ResponseReturnValue:
    """Show the question, or as a page; 422 with what is wrong."""
    problem = problem or _problem(ticked)
    choice = None if _problem(ticked) else _judged(webhook_id, ticked)
    context: dict[str, Any] = {"box": "webhooks/resend/_chosen.html", "webhook": own_webhook(webhook_id)}
    page = page_or_part("webhooks/resend/box", "_chosen", **context, choice=choice, problem=problem)
    return page, 422 if problem else 200
