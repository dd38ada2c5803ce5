"""Every route of the application by its access rule, with a request for it that does something."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.web.site.belongings import STATES, Belongings

LISTS = "/bookings/<any(upcoming,unconfirmed,past,cancelled):view>"
HOOK = "/integrations/webhooks/<int:webhook_id>"
SCHEDULE = "/availability/<int:schedule_id>"


@dataclass(frozen=True)
class Asked:
    """A request for one route, and what it answers whoever everything belongs to.

    In the route, the query and what is sent, `{webhook_id}` and the like stand for things of an account
    (`give_everything`); the arguments of the route are filled in by their names, or as `where` says.
    """

    route: str
    status: int = 200
    query: str = ""
    sent: Mapping[str, str] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """Return GET or POST."""
        return self.route.partition(" ")[0]

    @property
    def rule(self) -> str:
        """Return the rule as the application has it."""
        return self.route.partition(" ")[2]

    @property
    def template(self) -> str:
        """Return the address with the names of the things that it is about."""
        path = re.sub(r"<(?:[^:<>]+:)?(\w+)>", lambda found: self.where.get(found[1], f"{{{found[1]}}}"), self.rule)
        return f"{path}?{self.query}" if self.query else path

    @property
    def names(self) -> list[str]:
        """Return the names of the things that it is about."""
        return sorted(set(re.findall(r"{(\w+)}", " ".join([self.template, *self.sent.values()]))))

    def ask(self, browser: FlaskClient, things: Belongings, token: str = "", **options: object) -> TestResponse:
        """Send it, about these things."""
        sent = {name: value.format(**things) for name, value in self.sent.items()}
        if token:
            sent["csrf_token"] = token
        data = sent if self.method == "POST" else None
        return browser.open(self.template.format(**things), method=self.method, data=data, **options)


# Every route of the application. To add one: `Asked("GET /its/<int:rule_id>")` with the status that it answers its
# owner if that is not 200, and for a POST what it sends, so that it does something when the owner sends it. A new kind
# of thing gets its row in `give_everything`.
PUBLIC = [
    Asked("GET /", 302),
    Asked("GET /<username>"),
    Asked("GET /<username>/<slug>"),
    Asked("POST /<username>/<slug>"),
    Asked("POST /<username>/<slug>/hold"),
    Asked("GET /auth/forgot"),
    Asked("POST /auth/forgot"),
    Asked("GET /auth/link/<token>", where={"token": "{link}"}),
    Asked("POST /auth/link/<token>", where={"token": "{link}"}),
    *[Asked("GET /booking/<uid>", where={"uid": f"{{{state}}}"}) for state in STATES],
    *[Asked("GET /booking/<uid>/calendar.ics", where={"uid": f"{{{state}}}"}) for state in STATES],
    *[Asked("GET /reschedule/<uid>", 302, where={"uid": f"{{{state}}}"}) for state in STATES],
    Asked("POST /booking/<uid>", where={"uid": "{accepted}"}),
    Asked("GET /calendar/<token>.ics", where={"token": "{feed}"}),
    Asked("GET /docs/webhooks"),
    Asked("GET /healthz"),
    Asked("GET /login", 303),
    Asked("POST /login"),
    Asked("POST /logout"),
    Asked("GET /metrics"),
    # No pump runs in these tests.
    Asked("GET /readyz", 503),
    # There is an account already.
    Asked("GET /setup", 404),
    Asked("POST /setup", 404),
]
ADMIN_ONLY = [
    Asked("GET /settings/people"),
    Asked("POST /settings/people", sent={"name": "Eve", "email": "eve@example.com"}),
    Asked("POST /settings/people/<int:user_id>/link"),
]
SIGNED_IN = [
    Asked("GET /availability"),
    Asked("POST /availability"),
    Asked("GET /availability/new"),
    Asked("POST /availability/new"),
    Asked("GET /availability/why"),
    Asked(f"GET {SCHEDULE}"),
    Asked(f"POST {SCHEDULE}", 303, sent={"name": "Changed", "timeZone": "Asia/Tokyo"}),
    Asked(f"GET {SCHEDULE}/away/new"),
    Asked(f"POST {SCHEDULE}/away/new", 303, sent={"firstDay": "2126-03-03"}),
    Asked(f"POST {SCHEDULE}/away/<int:absence_id>/delete", 303),
    Asked(f"GET {SCHEDULE}/delete"),
    Asked(f"POST {SCHEDULE}/delete", 303),
    Asked(f"GET {SCHEDULE}/overrides/new"),
    Asked(f"POST {SCHEDULE}/overrides/new", 303, sent={"day": "2126-03-03", "kind": "off"}),
    Asked(f"POST {SCHEDULE}/overrides/<int:override_id>/delete", 303),
    Asked("GET /bookings", 302),
    Asked(f"GET {LISTS}", where={"view": "upcoming"}),
    Asked(f"GET {LISTS}/bookings.csv", where={"view": "upcoming"}),
    *[Asked(f"GET {LISTS}", where={"view": "unconfirmed"}, query=f"reject={{{state}}}") for state in STATES],
    *[
        Asked(f"POST {LISTS}", 303, where={"view": "unconfirmed"}, sent={"action": action, "uid": uid} | more)
        for action, uid, more in [
            ("confirm", "{pending}", {}),
            ("reject", "{pending}", {}),
            ("no-show", "{past}", {"absent": "0"}),
        ]
    ],
    *[Asked("GET /bookings/history/<uid>", where={"uid": f"{{{state}}}"}) for state in STATES],
    Asked("GET /event-types"),
    Asked("GET /event-types/new"),
    Asked("POST /event-types/new"),
    Asked("GET /event-types/<int:event_type_id>/edit"),
    Asked("POST /event-types/<int:event_type_id>/edit", 303, sent={"title": "Changed", "slug": "x", "length": "45"}),
    Asked("GET /event-types/<int:event_type_id>/delete"),
    Asked("POST /event-types/<int:event_type_id>/delete", 303),
    Asked("POST /event-types/<int:event_type_id>/duplicate", 303),
    Asked("POST /event-types/<int:event_type_id>/hidden", 303, sent={"hidden": "y"}),
    Asked("POST /event-types/<int:event_type_id>/move", 303, sent={"direction": "up"}),
    Asked("GET /integrations"),
    Asked("GET /integrations/notices/<int:notice_id>", 302),
    Asked("POST /integrations/notices/<int:notice_id>/dismiss", 303),
    Asked("GET /integrations/webhooks/new"),
    Asked("POST /integrations/webhooks/new"),
    Asked("POST /integrations/webhooks/ping"),
    Asked(
        "POST /integrations/webhooks/ping",
        422,
        query="webhook={webhook_id}",
        sent={"subscriberUrl": "http://10.0.0.7/"},
    ),
    Asked("POST /integrations/webhooks/preview"),
    Asked("POST /integrations/webhooks/preview", query="webhook={webhook_id}"),
    Asked(f"GET {HOOK}"),
    Asked(f"GET {HOOK}/active"),
    Asked(f"POST {HOOK}/active", 303, sent={"active": ""}),
    Asked(f"POST {HOOK}/active", 303, sent={"active": "y", "waiting": "drop"}),
    Asked(f"GET {HOOK}/delete"),
    Asked(f"POST {HOOK}/delete", 303),
    Asked(f"GET {HOOK}/deliveries/<int:delivery_id>"),
    Asked(f"GET {HOOK}/deliveries/<int:delivery_id>/resend"),
    Asked(f"POST {HOOK}/deliveries/<int:delivery_id>/resend", 303),
    Asked(f"GET {HOOK}/edit"),
    Asked(
        f"POST {HOOK}/edit", 303, sent={"subscriberUrl": "https://example.com/new", "eventTriggers": "MEETING_ENDED"}
    ),
    Asked(f"POST {HOOK}/end-old-secret", 303),
    Asked(f"GET {HOOK}/given-up"),
    Asked(f"POST {HOOK}/given-up", 303),
    Asked(f"GET {HOOK}/replay"),
    Asked(f"POST {HOOK}/replay", 303, sent={"what": "since", "since": "2026-01-01T00:00"}),
    Asked(f"GET {HOOK}/resend-failed"),
    Asked(f"POST {HOOK}/resend-failed", 303, sent={"since": "2026-01-01T00:00"}),
    Asked(f"GET {HOOK}/runs/<int:run_id>", 303, where={"webhook_id": "{running}"}),
    Asked(f"POST {HOOK}/runs/<int:run_id>/stop", 303, where={"webhook_id": "{running}"}),
    Asked("GET /settings/calendar"),
    Asked("POST /settings/calendar"),
    Asked("GET /settings/password"),
    Asked("POST /settings/password"),
    Asked("GET /settings/profile"),
    Asked("POST /settings/profile"),
    Asked("GET /settings/sessions"),
    Asked("GET /settings/sessions/<int:session_id>/end"),
    Asked("POST /settings/sessions/<int:session_id>/end", 303),
    Asked("GET /settings/sessions/end-others"),
    Asked("POST /settings/sessions/end-others"),
]
RULES = {"public": PUBLIC, "signed_in": SIGNED_IN, "admin_only": ADMIN_ONLY}
