"""Event types as their form makes them."""

from typing import Any

from calhooks.accounts.models import User
from calhooks.accounts.owners import owner_of
from calhooks.db import writing
from calhooks.scheduling.event_types.editing import create_event_type, update_event_type
from calhooks.scheduling.event_types.form import CheckedEventType, TypedEventType, check_event_type
from calhooks.scheduling.models.event_types import EventType


def create(host: User, **values: Any) -> EventType:
    """Make one from a form that says nothing but a title, a length and these."""
    with writing() as session:
        return create_event_type(session, owner_of(host), _filled_in(values))


def update(event_type: EventType, host: User, **values: Any) -> EventType:
    """Change one by the same form."""
    with writing() as session:
        return update_event_type(session, owner_of(host), event_type.id, _filled_in(values))


def _filled_in(values: dict[str, Any]) -> CheckedEventType:
    return check_event_type(TypedEventType(**({"title": "Quick chat", "length": 30} | values)))
