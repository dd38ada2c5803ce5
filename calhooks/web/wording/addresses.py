"""Where people find what can be booked: the public pages of a person or a team, and of an event type."""

from flask import url_for

from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Team
from calhooks.scheduling.models.event_types import EventType


def profile_path(holder: User | Team) -> str:
    """Return the path of a person's or a team's page."""
    if isinstance(holder, Team):
        return url_for("team_profile.show", username=holder.slug)
    return url_for("profile.show", username=holder.username)


def booking_path(bookable: EventType) -> str:
    """Return the path of an event type's booking page."""
    holder = bookable.holder
    if isinstance(holder, Team):
        return url_for("team_booker.event_type", username=holder.slug, slug=bookable.slug)
    return url_for("booker.event_type", username=holder.username, slug=bookable.slug)
