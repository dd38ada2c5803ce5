"""Usernames: the first part of a person's public address, so they share a room with every page of the site."""

import re

from calhooks.text import MAX_NAME_LENGTH, normal_form

MAX_USERNAME_LENGTH = 64
PATTERN = re.compile(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?")

# The first parts of the addresses that exist.
_ROUTED = """
    setup login logout integrations event-types availability bookings team teams invitations booking reschedule healthz
    readyz metrics
    static api auth settings profile account admin embed docs d .well-known
"""
# Those that may exist one day, and what would mislead as somebody's address.
_KEPT_FREE = """
    about accounts administrator app apps assets billing calendar calendars calhooks cancel connect css dashboard
    deliveries edit error errors event-type events explore favicon feed feeds forgot-password getting-started health
    help home htmx ical ics images img index insights install invite invites js legal link links mail manifest new null
    oauth org organization organizations orgs password people plugins privacy public register reject robots root router
    routing-forms schedule schedules search security sessions share sign-in sign-out sign-up signin signout signup
    sitemap sso status success support system terms undefined upgrade upload uploads user users verify video
    webhook webhooks well-known workflow workflows www
"""
RESERVED_USERNAMES = frozenset((_ROUTED + _KEPT_FREE).split())


def clean(text: str) -> str:
    """Return a username as it is stored: in lower case, without spaces around it."""
    return text.strip().lower()


def username_problem(username: str) -> str | None:
    """Return the sentence that says why a cleaned username is not accepted, or None."""
    if not username:
        return "Choose a username."
    if len(username) > MAX_USERNAME_LENGTH:
        return f"Use at most {MAX_USERNAME_LENGTH} characters."
    if username in RESERVED_USERNAMES:
        return f"“{username}” is an address of this site. Choose another one."
    if not PATTERN.fullmatch(username):
        return "Use letters a to z, digits, dashes and underscores; begin and end with a letter or a digit."
    return None


def suggestion(text: str) -> str:
    """Return an acceptable username made from a name ("Ann Lee" gives "ann-lee"), "" where nothing can be made."""
    plain = normal_form("NFKD", text, MAX_NAME_LENGTH).encode("ascii", "ignore").decode().lower()
    username = re.sub(r"[^a-z0-9_]+", "-", plain).strip("-_")[:MAX_USERNAME_LENGTH].strip("-_")
    return "" if username_problem(username) else username
