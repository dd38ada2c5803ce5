"""The tables of triggers and variables, and the bodies shown, are those of the code."""

import json
import re

from calhooks.config import DEFAULT_RETRY_SCHEDULE
from calhooks.events import DEFAULT_TRIGGERS, Trigger
from calhooks.webhooks.body.payload import template_context
from calhooks.webhooks.body.samples import Sample, sample_body
from calhooks.webhooks.editor.catalogue import CATALOGUE, DocumentedVariable, Group
from calhooks.webhooks.template import ContentType, compile_template
from tests.documents.reading import blocks, first_column, page, section

PAYLOAD = page("payload")


def test_the_triggers_are_listed_in_order_with_the_default_ones_marked() -> None:
    table = section(page("README"), "Triggers")
    assert first_column(table) == [str(trigger) for trigger in Trigger]
    marked = re.findall(r"^\| `(\w+)` \| .*on by default", table, re.MULTILINE)
    assert marked == [str(trigger) for trigger in DEFAULT_TRIGGERS]


def test_the_retry_schedule_is_the_default_one() -> None:
    sentence = re.search(r"tried again after ([^.]*?), each varied", page("retries"))
    assert sentence is not None
    assert re.findall(r"\d+", sentence[1]) == re.findall(r"\d+", DEFAULT_RETRY_SCHEDULE)


def test_the_body_is_the_one_that_is_sent() -> None:
    assert json.loads(blocks(section(PAYLOAD, "The body"), "json")[0]) == sample_body(Trigger.BOOKING_CREATED)


def variable_rows() -> str:
    """Return the table of variables as the catalogue has it."""
    lines = []
    for group in Group:
        lines += [f"### {group}", "", "| variable | type | what | when |", "|---|---|---|---|"]
        for variable in CATALOGUE:
            if variable.group == group:
                lines.append(f"| `{variable.path}` | {variable.type} | {variable.meaning} | {when(variable)} |")
        lines.append("")
    return "\n".join(lines).rstrip()


def when(variable: DocumentedVariable) -> str:
    """Say for which triggers a variable is there."""
    words = ["team bookings"] if variable.of_team else ["optional"] if variable.optional else []
    missing = [trigger for trigger in Trigger if trigger not in variable.sometimes]
    if len(missing) > len(variable.sometimes):
        words.append(" ".join(f"`{trigger}`" for trigger in Trigger if trigger in variable.sometimes))
    elif missing:
        words.append("not " + " ".join(f"`{trigger}`" for trigger in missing))
    return "; ".join(words) or "always"


def test_a_team_booking_has_what_the_document_says() -> None:
    part = section(PAYLOAD, "Team bookings")
    team, rendered, reassigned = map(json.loads, blocks(part, "json"))
    bodies = [
        sample_body(Trigger.BOOKING_CREATED, sample=Sample.COLLECTIVE),
        sample_body(Trigger.BOOKING_RESCHEDULED, sample=Sample.ROUND_ROBIN),
    ]
    for shown, body in zip((team, reassigned), bodies, strict=True):
        assert shown.items() <= body["payload"].items()
    (template,) = blocks(part, "handlebars")
    assert json.loads(compile_template(template, ContentType.JSON).render(template_context(bodies[0]))) == rendered
    assert not {*team, "reassignedFrom"} & sample_body(Trigger.BOOKING_RESCHEDULED)["payload"].keys()


def test_the_variables_are_those_of_the_catalogue() -> None:
    assert variable_rows() in section(PAYLOAD, "Variables")


def test_what_a_trigger_adds_is_what_its_event_has() -> None:
    part = section(PAYLOAD, "What a trigger adds")
    found = re.findall(r"^`(\w+)` has .*?```json\n(.*?)```", part, re.MULTILINE | re.DOTALL)
    assert len(found) == 5
    for trigger, shown in found:
        payload = sample_body(Trigger(trigger))["payload"]
        assert json.loads(shown).items() <= payload.items()
