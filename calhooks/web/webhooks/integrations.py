"""The integrations screen."""

from flask import Blueprint

from calhooks.config import current_config
from calhooks.db import db
from calhooks.scheduling.event_types.lookups import list_public_event_types
from calhooks.web.site.access import owner, sees_owners
from calhooks.web.site.htmx import is_htmx, page_or_part
from calhooks.web.webhooks.context import list_context, news
from calhooks.web.webhooks.list_view import list_query
from calhooks.web.wording.addresses import booking_path

blueprint = Blueprint("integrations", __name__, url_prefix="/integrations")
blueprint.add_app_template_global(list_query)


@blueprint.get("")
@sees_owners
def index() -> str:
    """Show the webhooks and how they are doing; to htmx, their list and the news about them alone."""
    context = list_context(owner())
    page = page_or_part("webhooks/integrations", "_list", example_link=_example_link(), **context)
    return page + news(context) if is_htmx() else page


def _example_link() -> str | None:
    """Return a booking link of the page's owner that carries metadata; None while there is nothing to book."""
    event_type = next(iter(list_public_event_types(db.session(), owner())), None)
    return f"{current_config().base_url}{booking_path(event_type)}?metadata[user_id]=123" if event_type else None
