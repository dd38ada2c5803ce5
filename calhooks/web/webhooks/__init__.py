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

PAGES = (integrations, webhook, switch, old_secret, notices, deliveries, resend, given_up, resend_runs)
