"""Tests of how typed text is made tidy or refused, the same for hosts and for those who book them."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import process_time

import email_validator
import pytest
from flask import Flask

from calhooks import ROOT
from calhooks.accounts.details import clean_email, clean_name, known_email
from calhooks.accounts.passwords import matches, password_problem
from calhooks.accounts.usernames import suggestion
from calhooks.scheduling.bookings.metadata import parse_metadata
from calhooks.scheduling.fields import slug_of
from calhooks.text import MAX_EMAIL_LENGTH, MAX_NAME_LENGTH, email_address, one_line, paragraphs, shortened, whole

JUDGES = pytest.mark.parametrize("judge", [email_address, clean_email])

# Marks of two sorts in turns, which have to be put in order.
MARKS = "\u0345\u0327" * 20_000


def booker_name(text: str) -> str:
    return one_line(text, MAX_NAME_LENGTH)


@JUDGES
@pytest.mark.parametrize(
    "email",
    [
        "rick@calendar.local",
        "rick@mail.calendar.local",
        "rick@localhost",
        "rick@app.localhost",
        "rick@example.test",
        "rick@example.invalid",
        "rick@calendar.internal",
        "rick+calls@example.co.uk",
        "ä@exämple.local",
    ],
)
def test_addresses_of_private_networks_and_trials_are_as_good_as_any(judge: Callable[[str], str], email: str) -> None:
    assert judge(email) == email


@JUDGES
@pytest.mark.parametrize(
    "email",
    [
        "rick",
        "rick@",
        "rick@gmail",
        "rick@local",
        "rick@test",
        "rick@.local",
        "rick@-calendar.local",
        "rick@local.",
        "rick@calendar..local",
        "rick@10.0.0.1",
        "a b@calendar.local",
        "a@b@calendar.local",
        "Rick <rick@calendar.local>",
        "rick@calendar.local>",
    ],
)
def test_what_is_no_address_is_quoted_in_the_sentence(judge: Callable[[str], str], email: str) -> None:
    with pytest.raises(ValueError, match="Enter an e-mail address like") as refused:
        judge(email)
    assert f"“{email}”" in str(refused.value)


def test_no_address_at_all_is_asked_for() -> None:
    with pytest.raises(ValueError, match=r"^Enter an e-mail address\.$"):
        email_address("  ")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Ann@Calendar.LOCAL ", "Ann@calendar.local"),
        ("Ann@LOCALHOST", "Ann@localhost"),
        ("Ann@Example.COM", "Ann@example.com"),
        ("Info@example.com", "info@example.com"),
        ("ann@xn--exmple-cua.local", "ann@exämple.local"),
        ("ann@calendar\u3002local", "ann@calendar.local"),
    ],
)
def test_a_booker_keeps_what_was_typed_before_the_at_sign(typed: str, kept: str) -> None:
    assert email_address(typed) == kept
    assert clean_email(typed) == kept.lower()


@pytest.mark.parametrize("end", [".com", ".local"])
def test_an_address_has_its_greatest_length_whatever_its_ending(end: str) -> None:
    host = f"@{'b' * 60}.{'c' * 60}.{'d' * 60}{end}"
    longest = "a" * (MAX_EMAIL_LENGTH - len(host)) + host
    assert email_address(longest) == longest
    with pytest.raises(ValueError, match="Enter an e-mail address like"):
        email_address(f"a{longest}")


def test_the_application_leaves_the_rules_of_the_library_as_they_are(app: Flask) -> None:
    assert {"local", "localhost", "test", "invalid"} <= set(email_validator.SPECIAL_USE_DOMAIN_NAMES)


@pytest.mark.parametrize("judge", [booker_name, clean_name])
@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ann \r\n\t Lee\u2028", "Ann Lee"),
        ("Ann\u202e Lee\u2066", "Ann Lee"),
        ("\u200fד\u05f4ר לוי\u200f", "\u200fד\u05f4ר לוי\u200f"),
        ("é" * MAX_NAME_LENGTH, "é" * MAX_NAME_LENGTH),
    ],
)
def test_names_of_hosts_and_bookers_are_made_tidy_alike(judge: Callable[[str], str], typed: str, kept: str) -> None:
    assert judge(typed) == kept


@pytest.mark.parametrize("name", ["", " ", "\u200b", "\u202e"])
def test_a_name_that_nobody_can_see_is_none(name: str) -> None:
    assert booker_name(name) == ""
    with pytest.raises(ValueError, match=r"^Enter a name\.$"):
        clean_name(name)


def test_a_name_that_is_too_long_is_refused_with_the_length() -> None:
    with pytest.raises(ValueError, match=r"^Use at most 200 characters\.$"):
        clean_name("x" * (MAX_NAME_LENGTH + 1))


@pytest.mark.parametrize("judge", [booker_name, clean_name, email_address, lambda text: paragraphs(text, 99)])
@pytest.mark.parametrize(("letter", "sentence"), [("\0", "NUL"), ("\ud83d", "half a character")])
def test_what_no_database_can_keep_is_refused(judge: Callable[[str], str], letter: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        judge(f"ann{letter}@example.com")


def test_what_is_shown_is_cut_and_never_refused() -> None:
    assert shortened("Ann\0\r\nBcc: eve\u202e \ud83d", 99) == "Ann Bcc: eve \ufffd"
    assert shortened("four words of text", 11) == "four words…"
    assert shortened("Ann\u200e Lee\u200f\u061c", 99) == "Ann Lee"


def test_halves_of_a_character_become_it() -> None:
    assert whole("\ud83d\ude00 \ud83d") == "😀 \ufffd"
    assert parse_metadata([("metadata[a]", "\ud83d\ude00")]) == {"a": "😀"}


@pytest.mark.parametrize(
    "judge",
    [email_address, known_email, clean_name, booker_name, suggestion, slug_of, password_problem, partial(matches, "")],
)
@pytest.mark.parametrize("text", [f"a{MARKS}", f"a{MARKS}@example.com", f"a@b{MARKS}.com"])
def test_thousands_of_marks_on_one_letter_take_no_time(judge: Callable[[str], object], text: str) -> None:
    began = process_time()
    with suppress(ValueError):
        judge(text)
    assert process_time() - began < 0.5


def test_nothing_puts_letters_together_without_a_limit() -> None:
    sources = [path for path in (ROOT / "calhooks").rglob("*.py") if "unicodedata.normalize" in path.read_text()]
    assert [path.name for path in sources] == ["text.py"]
