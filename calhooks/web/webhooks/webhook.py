"""Making, changing, switching, testing and deleting webhooks: in the box over the integrations screen, or on pages."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from calhooks import ids
from calhooks.db import db, writing
from calhooks.delivery.endpoints import waiting_count
from calhooks.web.http.row_numbers import row_number
from calhooks.web.site.access import changes_owners, owner
from calhooks.web.site.htmx import done, fragment, is_htmx, page_or_part
from calhooks.web.webhooks.context import list_behind_box, own_webhook
from calhooks.web.webhooks.form.copies import copied_webhook
from calhooks.web.webhooks.form.fields import WebhookForm, webhook_form_for
from calhooks.web.webhooks.form.filter_trial import filter_trial
from calhooks.web.webhooks.form.key_pair import COPY_PUBLIC_KEY, unsaved_key_pair_note
from calhooks.web.webhooks.form.preview import box_context, preview_context
from calhooks.web.webhooks.form.tried import tried_form
from calhooks.web.webhooks.list_view import list_query
from calhooks.web.webhooks.switch import is_question, question
from calhooks.webhooks.editor.presets import find_preset
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.settings import subscriptions
from calhooks.webhooks.settings.ping import ping as send_ping
from calhooks.webhooks.settings.subscriptions import CheckedWebhook, InvalidWebhook
from calhooks.webhooks.slots import PingRefused

# Generate makes a secret, a preset fills in the payload; adding a header or a condition needs nothing but the box
# again, whose lists always end with an empty row.
BUTTONS = {"generateSecret", "addHeader", "preset", "addCondition", "removeCondition"}

blueprint = Blueprint("webhook", __name__, url_prefix="/integrations/webhooks")


@blueprint.route("/new", methods=["GET", "POST"])
@changes_owners
def new() -> Any:
    """Ask for a webhook and make it."""
    form = webhook_form_for(None, copied_webhook())
    if not _wants_to_save(form, request.form):
        return _box(form)
    try:
        checked = subscriptions.check_webhook(db.session(), owner(), form.values())
        with writing() as session:
            subscriptions.create(session, owner(), checked)
    except InvalidWebhook as error:
        return _refused(form, error)
    return _saved(_said("Webhook created.", checked))


@blueprint.route("/<int:webhook_id>/edit", methods=["GET", "POST"])
@changes_owners
def edit(webhook_id: int) -> Any:
    """Show a webhook in the box and change it."""
    webhook = own_webhook(webhook_id)
    form = webhook_form_for(webhook)
    if not _wants_to_save(form, request.form):
        return _box(form, webhook)
    values = form.values()
    # Switching on waits for a word about what was held back.
    asks = values.active and is_question(webhook)
    try:
        wanted = replace(values, active=values.active and not asks)
        checked = subscriptions.check_webhook(db.session(), owner(), wanted, webhook)
        with writing() as session:
            dropped = subscriptions.update(session, own_webhook(webhook_id), checked)
    except InvalidWebhook as error:
        return _refused(form, error, own_webhook(webhook_id))
    without = f", without {' and '.join(dropped)}: a secret stays with its server" if dropped else ""
    message = _said(f"Webhook saved{without}.", checked)
    return question(own_webhook(webhook_id), saved=message) if asks else _saved(message)


@blueprint.route("/<int:webhook_id>/delete", methods=["GET", "POST"])
@changes_owners
def delete(webhook_id: int) -> Any:
    """Ask, then delete: nothing more is sent, also not what was waiting."""
    webhook = own_webhook(webhook_id)
    if request.method != "POST":
        waiting = waiting_count(db.session(), webhook.endpoint)
        return page_or_part("webhooks/delete", webhook=webhook, waiting=waiting)
    with writing() as session:
        subscriptions.delete(session, own_webhook(webhook_id))
    return _saved("Webhook deleted.")


@blueprint.post("/ping")
@changes_owners
def ping() -> Any:
    """Send a PING, or the chosen event, with the values as typed, and show what became of it. Nothing is saved."""
    webhook = _edited(request.args)
    form = webhook_form_for(webhook)
    try:
        event = tried_form().event() if "sendTest" in request.form else None
        result = send_ping(db.session(), owner(), form.values(), webhook, event)
    except InvalidWebhook as error:
        return _pinged(form, webhook, 422, problem=" ".join(error.errors.values()), errors=error.errors)
    except PingRefused as error:
        return _pinged(form, webhook, 429, problem=str(error))
    note = unsaved_key_pair_note(form.key_pair_values(), webhook)
    return _pinged(form, webhook, 200, ping=result, key_pair_note=note)


@blueprint.post("/preview")
@changes_owners
def preview() -> Any:
    """Show what would be sent with the values as typed, or what is wrong with the template and where."""
    webhook = _edited(request.args)
    form = webhook_form_for(webhook)
    if is_htmx():
        context = preview_context(form, webhook)
        page = render_template("webhooks/form/_preview.html", form=form, **context)
        return fragment(page, status=429 if context["preview_is_busy"] else 200)
    return _box(form, webhook)


@blueprint.post("/filter")
@changes_owners
def try_filter() -> Any:
    """Show which of the latest bookings the conditions as typed would let through."""
    webhook = _edited(request.args)
    form = webhook_form_for(webhook)
    if is_htmx():
        return fragment(render_template("webhooks/filter/_trial.html", trial=filter_trial(form, webhook)))
    return _box(form, webhook)


def _edited(asked: MultiDict[str, str]) -> Webhook | None:
    """Return the webhook whose box this is, None for a new one."""
    return own_webhook(asked.get("webhook", 0, row_number)) if "webhook" in asked else None


def _wants_to_save(form: WebhookForm, sent: MultiDict[str, str]) -> bool:
    """Tell whether the box was sent to be saved. Without JavaScript some of its buttons come here too."""
    if "generateSecret" in sent:
        form.secret.data = ids.new_secret()
    if preset := find_preset(sent.get("preset", "")):
        form.fill_in(preset)
    return not BUTTONS & sent.keys() and bool(form.validate_on_submit())


def _box(form: WebhookForm, webhook: Webhook | None = None, status: int = 200, **more: Any) -> Any:
    """Show the box, as a fragment or as a page."""
    context = box_context(form, webhook) | {"copied": None if webhook else copied_webhook()}
    context |= {"trial": filter_trial(form, webhook)}
    return page_or_part("webhooks/form/form", form=form, webhook=webhook, **context, **more), status


def _refused(form: WebhookForm, error: InvalidWebhook, webhook: Webhook | None = None) -> Any:
    """Show the box with what was typed and what is wrong with it."""
    form.show(error.errors)
    return _box(form, webhook, 422)


def _said(message: str, checked: CheckedWebhook) -> str:
    """Return what is said after saving, with where to find a new public key."""
    return message + (COPY_PUBLIC_KEY if checked.values.key_pair.makes_one else "")


def _saved(message: str) -> Response:
    """Close the box over the list as it is now, or go back to the list."""
    return done(message, part=list_behind_box, to=url_for("integrations.index", **list_query()), closes=True)


def _pinged(
    form: WebhookForm, webhook: Webhook | None, status: int, errors: dict[str, str] | None = None, **outcome: Any
) -> Any:
    """Show what became of a ping: in the open box, or without JavaScript on the page of the box."""
    if is_htmx():
        return fragment(render_template("webhooks/form/_ping.html", **outcome), status=status)
    form.show(errors or {})
    return _box(form, webhook, status, **outcome)
