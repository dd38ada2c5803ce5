"""What each comparison says of values as events have them."""

import pytest

from calhooks.events import Trigger
from calhooks.webhooks.body.samples import Sample, sample_body
from calhooks.webhooks.filters.conditions import (
    FilterCondition,
    FilterMatch,
    FilterOperator,
    WebhookFilter,
    stored_filter,
)
from calhooks.webhooks.filters.matching import JudgedEvent, lets_through, meets, meets_condition, unmet

METADATA = {"plan": "pro", "seats": "12", "due": "2026-03-05", "empty": "", "user id": "7", "code": "007"}


def event(**metadata: str) -> JudgedEvent:
    body = sample_body(Trigger.BOOKING_CREATED, sample=Sample.COLLECTIVE)
    body["payload"]["metadata"] = METADATA | metadata
    return JudgedEvent(body)


def holds(variable: str, operator: str, value: str = "") -> bool:
    return meets_condition(FilterCondition(variable, FilterOperator(operator), value), event())


@pytest.mark.parametrize(
    ("variable", "operator", "value"),
    [
        ("metadata.plan", "is", "pro"),
        ("metadata.[user id]", "is", "7"),
        ("metadata.plan", "is_not", "free"),
        ("metadata.gone", "is_not", "pro"),
        ("metadata.plan", "is_one_of", "free, pro"),
        ("length", "is", "30"),
        ("length", "is_one_of", "15,30"),
        ("length", "at_least", "30"),
        ("length", "at_most", "30.0"),
        ("metadata.seats", "at_least", "5"),
        ("metadata.seats", "at_most", "100"),
        ("startTime", "at_least", "2026-03-05"),
        ("startTime", "at_most", "2026-03-05T10:00:00+01:00"),
        ("startTime", "is", "2026-03-05T10:00:00+01:00"),
        ("createdAt", "at_least", "2026-03-01T10:02:11Z"),
        ("metadata.due", "at_most", "2026-03-05T00:00:00Z"),
        ("title", "contains", "chat"),
        ("title", "does_not_contain", "Chat"),
        ("attendees", "contains", "@example.com"),
        ("attendees", "does_not_contain", "email"),
        ("responses.guests.value", "contains", "bob@"),
        ("team.members", "contains", "Beth"),
        ("attendees[0].email", "ends_with", "@example.com"),
        ("attendees.0.email", "starts_with", "ann@"),
        ("location", "is_set", ""),
        ("attendees.length", "at_least", "2"),
        ("metadata.empty", "is_not_set", ""),
        ("metadata.gone", "is_not_set", ""),
        ("rescheduleUid", "is_not_set", ""),
    ],
)
def test_a_condition_holds(variable: str, operator: str, value: str) -> None:
    assert holds(variable, operator, value)


@pytest.mark.parametrize(
    ("variable", "operator", "value"),
    [
        ("metadata.plan", "is", "Pro"),
        ("metadata.gone", "is", "pro"),
        ("metadata.code", "is", "7"),
        ("metadata.plan", "is_not", "pro"),
        ("metadata.plan", "is_one_of", "free,team"),
        ("length", "at_least", "31"),
        ("metadata.seats", "at_most", "5"),
        # As texts, "pro" comes after "5" and before "x".
        ("metadata.plan", "at_least", "5"),
        ("metadata.plan", "at_most", "5"),
        ("metadata.gone", "at_least", "0"),
        ("metadata.gone", "at_most", "0"),
        ("startTime", "at_most", "2026-03-05T08:59:59Z"),
        ("startTime", "at_least", "30"),
        ("title", "contains", "lunch"),
        ("length", "contains", "5"),
        ("metadata.gone", "contains", "a"),
        ("metadata.gone", "starts_with", "a"),
        ("metadata.empty", "is_set", ""),
        ("metadata.gone", "is_set", ""),
        ("location", "is_not_set", ""),
        ("organizer", "is", "Rick"),
    ],
)
def test_a_condition_does_not_hold(variable: str, operator: str, value: str) -> None:
    assert not holds(variable, operator, value)


def test_all_or_any_of_the_conditions_have_to_be_met() -> None:
    met = FilterCondition("metadata.plan", FilterOperator.IS, "pro")
    not_met = FilterCondition("length", FilterOperator.AT_LEAST, "60")
    seen = event()
    assert meets(WebhookFilter([met]), seen)
    assert not meets(WebhookFilter([met, not_met]), seen)
    assert meets(WebhookFilter([not_met, met], FilterMatch.ANY), seen)
    assert not meets(WebhookFilter([not_met], FilterMatch.ANY), seen)
    assert unmet(WebhookFilter([met, not_met]), seen) == ("length", "30")


def test_a_filter_without_conditions_lets_everything_through() -> None:
    assert meets(WebhookFilter(match=FilterMatch.ANY), event())
    assert WebhookFilter().to_store() is None
    assert lets_through(None, event())


def test_a_filter_is_read_as_it_was_stored_and_said_in_words() -> None:
    conditions = (
        FilterCondition("metadata.plan", FilterOperator.IS, "pro"),
        FilterCondition("length", FilterOperator.AT_LEAST, "30"),
        FilterCondition("location", FilterOperator.IS_SET),
    )
    kept = WebhookFilter(conditions, FilterMatch.ANY, "2026-03-01T10:00:00+00:00")
    read = stored_filter(kept.to_store())
    assert (read, read.since) == (kept, kept.since)
    assert read.in_words == "metadata.plan is pro or length is at least 30 or location is set"


@pytest.mark.parametrize("stored", [{"match": "some"}, {"match": "all", "conditions": [{"variable": "a"}]}, {"x": 1}])
def test_a_filter_that_cannot_be_read_loses_no_delivery(
    stored: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    assert lets_through(stored, event())
    assert "the event is sent" in caplog.text


@pytest.mark.parametrize("value", ["2026-02-30", "2026-13-01", "9" * 500, "1e400", "NaN", "-0", "½", "[", "{{", "\\"])
def test_no_value_makes_a_comparison_fail(value: str) -> None:
    for operator in FilterOperator:
        for variable in ("startTime", "length", "metadata.due", "attendees", "metadata.gone", "metadata.huge"):
            seen = event(huge=value)
            assert meets_condition(FilterCondition(variable, operator, value), seen) in (True, False)
