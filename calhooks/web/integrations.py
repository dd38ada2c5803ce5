"""The integrations screen."""

from typing import Any

from flask import Blueprint, render_template

from calhooks.config import current_config
from calhooks.web.access import account, signed_in
from calhooks.web.htmx import fragment, is_htmx
from calhooks.web.webhook_pages import list_context

blueprint = Blueprint("integrations", __name__)


@blueprint.get("/integrations")
@signed_in
def index() -> Any:
    """Show the webhooks and how they are doing; to htmx, their list alone."""
    context = list_context(account())
    if is_htmx():
        return fragment(render_template("webhooks/_list.html", **context))
    example = f"{current_config().base_url}/{account().username}/30min?metadata[user_id]=123"
    return render_template("integrations/index.html", example_link=example, **context)
