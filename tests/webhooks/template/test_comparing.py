"""What is equal, what comes first and what contains what, in conditions and in filters alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calhooks.webhooks.template.values.comparing import contains, equal, less
from calhooks.webhooks.template.values.values import MISSING

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["30", "true"])
)
values = scalars | st.lists(scalars, max_size=3) | st.dictionaries(st.text(max_size=2), scalars, max_size=2)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("pro", "pro"),
        (30, 30),
        (30, 30.0),
        ("30", 30),
        ("-1.50", -1.5),
        ("true", True),
        (False, "false"),
        (MISSING, None),
        (MISSING, ""),
        (None, ""),
        (0, -0.0),
    ],
)
def test_these_are_equal_in_both_orders(a, b):
    assert equal(a, b)
    assert equal(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("pro", "Pro"),
        ("30", "30.0"),
        ("007", 7),
        ("1e3", 1000),
        (" 30", 30),
        ("٣", 3),
        (1, True),
        ("1", True),
        ("", 0),
        ("", False),
        (None, 0),
        (MISSING, False),
        ([], []),
        ({}, {}),
        ([], ""),
        (["a"], "a"),
        (float("nan"), float("nan")),
        ("9" * 5000, 1),
    ],
)
def test_these_are_not_equal_in_either_order(a, b):
    assert not equal(a, b)
    assert not equal(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [(9, 10), ("9", 10), ("9", "10"), (-1, "0.5"), ("ann", "bob"), ("2026-03-05T09:00:00Z", "2026-03-06"), ("9", "a")],
)
def test_the_first_comes_before_the_second_and_not_the_other_way_round(a, b):
    assert less(a, b) is True
    assert less(b, a) is False
    assert less(a, a) is False


@pytest.mark.parametrize(
    ("a", "b"), [("a", 1), (None, 1), (MISSING, 1), ("", 1), ("", "a"), (True, 2), ([1], [2]), (float("nan"), 1)]
)
def test_these_have_no_order(a, b):
    assert less(a, b) is None
    assert less(b, a) is None


@pytest.mark.parametrize(
    ("container", "item"),
    [
        (["a", "b"], "b"),
        (["30"], 30),
        (["", "a"], MISSING),
        ("a VIP call", "VIP"),
        ("room 12", 12),
        ("x is true", True),
        ("2.5 h", 2.5),
        ({"plan": "pro"}, "plan"),
    ],
)
def test_this_contains_that(container, item):
    assert contains(container, item)


@pytest.mark.parametrize(
    ("container", "item"),
    [
        (["ab"], "a"),
        ("abc", ""),
        ("abc", MISSING),
        ("abc", None),
        ("abc", ["a"]),
        ("a vip call", "VIP"),
        ({"plan": "pro"}, "pro"),
        ({}, ""),
        (MISSING, "a"),
        (None, None),
        (123, 2),
        ([["a"]], ["a"]),
        ([], "a"),
    ],
)
def test_this_does_not_contain_that(container, item):
    assert not contains(container, item)


@given(values, values)
def test_whatever_is_compared_there_is_an_answer_that_does_not_contradict_itself(a, b):
    assert equal(a, b) is equal(b, a)
    if less(a, b):
        assert not equal(a, b)
        assert less(b, a) is False
    assert contains(a, b) in (True, False)
