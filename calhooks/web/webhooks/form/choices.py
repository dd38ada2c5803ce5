"""What the webhook box offers to choose from: event types, bookings and samples to try, the account's variables."""

from collections.abc import Iterator, Sequence

from sqlalchemy import select
from wtforms.fields import SelectChoice

from calhooks.accounts.owners import Owner
from calhooks.accounts.teams.models import Membership
from calhooks.db import db
from calhooks.scheduling.bookings.lookups import recent_bookings
from calhooks.scheduling.event_types.lookups import list_choosable
from calhooks.scheduling.event_types.questions import asked
from calhooks.scheduling.models.bookings import Booking
from calhooks.web.site.access import account
from calhooks.web.wording.times import clock_time, in_zone, short_day
from calhooks.webhooks.body.samples import Sample
from calhooks.webhooks.editor.account_variables import Known, known_to
from calhooks.webhooks.models import Scope, Webhook

SCOPES = {Scope.ALL: "All event types", Scope.CHOSEN: "Selected only"}
# For a person who is in a team.
SCOPES_BESIDE_TEAMS = {Scope.ALL: "Everything", Scope.OWN: "My own only", Scope.CHOSEN: "Selected only"}


def scopes(owner: Owner, webhook: Webhook | None) -> list[SelectChoice]:
    """Return the scopes that make a difference, and the one that is stored."""
    beside_teams = owner.team_id is None and (_is_in_team(owner) or (webhook and webhook.scope == Scope.OWN))
    offered = SCOPES_BESIDE_TEAMS if beside_teams else SCOPES
    return [SelectChoice(str(scope), label) for scope, label in offered.items()]


def event_types(owner: Owner, webhook: Webhook | None) -> list[SelectChoice]:
    """Return the event types that a webhook can be told of; the group of a team's is the team's name."""
    chosen = (webhook.event_type_ids or ()) if webhook else ()
    return [
        SelectChoice(each.id, each.title, optgroup=each.team.name if each.team and owner.team_id is None else None)
        for each in list_choosable(db.session(), owner, chosen)
    ]


def offered_ids(webhooks: Sequence[Webhook]) -> set[int]:
    """Return the event types that one owner's webhooks chose and can still be told of."""
    chosen = {number for webhook in webhooks for number in webhook.event_type_ids or ()}
    if not chosen:
        return set()
    offered = list_choosable(db.session(), webhooks[0].belongs_to, chosen)
    return chosen & {event_type.id for event_type in offered}


def previews(owner: Owner) -> list[SelectChoice]:
    """Return what can be previewed: sample bookings, and the owner's latest ones."""
    return [
        *(SelectChoice(value, label) for value, label in _samples(owner)),
        *(SelectChoice(booking.uid, _in_words(booking)) for booking in recent_bookings(db.session(), owner)),
    ]


def known_to_owner(whose: Owner) -> Known:
    """Return what the bookings of an account bring, and what is asked by the event types that it is told of."""
    questions = [
        (question.identifier, question.label)
        for event_type in list_choosable(db.session(), whose)
        for question in asked(event_type)
    ]
    return known_to(db.session(), whose, questions)


def _samples(owner: Owner) -> Iterator[tuple[str, str]]:
    of_team = owner.team_id is not None
    yield "", "Sample booking, every host attends" if of_team else "Sample booking"
    if not of_team and _is_in_team(owner):
        yield str(Sample.COLLECTIVE), "Sample team booking, every host attends"
    if of_team or _is_in_team(owner):
        yield str(Sample.ROUND_ROBIN), f"Sample {'' if of_team else 'team '}booking, one host attends"


def _is_in_team(owner: Owner) -> bool:
    return db.session.scalar(select(Membership.id).filter_by(user_id=owner.user_id).limit(1)) is not None


def _in_words(booking: Booking) -> str:
    start = in_zone(booking.start_time, account().time_zone)
    names = [attendee.name or attendee.email for attendee in booking.attendees[:1]]
    return " · ".join((*names, booking.title, f"{short_day(start)}, {clock_time(start)}"))
