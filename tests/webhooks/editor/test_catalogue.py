"""The catalogue of variables is true: it has what is sent, by the triggers that send it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from calhooks.events import Trigger
from calhooks.webhooks.body.payload import build_payload, template_context
from calhooks.webhooks.body.samples import BASE_URL, Sample, sample_body, sample_event
from calhooks.webhooks.editor.catalogue import CATALOGUE, Group, absent_for, may_be_missing
from calhooks.webhooks.editor.event_shape import root
from calhooks.webhooks.template import compile_template
from calhooks.webhooks.template.syntax.scopes import EVENT_LISTS
from calhooks.webhooks.template.values.values import MISSING, lookup

TYPES = {
    "string": str,
    "time": str,
    "number": int,
    "boolean": bool,
    "object": dict,
    "Person": dict,
    "Person[]": list,
    "string[]": list,
    "any": object,
}
BY_PATH = {variable.path: variable for variable in CATALOGUE}


def leaves(value: object, path: str = "") -> Iterator[str]:
    """Give the path of every value, the first of each list for all."""
    if isinstance(value, dict) and path not in ("metadata", "userFieldsResponses"):
        named = {"name": value["name"]} if path == "responses" else value
        for key, item in named.items():
            yield from leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and path in ("attendees", "team.hosts"):
        yield from leaves(value[0], f"{path}.0")
    else:
        yield path


def context(trigger: Trigger, **changes: object) -> dict[str, object]:
    """Return what a template sees of a team's booking, which was reassigned where it was rescheduled."""
    moved = trigger is Trigger.BOOKING_RESCHEDULED
    event = sample_event(trigger, Sample.ROUND_ROBIN if moved else Sample.COLLECTIVE)
    return template_context(build_payload(replace(event, **changes), BASE_URL))


@pytest.mark.parametrize("trigger", Trigger)
def test_everything_that_is_sent_is_listed_for_its_trigger(trigger):
    for path in leaves(context(trigger)):
        assert trigger in BY_PATH[path].sometimes, path


@pytest.mark.parametrize("trigger", Trigger)
def test_what_is_always_there_is_there_even_in_a_bare_booking(trigger):
    bare = {"description": "", "location": "", "event_type_id": None, "team": None, "metadata": {}}
    bare |= {"scheduling_type": "", "reassigned_from": None, "reassign_reason": "", "reassigned_by": ""}
    bare |= {"reschedule_reason": "", "rescheduled_by": "", "cancellation_reason": "", "cancelled_by": ""}
    seen = context(trigger, **bare)
    for variable in CATALOGUE:
        there = compile_template(f'{{"there": {{{{{variable.path}}}}}}}').render(seen) != b'{"there": null}'
        if trigger in variable.always:
            assert there, variable.path


@pytest.mark.parametrize("variable", CATALOGUE, ids=lambda variable: variable.path)
def test_a_type_and_a_sample_are_those_of_a_value(variable):
    path = tuple(variable.path.split("."))
    values = [lookup(context(trigger), path) for trigger in Trigger if trigger in variable.sometimes]
    there = [value for value in values if value is not MISSING]
    assert there
    assert all(isinstance(value, TYPES[variable.type]) for value in there)
    assert variable.sample
    assert root().follow(tuple(variable.path.split("."))) is not None


def test_groups_follow_their_order_and_paths_stand_once():
    order = [list(Group).index(variable.group) for variable in CATALOGUE]
    assert order == sorted(order)
    assert len(BY_PATH) == len(CATALOGUE)


def test_what_a_trigger_never_has_is_known():
    created, moved, cancelled = Trigger.BOOKING_CREATED, Trigger.BOOKING_RESCHEDULED, Trigger.BOOKING_CANCELLED
    assert absent_for(BY_PATH["cancelledBy"], [cancelled, moved, created]) == [created, moved]
    assert not may_be_missing(BY_PATH["rescheduleUid"], [moved])
    assert may_be_missing(BY_PATH["rescheduleUid"], [moved, cancelled])
    assert absent_for(BY_PATH["rescheduleUid"], [created]) == []
    assert may_be_missing(BY_PATH["rescheduleUid"], [created])
    assert may_be_missing(BY_PATH["location"], [created])
    assert not may_be_missing(BY_PATH["title"], Trigger)


def test_what_only_team_bookings_have_is_known():
    of_team = [variable for variable in CATALOGUE if variable.of_team]
    personal = {trigger: template_context(sample_body(trigger)) for trigger in Trigger}
    for variable in of_team:
        assert not {variable.path.split(".")[0]} & set().union(*personal.values()), variable.path
    missing = [variable.path for variable in of_team if may_be_missing(variable, Trigger, for_team=True)]
    assert missing == [variable.path for variable in of_team if variable.path.startswith("reassign")]


def test_samples_are_those_of_the_sample_booking():
    assert BY_PATH["title"].sample == sample_body(Trigger.PING)["payload"]["title"]
    assert BY_PATH["attendees.0.noShow"].sample == "false"


def test_the_lists_of_an_event_are_those_whose_items_are_numbered_in_a_template():
    lists = {tuple(variable.path.split(".")) for variable in CATALOGUE if variable.type.endswith("[]")}
    assert lists == set(EVENT_LISTS)
