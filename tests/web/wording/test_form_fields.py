"""Tests of how form bodies are shown."""

import pytest

from calhooks.web.wording.bodies import MAX_FORM_FIELDS, form_fields

FORM = "application/x-www-form-urlencoded"


def test_fields_are_decoded_in_order_and_json_values_are_laid_out() -> None:
    fields = form_fields(b"b=a+%26&a=&payload=%7B%22x%22%3A1%7D&b=2", f"{FORM}; charset=utf-8")
    assert fields is not None
    assert [(name, value) for name, value, _ in fields] == [
        ("b", "a &"),
        ("a", ""),
        ("payload", '{"x":1}'),
        ("b", "2"),
    ]
    assert [laid_out is not None for _, _, laid_out in fields] == [False, False, True, False]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"a=1", "application/json"),
        (b"a=1", ""),
        (b"", FORM),
        (b"\xff=1", FORM),
        (b"&".join([b"a=1"] * (MAX_FORM_FIELDS + 1)), FORM),
    ],
)
def test_what_is_no_form_is_shown_as_text(body: bytes, content_type: str) -> None:
    assert form_fields(body, content_type) is None


def test_control_characters_of_a_value_can_be_seen() -> None:
    assert form_fields(b"a=%00%1b%FF", FORM) == [("a", "���", None)]
