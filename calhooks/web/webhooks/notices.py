"""What an owner was told about a webhook: where a mail's link leads, and taking it off the screen."""

from flask import Blueprint, abort, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from calhooks import clock
from calhooks.db import db, writing
from calhooks.delivery.models.endpoints import Notice, NoticeKind
from calhooks.web.site.access import changes_owners, owner, sees_owners
from calhooks.web.site.htmx import done
from calhooks.webhooks.models import Webhook

blueprint = Blueprint("notices", __name__, url_prefix="/integrations/notices/<int:notice_id>")


@blueprint.get("")
@sees_owners
def show(notice_id: int) -> ResponseReturnValue:
    """Lead to what a notice is about: what was given up, or the webhook; to the list if the webhook is gone."""
    notice = _own_notice(notice_id)
    webhook_id = db.session.scalar(select(Webhook.id).where(Webhook.endpoint_id == notice.endpoint_id))
    if webhook_id is None:
        return redirect(url_for("integrations.index"))
    page = "given_up.index" if notice.kind == NoticeKind.GIVEN_UP else "deliveries.index"
    return redirect(url_for(page, webhook_id=webhook_id))


@blueprint.post("/dismiss")
@changes_owners
def dismiss(notice_id: int) -> ResponseReturnValue:
    """Take a notice off the screen."""
    with writing():
        notice = _own_notice(notice_id)
        notice.seen_at = notice.seen_at or clock.now()
    return done("", part=str, to=url_for("integrations.index"))


def _own_notice(notice_id: int) -> Notice:
    query = select(Notice).where(Notice.id == notice_id, owner().of(Notice))
    return db.session.scalar(query) or abort(404)
