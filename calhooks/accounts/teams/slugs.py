"""Team slugs: the part of a team's public address after /team/. They have the form of usernames."""

import re

from calhooks.accounts.teams.models import MAX_TEAM_SLUG_LENGTH
from calhooks.accounts.usernames import PATTERN
from calhooks.text import MAX_NAME_LENGTH, normal_form


def clean_team_slug(text: str) -> str:
    """Return a slug as it is stored: in lower case, without spaces around it."""
    return text.strip().lower()


def team_slug_problem(slug: str) -> str | None:
    """Return the sentence that says why a cleaned slug is not accepted, or None."""
    if not slug:
        return "Enter a slug, such as sales."
    if len(slug) > MAX_TEAM_SLUG_LENGTH:
        return f"Use at most {MAX_TEAM_SLUG_LENGTH} characters."
    if not PATTERN.fullmatch(slug):
        return "Use letters a to z, digits, dashes and underscores; begin and end with a letter or a digit."
    return None


def suggested_team_slug(name: str) -> str:
    """Return a slug made from a team's name ("Café Sales" gives "cafe-sales"), "" if nothing is left of it."""
    plain = normal_form("NFKD", name, MAX_NAME_LENGTH).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9_]+", "-", plain).strip("-_")[:MAX_TEAM_SLUG_LENGTH].strip("-_")
