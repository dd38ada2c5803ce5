"""Sending many deliveries at once: all that failed since a moment, or past events to a webhook made later."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import DateTimeLocalField, RadioField, SelectField
from wtforms.fields import SelectChoice

from calhooks import clock
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Event
from calhooks.delivery.models.runs import ResendRun, RunState
from calhooks.events import TRIGGER_LABELS, Trigger
from calhooks.web.http.row_numbers import row_number
from calhooks.web.site.access import account, changes_owners, sees_owners
from calhooks.web.site.htmx import done, fragment, is_htmx, page_or_part
from calhooks.web.webhooks.context import DELIVERIES_CHANGED, own_webhook, run_context
from calhooks.webhooks import run_progress, runs
from calhooks.webhooks.models import Webhook
from calhooks.zones import zone_info

blueprint = Blueprint("resend_runs", __name__, url_prefix="/integrations/webhooks/<int:webhook_id>")

LISTED = 50
UNREADABLE_MOMENT = "Enter a day and a time, such as 2026-03-05 09:00."
SINCE, ONE = "since", "event"


class SinceForm(FlaskForm):  # type: ignore[misc]  # flask_wtf has no types
    """A moment on the clocks of the account."""

    since = DateTimeLocalField("Since", format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"])

    def moment(self) -> datetime | None:
        """Return what was entered; None, with a sentence at the field, when it is no moment."""
        local: datetime | None = self.since.data
        try:
            if local is not None:
                return local.replace(tzinfo=zone_info(account().time_zone)).astimezone(UTC)
        except OverflowError:
            pass
        self.since.errors = (UNREADABLE_MOMENT,)
        return None


class ReplayForm(SinceForm):
    """Which past events: all since a moment, or a single one."""

    what = RadioField(
        "Which events",
        choices=[SelectChoice(SINCE, "All since…"), SelectChoice(ONE, "One event")],
        default=SINCE,
        validate_choice=False,
    )
    event = SelectField("Event", coerce=row_number, validate_choice=False)


@blueprint.route("/resend-failed", methods=["GET", "POST"])
@changes_owners
def failed(webhook_id: int) -> ResponseReturnValue:
    """Ask since when, and begin to send again what failed."""
    webhook = own_webhook(webhook_id)
    form = SinceForm(data={"since": _local(webhook.endpoint.failing_since or clock.now() - timedelta(days=1))})
    if request.method == "POST" and (since := form.moment()):
        try:
            with writing() as session:
                runs.start_failed(session, own_webhook(webhook_id), since=since)
            return begun(webhook_id)
        except runs.CannotRun as error:
            form.since.errors = (str(error),)
    return _box("_resend_failed", webhook_id, form)


@blueprint.route("/replay", methods=["GET", "POST"])
@changes_owners
def replay(webhook_id: int) -> ResponseReturnValue:
    """Ask for which past events, and begin to send them."""
    webhook = own_webhook(webhook_id)
    form = ReplayForm(data={"since": _local(clock.now() - timedelta(days=1))})
    form.event.choices = [SelectChoice(event.id, _name(event)) for event in _events(webhook)]
    since = form.moment() if request.method == "POST" and form.what.data != ONE else None
    if request.method == "POST" and (since or form.what.data == ONE):
        try:
            with writing() as session:
                _start_replay(session, own_webhook(webhook_id), since, form.event.data)
            return begun(webhook_id)
        except runs.CannotRun as error:
            (form.since if since else form.event).errors = (str(error),)
    return _box("_replay", webhook_id, form)


@blueprint.get("/runs/<int:run_id>")
@sees_owners
def show(webhook_id: int, run_id: int) -> ResponseReturnValue:
    """Show how far a run is; by itself, the page that it is a part of."""
    run = _run(webhook_id, run_id)
    if not is_htmx():
        return redirect(url_for("deliveries.index", webhook_id=webhook_id), 303)
    ended = {DELIVERIES_CHANGED: True} if run.state != RunState.RUNNING else None
    return fragment(_progress(webhook_id), trigger=ended)


@blueprint.post("/runs/<int:run_id>/stop")
@changes_owners
def stop(webhook_id: int, run_id: int) -> ResponseReturnValue:
    """Let nothing more of a run go."""
    with writing() as session:
        runs.stop(session, _run(webhook_id, run_id))
    to = url_for("deliveries.index", webhook_id=webhook_id)
    return done("", part=partial(_progress, webhook_id), to=to, event=DELIVERIES_CHANGED)


def begun(webhook_id: int) -> ResponseReturnValue:
    """Show a run that has begun: its progress behind the closed dialog, or the page that it is a part of."""
    part, to = partial(_progress, webhook_id, oob=True), url_for("deliveries.index", webhook_id=webhook_id)
    return done("Started. You can leave this page.", part=part, to=to, closes=True, event=DELIVERIES_CHANGED)


def _start_replay(session: Any, webhook: Webhook, since: datetime | None, event_id: int | None) -> None:
    if since is not None:
        runs.start_replay(session, webhook, since)
    else:
        runs.start_replay_of(session, webhook, event_id or 0)


def _run(webhook_id: int, run_id: int) -> ResendRun:
    return run_progress.find_run(db.session(), own_webhook(webhook_id).endpoint_id, run_id) or abort(404)


def _progress(webhook_id: int, *, oob: bool = False) -> str:
    webhook = own_webhook(webhook_id)
    return render_template("webhooks/resend/_run.html", webhook=webhook, oob=oob, **run_context(webhook))


def _box(part: str, webhook_id: int, form: SinceForm) -> ResponseReturnValue:
    """Show a form, in the box or as a page; 422 with what is wrong."""
    context = {"box": f"webhooks/resend/{part}.html", "webhook": own_webhook(webhook_id), "form": form}
    return page_or_part("webhooks/resend/box", part, **context), 422 if form.errors else 200


def _events(webhook: Webhook) -> list[Event]:
    return runs.untold_events(db.session(), webhook, LISTED)


def _name(event: Event) -> str:
    at = event.occurred_at.astimezone(zone_info(account().time_zone))
    return f"{at:%-d %b %Y, %H:%M} · {TRIGGER_LABELS[Trigger(event.trigger)]} · {event.summary[:80]}"


def _local(moment: datetime) -> datetime:
    """Return a moment on the clocks of the account, on the minute, as the field shows it."""
    there = moment.astimezone(zone_info(account().time_zone))
    return there.replace(second=0, microsecond=0, tzinfo=None)
