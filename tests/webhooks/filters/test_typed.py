"""A filter as typed: what is refused and with which sentence, and what is kept."""

import pytest

from calhooks.webhooks.filters.conditions import FilterCondition, FilterMatch, FilterOperator, WebhookFilter
from calhooks.webhooks.filters.typed import (
    TypedCondition,
    TypedFilter,
    filter_errors,
    filter_to_keep,
    typed_filter_of,
)

PRO = TypedCondition("metadata.plan", "is", "pro")


def error_of(variable: str, operator: str, value: str) -> str | None:
    errors = filter_errors(TypedFilter([TypedCondition(""), TypedCondition(variable, operator, value)]))
    assert set(errors) <= {"filter.1"}
    return errors.get("filter.1")


@pytest.mark.parametrize(
    ("variable", "operator", "value", "sentence"),
    [
        ("", "is", "pro", "Enter a variable"),
        ("metadata.plan", "is", " ", "Enter a value"),
        ("metadata.plan", "is_one_of", ", ,", "with commas"),
        ("metadata.plan", "resembles", "pro", "Choose a comparison"),
        ("metadata.seats", "at_least", "many", "needs a number"),
        ("metadata.seats", "at_most", "2026-02-30", "needs a number"),
        ("metadata.plan is", "is", "pro", "not a variable"),
        ("upper title", "is", "pro", "not a variable"),
        ("metadata.[plan", "is", "pro", "not a variable"),
        ("@index", "is", "1", "not a variable"),
        ("../title", "is", "1", "not a variable"),
        ("a}} {{b", "is", "1", "not a variable"),
        ("title\0", "is", "1", "one line"),
        ("title", "is", "a\nb", "one line"),
        ("title", "is", "\ud800", "one line"),
        ("title", "is", "x" * 501, "more than 500"),
        ("metadata." + "x" * 200, "is", "x", "more than 200"),
    ],
)
def test_each_mistake_is_named_at_its_row(variable: str, operator: str, value: str, sentence: str) -> None:
    assert sentence in (error_of(variable, operator, value) or "")


@pytest.mark.parametrize(
    ("variable", "operator", "value"),
    [("{{ metadata.plan }}", "is", "pro"), ("location", "is_set", ""), ("startTime", "at_least", "2026-12-01")],
)
def test_what_can_be_judged_is_accepted(variable: str, operator: str, value: str) -> None:
    assert error_of(variable, operator, value) is None


def test_too_many_conditions_are_refused_once() -> None:
    assert filter_errors(TypedFilter([PRO] * 20)) == {}
    assert filter_errors(TypedFilter([PRO] * 21)) == {"filter.20": "A webhook has at most 20 conditions."}
    assert filter_errors(TypedFilter([TypedCondition("")] * 61)) == {
        "filter.60": "A webhook has at most 20 conditions."
    }


def test_a_match_that_is_not_offered_is_refused() -> None:
    assert list(filter_errors(TypedFilter([PRO], "some"))) == ["filterMatch"]


def test_blank_rows_braces_and_values_that_are_not_asked_for_are_left_out() -> None:
    rows = [
        TypedCondition(""),
        TypedCondition(" {{ metadata.plan }} ", "is", " pro "),
        TypedCondition("location", "is_set", "x"),
    ]
    kept = filter_to_keep(TypedFilter(rows, "any"), WebhookFilter())
    assert kept.conditions == (
        FilterCondition("metadata.plan", FilterOperator.IS, "pro"),
        FilterCondition("location", FilterOperator.IS_SET),
    )
    assert (kept.match, bool(kept.since)) == (FilterMatch.ANY, True)


def test_a_form_without_a_filter_or_with_the_same_one_keeps_what_is_stored() -> None:
    stored = WebhookFilter(
        (FilterCondition("metadata.plan", FilterOperator.IS, "pro"),), since="2026-01-01T00:00:00+00:00"
    )
    assert filter_to_keep(None, stored) is stored
    assert filter_to_keep(typed_filter_of(stored), stored) is stored
    assert not filter_to_keep(TypedFilter([]), stored)
