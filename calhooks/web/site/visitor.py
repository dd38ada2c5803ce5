"""What is known about somebody who books without an account: a random id, a language, a time zone."""

import re

from flask import request, session
from werkzeug.wrappers import Response

from calhooks import ids
from calhooks.locales import DEFAULT_LOCALE, LOCALES
from calhooks.zones import UnknownZone, canonical_zone

VISITOR = "visitor"
# Set by static/js/public/visitor.js to what the browser says.
ZONE_COOKIE = "calhooks_zone"
# Set there too, and without a script by a link with `timeFormat`: 12 or 24 hours.
CLOCK_COOKIE = "calhooks_clock"
CLOCKS = ("12", "24")
COOKIE_MAX_AGE_SECONDS = 365 * 86_400


def visitor_id() -> str:
    """Return the random id of this browser's session, new for a new one."""
    if VISITOR not in session:
        # Two first requests at once share what the session does have.
        session[VISITOR] = session.get("csrf_token") or ids.new_uid()
    known: str = session[VISITOR]
    return known


def known_visitor() -> str:
    """Return this browser's id if it has one already."""
    known: str = session.get(VISITOR, "")
    return known


def visitor_locale() -> str:
    """Return the language that the browser likes best, as the accounts write theirs, `en` when it names none."""
    for tag in request.accept_languages.values():
        if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", tag):
            continue
        language, _, region = tag.partition("-")
        exact = f"{language.lower()}-{region.upper()}"
        return exact if exact in LOCALES else language.lower()
    return DEFAULT_LOCALE


def visitor_zone() -> str:
    """Return the canonical zone that the browser told us of, empty before its script has run."""
    return read_zone(request.cookies.get(ZONE_COOKIE, ""))


def clock_hours() -> str:
    """Return how this browser wants hours written, "12" or "24"."""
    known = request.cookies.get(CLOCK_COOKIE, "")
    return known if known in CLOCKS else "24"


def keep_clock(hours: str, answer: Response) -> Response:
    """Have the browser remember how it wants hours written; anything but 12 or 24 changes nothing."""
    if hours in CLOCKS:
        answer.set_cookie(CLOCK_COOKIE, hours, max_age=COOKIE_MAX_AGE_SECONDS, samesite="Lax")
    return answer


def read_zone(name: str) -> str:
    """Return the canonical name of a time zone, empty for what is none."""
    try:
        return canonical_zone(name)
    except UnknownZone:
        return ""
