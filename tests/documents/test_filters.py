"""The conditions shown are met, or not, as the page about filters says."""

import re

import pytest

from calhooks.events import Trigger
from calhooks.scheduling.bookings.lookups import RECENT_BOOKINGS
from calhooks.webhooks.body.samples import sample_body
from calhooks.webhooks.editor.account_variables import Known
from calhooks.webhooks.editor.filter_variables import misnamed
from calhooks.webhooks.filters.conditions import MAX_CONDITIONS, FilterCondition, FilterOperator
from calhooks.webhooks.filters.matching import JudgedEvent, meets_condition
from calhooks.webhooks.filters.typed import TypedCondition, TypedFilter, filter_errors
from tests.documents.reading import page, section

FILTERS = page("filters")
OPERATORS = {operator.in_words: operator for operator in FilterOperator}
ROWS = re.findall(r"^\| `([^`]+)` \| ([\w ]+) \| (?:`([^`]+)`)? ?\| (yes|no) \|$", FILTERS, re.MULTILINE)


@pytest.mark.parametrize(("variable", "comparison", "value", "met"), ROWS)
def test_every_condition_is_met_as_it_says(variable: str, comparison: str, value: str, met: str) -> None:
    operator = OPERATORS[comparison]
    typed = TypedFilter([TypedCondition(variable, operator, value)])
    assert (filter_errors(typed), misnamed(typed, Known)) == ({}, {})
    sample = JudgedEvent(sample_body(Trigger.BOOKING_CREATED))
    assert meets_condition(FilterCondition(variable, operator, value), sample) is (met == "yes")


def test_every_comparison_is_shown() -> None:
    assert {comparison for _, comparison, _, _ in ROWS} == set(OPERATORS)
    assert len(ROWS) == section(FILTERS, "How values compare").count("\n| `")


def test_the_limits_are_those_that_hold() -> None:
    assert f"at most {MAX_CONDITIONS} conditions" in FILTERS
    assert f"your last {RECENT_BOOKINGS} bookings" in FILTERS


def test_what_is_said_of_missing_variables_holds_for_every_comparison() -> None:
    sample = JudgedEvent(sample_body(Trigger.BOOKING_CREATED))
    met = [
        operator.in_words
        for operator in FilterOperator
        if meets_condition(FilterCondition("metadata.gone", operator, "1"), sample)
    ]
    assert f"meets “{met[0]}”, “{met[1]}”\n  and “{met[2]}”, and nothing else" in FILTERS
    assert len(met) == 3
