"""Variables that no event has, and values that they never have, named at the row with what was probably meant."""

import pytest

from calhooks.webhooks.editor.account_variables import Known
from calhooks.webhooks.editor.filter_variables import misnamed, near_metadata
from calhooks.webhooks.filters.typed import TypedCondition, TypedFilter

KNOWN = Known({"plan": "pro", "user id": "7"}, {"company": ("Company", "Acme")})


def said(variable: str, operator: str = "is", value: str = "x") -> str:
    typed = TypedFilter([TypedCondition(""), TypedCondition(variable, operator, value)])
    return misnamed(typed, lambda: KNOWN).get(1, "")


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("metdata.plan", "metadata.plan"),
        ("plan", "metadata.plan"),
        ("attendees.email", "attendees.0.email"),
        ("lenght", "length"),
        ("payload.title", "title"),
        ("company", "responses.company.value"),
    ],
)
def test_a_name_that_no_event_has_comes_with_what_was_meant(variable: str, meant: str) -> None:
    assert said(variable) == f"There is no {variable}. Did you mean {meant}?"


@pytest.mark.parametrize(
    ("variable", "operator", "value", "sentence"),
    [
        ("length", "is", "long", "length is a number."),
        ("length", "is_one_of", "15, long", "length is a number."),
        ("startTime", "at_least", "30", "startTime is a time."),
        ("attendees.0.noShow", "is", "yes", "attendees.0.noShow is true or false."),
        ("status", "is", "accepted", "status is never accepted. Did you mean ACCEPTED?"),
        ("status", "is_not", "confirmed", "status is never confirmed. Did you mean ACCEPTED?"),
        ("triggerEvent", "is_one_of", "BOOKING_CREATED, BOOKING_CANCELED", "triggerEvent is never BOOKING_CANCELED. "),
        ("schedulingType", "is", "x", "schedulingType is never x. Its values are COLLECTIVE, ROUND_ROBIN."),
        ("attendees", "is", "ann@example.com", "attendees has several values."),
        ("responses.company", "is", "Acme", "Compare the answer: responses.company.value."),
    ],
)
def test_a_value_that_a_variable_never_has_is_named(variable: str, operator: str, value: str, sentence: str) -> None:
    assert said(variable, operator, value).startswith(sentence)


@pytest.mark.parametrize(
    ("variable", "operator", "value"),
    [
        ("metadata.new_key", "is", "x"),
        ("metadata.[user id]", "is", "7"),
        ("responses.other.value", "contains", "x"),
        ("attendees", "contains", "@example.com"),
        ("attendees.3.email", "is", "x"),
        ("attendees.length", "at_least", "2"),
        ("team.members", "is_set", ""),
        ("status", "is_one_of", "ACCEPTED, PENDING"),
        ("triggerEvent", "ends_with", "CANCELLED"),
        ("length", "is", "30"),
        ("startTime", "starts_with", "2026-12"),
        ("attendees.0.noShow", "is", "true"),
    ],
)
def test_what_an_event_can_have_is_accepted(variable: str, operator: str, value: str) -> None:
    assert said(variable, operator, value) == ""


def test_the_bookings_are_asked_for_only_where_a_name_leads_nowhere() -> None:
    typed = TypedFilter([TypedCondition("metadata.plan", "is", "pro")])
    assert misnamed(typed, lambda: pytest.fail("asked")) == {}


def test_a_key_that_is_nearly_one_that_bookings_brought_is_hinted_at() -> None:
    typed = TypedFilter([TypedCondition("metadata.plann", "is", "pro"), TypedCondition("metadata.plan", "is", "pro")])
    assert list(near_metadata(typed, KNOWN)) == [
        "No booking has brought metadata.plann yet. Did you mean metadata.plan?"
    ]
