"""What the pages about webhooks have in common."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import abort, render_template, url_for

from calhooks import clock
from calhooks.accounts.owners import Owner
from calhooks.db import db
from calhooks.delivery.endpoints import waiting_counts
from calhooks.delivery.models.endpoints import NoticeKind
from calhooks.delivery.pump.endpoint_secrets import UNREADABLE, with_unreadable_secrets
from calhooks.delivery.status.endpoint_status import diagnose, endpoint_status
from calhooks.events import TRIGGER_LABELS
from calhooks.web.site.access import owner
from calhooks.web.webhooks.form.choices import offered_ids
from calhooks.web.webhooks.list_view import (
    MAX_LIST_SEARCH_LENGTH,
    ORDERS,
    SEARCHED_FROM,
    arranged,
    list_query,
    list_view,
)
from calhooks.webhooks import run_progress
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.notices import notices_for
from calhooks.webhooks.settings.subscriptions import find_webhook, list_webhooks

SOON_SECONDS = 60
RUN_SHOWN_FOR = timedelta(hours=1)
# What the log of deliveries listens for, to fetch itself anew.
DELIVERIES_CHANGED = "deliveriesChanged"


def own_webhook(webhook_id: int) -> Webhook:
    """Return a webhook of the account that is signed in; 404 for any other."""
    return find_webhook(db.session(), owner(), webhook_id) or abort(404)


def list_behind_box() -> str:
    """Return the list of webhooks and the news about them as they are now, to be put in place behind the box."""
    context = list_context(owner())
    return render_template("webhooks/_section.html", oob=True, **context) + news(context)


def news(context: dict[str, Any]) -> str:
    """Return the news about webhooks as they are now, to be put in place out of band."""
    return render_template("webhooks/_notices.html", oob=True, **context)


def list_context(whose: Owner) -> dict[str, Any]:
    """Return what the list of webhooks is drawn from. It is `under_way` while something goes out within a minute."""
    webhooks, view = list_webhooks(db.session(), whose), list_view()
    status = {webhook.endpoint_id: endpoint_status(webhook.endpoint) for webhook in webhooks}
    sending = [
        webhook.endpoint for webhook in webhooks if webhook.endpoint.active and not webhook.endpoint.paused_until
    ]
    return {
        "notices": notices_for(whose),
        "webhooks": arranged(webhooks, view, status),
        "webhook_count": len(webhooks),
        "view": view,
        "orders": ORDERS,
        "longest_words": MAX_LIST_SEARCH_LENGTH,
        "is_searched": len(webhooks) >= SEARCHED_FROM or bool(view.words),
        "endpoint_status": status,
        "waiting_counts": _waiting_in_pauses(webhooks),
        "labels": TRIGGER_LABELS,
        "offered_ids": offered_ids(webhooks),
        "under_way": any(_is_soon(endpoint.next_due_at) for endpoint in sending),
    } | _secrets_context(webhooks)


def webhook_context(webhook: Webhook) -> dict[str, Any]:
    """Return what one webhook's row or head is drawn from."""
    status = {webhook.endpoint_id: endpoint_status(webhook.endpoint)}
    drawn = {"webhook": webhook, "endpoint_status": status, "labels": TRIGGER_LABELS}
    return drawn | {"offered_ids": offered_ids([webhook]), "waiting_counts": _waiting_in_pauses([webhook])}


def page_after(webhook: Webhook, origin: str | None) -> str:
    """Return the page that something was done from: the webhook's own, or the list as it was shown."""
    if origin == "deliveries":
        return url_for("deliveries.index", webhook_id=webhook.id)
    return url_for("integrations.index", **list_query())


def shown_anew(webhook: Webhook, *, in_box: bool, on_page: bool) -> str:
    """Return the parts that show a webhook’s state: its row, the head of its page, or the list behind the dialog."""
    if on_page:
        html = render_template("webhooks/deliveries/_head.html", oob=in_box, **webhook_context(webhook))
        return html + render_template("webhooks/deliveries/_standing.html", oob=True, **page_context(webhook))
    if in_box:
        return list_behind_box()
    return render_template("webhooks/_row.html", **webhook_context(webhook), **_secrets_context([webhook]))


def page_context(webhook: Webhook) -> dict[str, Any]:
    """Return what the page of one webhook is drawn from."""
    # What is wrong now stands on the page anyway.
    told = {
        "notices": [
            (notice, about)
            for notice, about in notices_for(webhook.belongs_to)
            if about.id == webhook.id and notice.kind in (NoticeKind.RECOVERED, NoticeKind.GIVEN_UP)
        ]
    }
    diagnosis = {"diagnosis": diagnose(db.session(), webhook.endpoint)}
    return webhook_context(webhook) | run_context(webhook) | told | diagnosis


def run_context(webhook: Webhook) -> dict[str, Any]:
    """Return the run to show on a webhook's page, if there is one: it is at work, or has ended lately."""
    run = run_progress.latest(db.session(), webhook.endpoint_id)
    if run is None or (run.finished_at and clock.now() - run.finished_at > RUN_SHOWN_FOR):
        return {"run": None}
    return {"run": run, "progress": run_progress.progress(db.session(), run)}


def _waiting_in_pauses(webhooks: Sequence[Webhook]) -> dict[int, int]:
    """Return how many deliveries wait for the end of a pause, by endpoint."""
    paused = [webhook.endpoint_id for webhook in webhooks if webhook.endpoint.paused_until]
    return waiting_counts(db.session(), paused)


def _secrets_context(webhooks: Sequence[Webhook]) -> dict[str, Any]:
    """Return which endpoints have secrets that cannot be decrypted, and what is said of them."""
    lost = with_unreadable_secrets(db.session(), [webhook.endpoint_id for webhook in webhooks])
    return {"unreadable": lost, "unreadable_secrets": UNREADABLE}


def _is_soon(due_at: datetime | None) -> bool:
    return due_at is not None and (due_at - clock.now()).total_seconds() < SOON_SECONDS
