"""The integrations screen and the pages of one webhook."""

from calhooks.web.webhooks import integrations, notices, pause, switch, try_out, webhook
from calhooks.web.webhooks.deliveries import (
    all_deliveries,
    chosen,
    curl,
    elsewhere,
    failing,
    given_up,
    log,
    resend,
    resend_runs,
)
from calhooks.web.webhooks.form import old_keys

# Below a team's address too, and where.
TEAM_PAGES = (
    (integrations, "/webhooks"),
    (webhook, "/webhooks"),
    (all_deliveries, "/webhooks/deliveries"),
    (notices, "/notices/<int:notice_id>"),
    *((page, "/webhooks/<int:webhook_id>") for page in (switch, pause, old_keys, log, resend_runs)),
    (given_up, "/webhooks/<int:webhook_id>/given-up"),
    (chosen, "/webhooks/<int:webhook_id>/resend-chosen"),
    (failing, "/webhooks/<int:webhook_id>/resend-failing"),
    (try_out, "/webhooks/<int:webhook_id>/test"),
    *(
        (page, f"/webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/{name}")
        for page, name in ((resend, "resend"), (curl, "curl"), (elsewhere, "elsewhere"))
    ),
)
PAGES = (
    *(integrations, webhook, switch, pause, old_keys, notices, all_deliveries, log, resend, given_up),
    *(resend_runs, chosen, curl, elsewhere, failing, try_out),
)
