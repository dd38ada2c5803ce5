from datetime import UTC, datetime
from typing import Any

import pytest

from calhooks.scheduling.bookings.submission import Submission, TypedSubmission, check_submission
from calhooks.scheduling.errors import InvalidInput


def check(**values: Any) -> Submission:
    typed = {
        "start": "2026-03-05T09:00:00Z",
        "time_zone": "Asia/Calcutta",
        "name": "Ann Lee",
        "email": "ann@example.com",
    }
    return check_submission(TypedSubmission(**(typed | values)))


def errors(**values: Any) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refused:
        check(**values)
    return refused.value.errors


def test_a_form_is_tidied() -> None:
    form = check(
        name="  Ann\t Lee\n",
        email=" Ann@EXAMPLE.com ",
        notes="One\r\nTwo ",
        guests=["", "bob@example.com", " ", "BOB@example.com", "ann@example.com"],
    )
    assert (form.name, form.email, form.notes) == ("Ann Lee", "Ann@example.com", "One\nTwo")
    assert form.guests == ("bob@example.com",)
    assert (form.time_zone, form.locale) == ("Asia/Kolkata", "en")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ann\u202e Lee\u2066", "Ann Lee"),
        ("\u200fד\u05f4ר לוי\u200f", "\u200fד\u05f4ר לוי\u200f"),
        ("👩\u200d💻 Ann", "👩\u200d💻 Ann"),
    ],
)
def test_a_name_turns_nothing_round_that_stands_beside_it(typed: str, kept: str) -> None:
    assert check(name=typed).name == kept


@pytest.mark.parametrize("name", ["\u200b", "\u202e", "\u2060 \u00ad"])
def test_a_name_that_nobody_can_see_is_none(name: str) -> None:
    assert errors(name=name) == {"name": "Enter your name."}


@pytest.mark.parametrize(
    "start", ["2026-03-05T09:00:00Z", "2026-03-05T09:00:00.000Z", "2026-03-05T10:00:00+01:00", "2026-03-05T09:00"]
)
def test_a_start_is_a_moment_in_iso_8601(start: str) -> None:
    assert check(start=start).start == datetime(2026, 3, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "start",
    [
        "",
        "tomorrow",
        "2026-13-05T09:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "\0",
    ],
)
def test_what_is_no_moment_is_said_at_the_start(start: str) -> None:
    assert list(errors(start=start)) == ["start"]


def test_every_wrong_field_has_its_sentence_under_the_forms_own_name() -> None:
    found = errors(
        start="x",
        time_zone="Mars/Olympus",
        name=" ",
        email="nobody",
        notes="x" * 5_001,
        guests=["bob@"],
        reschedule_reason="x" * 2_001,
    )
    assert set(found) == {"start", "timeZone", "name", "email", "notes", "guests", "rescheduleReason"}
    assert all(sentence.endswith(".") for sentence in found.values())
    assert "bob@" in found["guests"]


@pytest.mark.parametrize("email", ["", "a", "a@b", "Ann <ann@example.com>", "ann@example..com", "a b@example.com"])
def test_an_address_must_be_one(email: str) -> None:
    assert list(errors(email=email)) == ["email"]


def test_ten_guests_are_enough() -> None:
    guests = [f"guest{number}@example.com" for number in range(11)]
    assert len(check(guests=guests[:10]).guests) == 10
    assert "10" in errors(guests=guests)["guests"]


@pytest.mark.parametrize("name", ["name", "email", "notes", "reschedule_reason", "time_zone"])
def test_a_nul_is_refused(name: str) -> None:
    assert len(errors(**{name: "ann\0@example.com"})) == 1


def test_names_have_at_most_two_hundred_characters() -> None:
    assert len(check(name="é" * 200).name) == 200
    assert list(errors(name="é" * 201)) == ["name"]


@pytest.mark.parametrize(
    ("tag", "kept"), [("fr", "fr"), ("pt-BR", "pt-BR"), ("", "en"), ("x" * 17, "en"), ("a b", "en")]
)
def test_a_locale_is_a_plain_tag_or_the_default(tag: str, kept: str) -> None:
    assert check(locale=tag).locale == kept
