import pytest

from calhooks.scheduling.assignment.turns import Choice, Reason
from calhooks.web.wording.assignment import why_chosen, why_next

THREE = {"1": 0.3, "2": 0.3, "3": 0.3}


@pytest.mark.parametrize(
    ("reason", "shares", "sentence"),
    [
        (Reason.ONLY_ONE, {"2": 1.0}, "Bob was the only host free."),
        (Reason.PRIORITY, {"2": 1.0}, "Bob had the highest priority of the 3 free hosts."),
        (Reason.WEIGHT, THREE, "Of the 3 free hosts, Bob was furthest behind their share of the month’s bookings."),
        (
            Reason.WEIGHT,
            {"2": 0.5, "3": 0.5},
            "Of the 2 free hosts with the highest priority, Bob was furthest behind their share of the month’s "
            "bookings.",
        ),
        (
            Reason.LEAST_RECENTLY,
            THREE,
            "No free host was further behind their share of the month’s bookings than Bob, who had waited longest.",
        ),
    ],
)
def test_a_booking_says_why_its_host_was_chosen(reason: Reason, shares: dict[str, float], sentence: str) -> None:
    # As it is read from the database.
    record = {"host": 2, "reason": str(reason), "shares": shares, "free": 3, "month": "2026-03"}
    assert why_chosen(record, "Bob") == sentence


@pytest.mark.parametrize(
    ("reason", "shares", "sentence"),
    [
        (Reason.ONLY_ONE, {2: 1.0}, "Nobody else can be chosen."),
        (Reason.PRIORITY, {2: 1.0}, "Bob has the highest priority of 3 hosts."),
        (
            Reason.WEIGHT,
            {2: 0.5, 3: 0.5},
            "Of 2 hosts with the highest priority, Bob is furthest behind their share of this month’s bookings.",
        ),
        (
            Reason.LEAST_RECENTLY,
            {1: 0.3, 2: 0.3, 3: 0.3},
            "No host is further behind their share of this month’s bookings than Bob, who has waited longest.",
        ),
    ],
)
def test_a_page_says_why_a_host_is_next(reason: Reason, shares: dict[int, float], sentence: str) -> None:
    assert why_next(Choice(2, reason, shares), "Bob", 3) == sentence
