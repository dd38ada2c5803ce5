"""The form of a team's event type: a person's, with hosts, how they take turns, and whose hours hold."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, RadioField
from wtforms.fields.choices import SelectChoice

from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Membership
from calhooks.scheduling.event_types.form import TypedEventType
from calhooks.scheduling.event_types.host_form import TypedTeamPart
from calhooks.scheduling.models.event_types import EventType, LocationKind, SchedulingType
from calhooks.scheduling.models.schedules import Schedule
from calhooks.web.scheduling.event_types.form import EventTypeForm, stored_fields
from calhooks.web.scheduling.event_types.host_rows import SHOWN, Hosts
from calhooks.web.wording.assignment import SCHEDULING_TYPE_NAMES

LOCATIONS_OF_TEAMS = (
    (LocationKind.LINK, "Online, at a link"),
    (LocationKind.IN_PERSON, "In person"),
    (LocationKind.HOST_PHONE, "Attendees call a number"),
    (LocationKind.ATTENDEE_PHONE, "A host calls the attendee"),
    (LocationKind.SOMEWHERE_ELSE, "Other, or not specified"),
)


class TeamEventTypeForm(EventTypeForm):
    """What can be set about a team's event type."""

    scheduling_type = RadioField(
        "Who attends",
        name="schedulingType",
        choices=[SelectChoice(str(kind), label) for kind, label in SCHEDULING_TYPE_NAMES.items()],
        default=str(SchedulingType.ROUND_ROBIN),
        validate_choice=False,
    )
    hosts = Hosts("Hosts")
    keeps_host = BooleanField("Keep the host when a booking is rescheduled", name="keepsHost", default=True)
    requires_confirmation = BooleanField("Each booking needs a host’s confirmation", name="requiresConfirmation")
    hidden = BooleanField("Hide from the team’s public page")

    def __init__(self, editor: User, **options: Any) -> None:
        super().__init__(**options)
        self.editor = editor

    def offer_to_team(
        self, members: Sequence[Membership], schedules: Sequence[Schedule], event_type: EventType | None
    ) -> None:
        """Fill the lists to choose from. Other members' schedules keep their names to themselves."""
        self.offer(schedules)
        self._offer_locations()
        self.hosts.offer(members, event_type)
        choices: list[tuple[object, str]] = [("", "Each host’s own hours")]
        choices += [(schedule.id, f"Your schedule “{schedule.name}” for all hosts") for schedule in schedules]
        stored = event_type.schedule if event_type else None
        if stored is not None and stored.owner_id != self.editor.id:
            choices.append((stored.id, "Another member’s schedule for all hosts (set now)"))
        self.schedule.choices = choices

    def change(self, sent: MultiDict[str, str]) -> bool:
        """Do what a button beside a host, a place or a question asks for; tell whether one was pressed."""
        changed = super().change(sent) or self.hosts.change(sent)
        self._offer_locations()
        return changed

    def values(self, sent: MultiDict[str, str]) -> TypedEventType:
        """Return what was typed. Hosts and the switch stay as they are where the form does not have them."""
        part = TypedTeamPart(
            schedules_of=self.editor.id,
            scheduling_type=sent.get("schedulingType"),
            hosts=self.hosts.typed(),
            keeps_host=self.keeps_host.data if SHOWN in sent or "keepsHost" in sent else None,
            own_hours="schedule" in sent and self.schedule.data is None,
        )
        return replace(super().values(sent), team=part)

    def _offer_locations(self) -> None:
        """Say of every place, also of one that was just added, what it is to a team."""
        for field in (self.location_kind, *(row.form.kind for row in self.places)):
            field.choices = [SelectChoice(str(kind), label) for kind, label in LOCATIONS_OF_TEAMS]


def team_form_for(
    event_type: EventType | None, editor: User, members: Sequence[Membership], schedules: Sequence[Schedule]
) -> TeamEventTypeForm:
    """Return the form as it opens for a member who edits, or with what was typed when it was sent."""
    team_fields = ("scheduling_type", "keeps_host")
    stored = stored_fields(event_type) | {name: getattr(event_type, name) for name in team_fields} if event_type else {}
    form = TeamEventTypeForm(editor, data=stored)
    form.offer_to_team(members, schedules, event_type)
    return form
