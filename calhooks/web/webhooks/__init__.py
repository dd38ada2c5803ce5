"""The integrations screen and the pages of one webhook."""

from calhooks.web.webhooks import (
    deliveries,
    given_up,
    integrations,
    notices,
    old_secret,
    resend,
    resend_runs,
    switch,
    webhook,
)

# Below a team's address too, and where.
TEAM_PAGES = (
    (integrations, "/webhooks"),
    (webhook, "/webhooks"),
    (notices, "/notices/<int:notice_id>"),
    *((page, "/webhooks/<int:webhook_id>") for page in (switch, old_secret, deliveries, resend_runs)),
    (given_up, "/webhooks/<int:webhook_id>/given-up"),
    (resend, "/webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/resend"),
)
PAGES = (integrations, webhook, switch, old_secret, notices, deliveries, resend, given_up, resend_runs)
