"""What an account was told about its webhooks and has not seen yet."""

from sqlalchemy import exists, or_, select

from calhooks.accounts.owners import Owner
from calhooks.db import db
from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.delivery.models.endpoints import Notice, NoticeKind
from calhooks.webhooks.models import Webhook


def notices_for(owner: Owner) -> list[tuple[Notice, Webhook]]:
    """Return what an account or a team was told and has not seen yet, newest first, each with its webhook.

    That deliveries were given up is left out once none of them is left that failed.
    """
    failed = exists().where(
        Delivery.endpoint_id == Notice.endpoint_id,
        Delivery.state == DeliveryState.FAILED,
        or_(Notice.given_up_since.is_(None), Delivery.finished_at >= Notice.given_up_since),
    )
    query = (
        select(Notice, Webhook)
        .join(Webhook, Webhook.endpoint_id == Notice.endpoint_id)
        .where(owner.of(Notice), Notice.seen_at.is_(None), or_(Notice.kind != NoticeKind.GIVEN_UP, failed))
        .order_by(Notice.id.desc())
    )
    return [(notice, webhook) for notice, webhook in db.session.execute(query)]
