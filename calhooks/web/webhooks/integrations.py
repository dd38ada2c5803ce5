"""The integrations screen."""

from flask import Blueprint

from calhooks.accounts.models import User
from calhooks.config import current_config
from calhooks.db import db
from calhooks.scheduling.event_types.lookups import list_public_event_types
from calhooks.web.site.access import account, signed_in
from calhooks.web.site.htmx import is_htmx, page_or_part
from calhooks.web.webhooks.context import list_context, news

blueprint = Blueprint("integrations", __name__)


@blueprint.get("/integrations")
@signed_in
def index() -> str:
    """Show the webhooks and how they are doing; to htmx, their list and the news about them alone."""
    owner = account()
    context = list_context(owner)
    page = page_or_part("webhooks/integrations", "_list", example_link=_example_link(owner), **context)
    return page + news(context) if is_htmx() else page


def _example_link(owner: User) -> str | None:
    """Return a booking link of this account that carries metadata; None while there is nothing to book."""
    event_type = next(iter(list_public_event_types(db.session(), owner)), None)
    if event_type is None:
        return None
    return f"{current_config().base_url}/{owner.username}/{event_type.slug}?metadata[user_id]=123"
