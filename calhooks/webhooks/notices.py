"""What an account was told about its webhooks and has not seen yet."""

from sqlalchemy import select

from calhooks.db import db
from calhooks.delivery.models.endpoints import Notice
from calhooks.webhooks.models import Webhook


def notices_for(owner_id: int) -> list[tuple[Notice, Webhook]]:
    """Return what an account was told and has not seen yet, newest first, each with its webhook."""
    query = (
        select(Notice, Webhook)
        .join(Webhook, Webhook.endpoint_id == Notice.endpoint_id)
        .where(Notice.owner_id == owner_id, Notice.seen_at.is_(None))
        .order_by(Notice.id.desc())
    )
    return [(notice, webhook) for notice, webhook in db.session.execute(query)]
