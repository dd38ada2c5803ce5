"""A webhook's filter in words."""

from calhooks.webhooks.filters.conditions import stored_filter
from calhooks.webhooks.models import Webhook


def filter_in_words(webhook: Webhook) -> str:
    """Return the conditions of a webhook as part of a sentence, such as "metadata.plan is pro"."""
    return stored_filter(webhook.filter).in_words
