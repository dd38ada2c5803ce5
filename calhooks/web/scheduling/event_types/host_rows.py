"""The hosts of a team's event type in its form: a row for each member, in the order in which hosts are listed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import Field

from calhooks.accounts.teams.models import Membership
from calhooks.scheduling.event_types.host_form import DEFAULT_WEIGHT, TypedHost
from calhooks.scheduling.models.event_types import EventType, EventTypeHost, Priority
from calhooks.web.http.row_numbers import counted
from calhooks.web.wording.assignment import PRIORITY_NAMES

# Sent by the form with its boxes, of which unticked ones send nothing.
SHOWN = "hostRows"
# More than a team has members; a bound for a form that nobody typed.
MAX_HOST_IDS = 1_000


@dataclass
class HostRow:
    """A member as the form shows them: `weight` as typed, and a sentence for each field that is wrong."""

    id: int
    name: str
    is_host: bool = False
    is_fixed: bool = False
    priority: str = Priority.MEDIUM.name.lower()
    weight: str = str(DEFAULT_WEIGHT)
    priority_error: str = ""
    weight_error: str = ""


class Hosts(Field):  # type: ignore[misc]  # wtforms has no types
    """The rows, hosts first, and what the buttons beside them do.

    `sentence` is for the hosts as a whole; `moved` is who was just moved up.
    """

    priorities = tuple((priority.name.lower(), name) for priority, name in reversed(PRIORITY_NAMES.items()))

    def __init__(self, label: str, **options: Any) -> None:
        super().__init__(label, **options)
        self.rows: list[HostRow] = []
        self.sentence = ""
        self.moved: int | None = None

    def process(self, formdata: Any, *_data: object, **_filters: object) -> None:
        """Keep what was sent until `offer` says who the members are."""
        self.sent = formdata

    def offer(self, members: Sequence[Membership], event_type: EventType | None) -> None:
        """Make a row for each member: as sent, or as stored where no hosts were."""
        stored = {place.membership_id: place for place in event_type.hosts} if event_type else {}
        rows = {each.id: _stored_row(each, stored.get(each.id)) for each in members}
        order = [number for number in stored if number in rows]
        if _was_sent(self.sent):
            order = [number for text in _sent_ids(self.sent, "hosts") if (number := counted(text)) in rows]
            fixed = {counted(text) for text in _sent_ids(self.sent, "fixedHosts")}
            for row in rows.values():
                row.is_host, row.is_fixed = row.id in order, row.id in fixed
                row.priority = self.sent.get(f"hostPriority-{row.id}", row.priority)
                row.weight = self.sent.get(f"hostWeight-{row.id}", row.weight)
        self.rows = [rows[number] for number in dict.fromkeys([*order, *rows])]

    def typed(self) -> tuple[TypedHost, ...] | None:
        """Return what was typed, None where the form says nothing of hosts."""
        if not _was_sent(self.sent):
            return None
        fixed = set(_sent_ids(self.sent, "fixedHosts"))
        return tuple(
            TypedHost(text, text in fixed, self.sent.get(f"hostPriority-{text}"), self.sent.get(f"hostWeight-{text}"))
            for text in _sent_ids(self.sent, "hosts")
        )

    def change(self, sent: MultiDict[str, str]) -> bool:
        """Move a host up where the button for that was pressed; tell whether it was."""
        number = counted(sent.get("raiseHost", ""))
        place = next((place for place, row in enumerate(self.rows) if row.id == number and row.is_host), 0)
        if place:
            self.rows.insert(place - 1, self.rows.pop(place))
            self.moved = number
        return "raiseHost" in sent

    def show(self, errors: Mapping[str, str]) -> None:
        """Put each sentence at its row, and say above the form whose row it is."""
        self.sentence = errors.get(self.name, "")
        said = [self.sentence] if self.sentence else []
        for row in self.rows:
            row.priority_error = errors.get(f"hostPriority-{row.id}", "")
            row.weight_error = errors.get(f"hostWeight-{row.id}", "")
            said += [f"{row.name}: {sentence}" for sentence in (row.priority_error, row.weight_error) if sentence]
        self.errors = said


def _was_sent(sent: Any) -> bool:
    return bool(sent) and ("hosts" in sent or SHOWN in sent)


def _sent_ids(sent: Any, name: str) -> list[str]:
    return [text.strip() for text in sent.getlist(name)[:MAX_HOST_IDS]]


def _stored_row(member: Membership, place: EventTypeHost | None) -> HostRow:
    row = HostRow(member.id, member.user.name)
    if place is not None:
        row.is_host, row.is_fixed = True, place.is_fixed
        row.priority, row.weight = Priority(place.priority).name.lower(), str(place.weight)
    return row
