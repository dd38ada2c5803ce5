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
# Where below a team's address its pages are that a person has too.
IN_TEAM = {
    "/availability": "/availability",
    "/event-types": "/event-types",
    "/bookings": "/bookings",
    "/integrations/webhooks": "/webhooks",
    "/integrations/notices": "/notices",
    "/integrations": "/webhooks",
}
# An argument in a rule, and a name in the address that is made of it.
ARGUMENT = re.compile(r"<(?:[^:<>]+:)?(\w+)>")
NAME = re.compile(r"{(\w+)}")
TEAM_S = {"username": "{team_username}"}
OTHER_MEMBER = {"member_id": "{team_member_id}"}
BOOKINGS = [*STATES, *(f"team_{state}" for state in STATES)]


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
        path = ARGUMENT.sub(lambda found: self.where.get(found[1], f"{{{found[1]}}}"), self.rule)
        return f"{path}?{self.query}" if self.query else path

    @property
    def names(self) -> list[str]:
        """Return the names of the things that it is about."""
        return sorted(set(NAME.findall(" ".join([self.template, *self.sent.values()]))))

    def ask(self, browser: FlaskClient, things: Belongings, token: str = "", **options: object) -> TestResponse:
        """Send it, about these things."""
        sent = {name: value.format(**things) for name, value in self.sent.items()}
        if token:
            sent["csrf_token"] = token
        data = sent if self.method == "POST" else None
        return browser.open(self.template.format(**things), method=self.method, data=data, **options)

    @property
    def of_team(self) -> "Asked":
        """Return the same request below a team's address, for the team's things of the same names."""
        prefix = next(prefix for prefix in IN_TEAM if self.rule.startswith(prefix))
        arguments = {name: f"{{{name}}}" for name in ARGUMENT.findall(self.rule)}
        return Asked(
            f"{self.method} /teams/<int:team_id>{self.rule.replace(prefix, IN_TEAM[prefix], 1)}",
            self.status,
            query=_team_s(self.query),
            sent={name: _team_s(value) for name, value in self.sent.items()},
            where={name: _team_s(value) for name, value in (arguments | dict(self.where)).items()},
        )


def _team_s(template: str) -> str:
    return NAME.sub(r"{team_\1}", template)


# Every route of the application. To add one: `Asked("GET /its/<int:rule_id>")` with the status that it answers its
# owner if that is not 200, and for a POST what it sends, so that it does something when the owner sends it. A new kind
# of thing gets its row in `give_everything`.
PUBLIC = [
    Asked("GET /", 302),
    Asked("GET /<username>"),
    Asked("GET /<username>/<slug>"),
    Asked("POST /<username>/<slug>"),
    Asked("POST /<username>/<slug>/hold"),
    Asked("GET /team/<username>", where=TEAM_S),
    Asked("GET /team/<username>/<slug>", where=TEAM_S),
    Asked("POST /team/<username>/<slug>", where=TEAM_S),
    Asked("POST /team/<username>/<slug>/hold", where=TEAM_S),
    Asked("GET /auth/forgot"),
    Asked("POST /auth/forgot"),
    Asked("GET /auth/link/<token>", where={"token": "{link}"}),
    Asked("POST /auth/link/<token>", where={"token": "{link}"}),
    *[Asked("GET /booking/<uid>", where={"uid": f"{{{state}}}"}) for state in BOOKINGS],
    *[Asked("GET /booking/<uid>/calendar.ics", where={"uid": f"{{{state}}}"}) for state in BOOKINGS],
    *[Asked("GET /reschedule/<uid>", 302, where={"uid": f"{{{state}}}"}) for state in BOOKINGS],
    Asked("POST /booking/<uid>", where={"uid": "{accepted}"}),
    Asked("GET /calendar/<token>.ics", where={"token": "{feed}"}),
    Asked("GET /docs/webhooks"),
    Asked("GET /docs/webhooks/<name>", where={"name": "verify"}),
    Asked("GET /healthz"),
    # The token of another kind of link.
    Asked("GET /invitations/<token>", 404, where={"token": "{link}"}),
    Asked("POST /invitations/<token>", 404, where={"token": "{link}"}),
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
# What a person owns or a team, with the same views below `/teams/<team_id>`.
OWNED = [
    Asked("GET /availability/why"),
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
    Asked("POST /event-types/new", 422),
    Asked("GET /event-types/<int:event_type_id>/edit"),
    Asked("POST /event-types/<int:event_type_id>/edit", 303, sent={"title": "Changed", "slug": "x", "length": "45"}),
    Asked("GET /event-types/<int:event_type_id>/delete"),
    Asked("POST /event-types/<int:event_type_id>/delete", 303),
    Asked("POST /event-types/<int:event_type_id>/duplicate", 303),
    Asked("POST /event-types/<int:event_type_id>/hidden", 303, sent={"hidden": "y"}),
    Asked("POST /event-types/<int:event_type_id>/move", 303, sent={"direction": "up"}),
    Asked("GET /integrations"),
    Asked("GET /integrations/deliveries", query="webhook={webhook_id}"),
    Asked("GET /integrations/notices/<int:notice_id>", 302),
    Asked("POST /integrations/notices/<int:notice_id>/dismiss", 303),
    Asked("GET /integrations/webhooks/new"),
    Asked("GET /integrations/webhooks/new", query="copy={webhook_id}"),
    Asked("POST /integrations/webhooks/new", 422),
    Asked("POST /integrations/webhooks/ping", 422),
    Asked(
        "POST /integrations/webhooks/ping",
        422,
        query="webhook={webhook_id}",
        sent={"subscriberUrl": "http://10.0.0.7/"},
    ),
    Asked("POST /integrations/webhooks/filter"),
    Asked("POST /integrations/webhooks/filter", query="webhook={webhook_id}", sent={"filterVariable": "title"}),
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
    Asked(f"POST {HOOK}/end-old-key-pair", 303),
    Asked(f"POST {HOOK}/end-old-secret", 303),
    Asked(f"GET {HOOK}/given-up"),
    Asked(f"POST {HOOK}/given-up", 303),
    Asked(f"GET {HOOK}/pause"),
    Asked(f"POST {HOOK}/pause", 303, sent={"pauseHours": "24"}),
    Asked(f"POST {HOOK}/resume", 303),
    Asked(f"GET {HOOK}/replay"),
    Asked(f"POST {HOOK}/replay", 303, sent={"what": "since", "since": "2026-01-01T00:00"}),
    Asked(f"GET {HOOK}/deliveries/<int:delivery_id>/curl"),
    Asked(f"GET {HOOK}/deliveries/<int:delivery_id>/elsewhere"),
    Asked(f"POST {HOOK}/deliveries/<int:delivery_id>/elsewhere", 422, sent={"url": "http://10.0.0.7/"}),
    Asked(f"GET {HOOK}/resend-chosen", query="delivery={delivery_id}"),
    Asked(f"POST {HOOK}/resend-chosen", 303, sent={"delivery": "{delivery_id}"}),
    Asked(f"GET {HOOK}/test"),
    Asked(f"POST {HOOK}/test", 422, sent={"testTrigger": "BOOKING_LOST"}),
    Asked(f"POST {HOOK}/resend-failing", 303, sent={"reason": "500"}),
    Asked(f"GET {HOOK}/resend-failed"),
    Asked(f"POST {HOOK}/resend-failed", 303, sent={"since": "2026-01-01T00:00"}),
    Asked(f"GET {HOOK}/runs/<int:run_id>", 303, where={"webhook_id": "{running}"}),
    Asked(f"POST {HOOK}/runs/<int:run_id>/stop", 303, where={"webhook_id": "{running}"}),
]
TEAM = [asked.of_team for asked in OWNED]
MEMBER = "/teams/<int:team_id>/members/<int:member_id>"
# What only a team has.
OF_A_TEAM = [
    Asked("GET /teams/<int:team_id>", 302),
    Asked("GET /teams/<int:team_id>/members"),
    Asked("GET /teams/<int:team_id>/members/left"),
    Asked("GET /teams/<int:team_id>/members/leave"),
    Asked("POST /teams/<int:team_id>/members/leave", 303),
    Asked("GET /teams/<int:team_id>/members/invite"),
    Asked("POST /teams/<int:team_id>/members/invite", 303, sent={"role": "MEMBER"}),
    Asked(
        "POST /teams/<int:team_id>/members/invitations/<int:invitation_id>/revoke",
        303,
        where={"invitation_id": "{team_invitation_id}"},
    ),
    Asked(f"POST {MEMBER}/role", 303, sent={"role": "ADMIN"}, where=OTHER_MEMBER),
    Asked(f"GET {MEMBER}/hand-over", where=OTHER_MEMBER),
    Asked(f"POST {MEMBER}/hand-over", 303, where=OTHER_MEMBER),
    Asked(f"GET {MEMBER}/remove", where=OTHER_MEMBER),
    Asked(f"POST {MEMBER}/remove", 303, where=OTHER_MEMBER),
    Asked("GET /teams/<int:team_id>/settings"),
    Asked("POST /teams/<int:team_id>/settings", 303, sent={"name": "Changed"}),
    Asked("GET /teams/<int:team_id>/settings/delete"),
    Asked("POST /teams/<int:team_id>/settings/delete", 303),
    Asked(
        "GET /teams/<int:team_id>/event-types/<int:event_type_id>/hosts",
        where={"event_type_id": "{team_event_type_id}"},
    ),
    *[
        asked
        for prefix in ("", "/teams/<int:team_id>")
        for asked in (
            Asked(f"GET {prefix}/bookings/<uid>/reassign", where={"uid": "{team_accepted}"}),
            Asked(f"POST {prefix}/bookings/<uid>/reassign", 303, where={"uid": "{team_accepted}"}),
        )
    ],
]
SIGNED_IN = [
    *OWNED,
    *TEAM,
    Asked("GET /availability"),
    Asked("POST /availability"),
    Asked("GET /availability/new"),
    Asked("POST /availability/new"),
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
    Asked("GET /teams"),
    Asked("GET /teams/new"),
    Asked("POST /teams/new"),
    *OF_A_TEAM,
]
RULES = {"public": PUBLIC, "signed_in": SIGNED_IN, "admin_only": ADMIN_ONLY}
