"""What the page for people from Cal.com says about calhooks is so."""

import re

import pytest

from calhooks.events import Trigger
from calhooks.webhooks.body.samples import Sample, sample_body
from calhooks.webhooks.editor.account_variables import Known
from calhooks.webhooks.editor.event_shape import root
from calhooks.webhooks.editor.former_names import has_no_counterpart
from calhooks.webhooks.editor.remarks import remarks
from calhooks.webhooks.template import ContentType, compile_template
from tests.documents.reading import first_column, page, section

COMING = page("coming-from-calcom")
# Of Cal.com alone, as the table says.
NOT_HERE = {"customInputs", "smsReminderNumber"}


def names(text: str) -> list[str]:
    return re.findall(r"`([A-Z_]{8,})`", text)


def test_every_trigger_is_compared() -> None:
    assert set(first_column(section(COMING, "Triggers"))) == {str(trigger) for trigger in Trigger}


def test_triggers_that_are_not_sent_are_none_of_ours() -> None:
    others = names(COMING.split("not sent here: ")[1].split("\n\n")[0])
    assert len(others) == 15
    assert not {*others} & {*Trigger}


def test_every_field_that_is_compared_is_there_or_is_said_to_be_absent() -> None:
    fields = first_column(section(COMING, "Fields"))
    for field in fields:
        assert (root().follow(tuple(field.split("."))) is None) == (field in NOT_HERE), field
    assert {*fields} >= NOT_HERE


def test_what_has_no_counterpart_is_in_no_body() -> None:
    named = re.findall(r"`([\w.]+)`", COMING.split("no counterpart here: ")[1].split("\n\n")[0])
    assert len(named) > 8
    sent = {key for trigger in Trigger for sample in Sample for key in sample_body(trigger, sample=sample)["payload"]}
    assert not {*named} & sent
    assert all(map(has_no_counterpart, named))


def test_answers_that_are_said_to_be_absent_are_absent() -> None:
    said = re.findall(r"`responses\.(\w+)`", COMING.split("Of the answers, ")[1].split(":")[0])
    assert len(said) == 2
    assert not {*said} & {*sample_body(Trigger.BOOKING_RESCHEDULED)["payload"]["responses"]}


def offered() -> list[tuple[str, str]]:
    return re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|$", section(COMING, "Names from elsewhere"), re.MULTILINE)


@pytest.mark.parametrize(("written", "variable"), offered())
def test_the_preview_offers_what_the_page_says(written: str, variable: str) -> None:
    template = compile_template(f"{{{{{written}}}}}", ContentType.TEXT)
    assert [remark.instead for remark in remarks(template, list(Trigger), Known())] == [variable]


def test_a_meeting_has_the_whole_body_and_every_body_the_keys_that_the_page_promises() -> None:
    for trigger in Trigger:
        body = sample_body(trigger)
        assert {*body} == {"triggerEvent", "createdAt", "payload"}
        assert {"metadata", "uid", "startTime", "responses", "iCalUID"} <= {*body["payload"]}
