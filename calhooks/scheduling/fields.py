"""What several forms ask for: made tidy, or refused with a sentence for the place where it was typed."""

import re
from datetime import date

from calhooks.scheduling.errors import InvalidInput
from calhooks.scheduling.models.event_types import MAX_SLUG_LENGTH, MAX_TITLE_LENGTH
from calhooks.text import checked, normal_form, one_line, paragraphs

MAX_REASON_LENGTH = 2_000
MAX_PHONE_LENGTH = 40
FEWEST_PHONE_DIGITS = 5
_PHONE = re.compile(r"\+?[\d\s()./-]+", re.ASCII)


def phone_number(text: str) -> str:
    """Return a phone number as it was typed, empty for none. Raises ValueError."""
    number = one_line(text, MAX_PHONE_LENGTH)
    if number and (not _PHONE.fullmatch(number) or sum(letter.isdigit() for letter in number) < FEWEST_PHONE_DIGITS):
        raise ValueError("Enter a phone number like +44 20 7946 0958.")
    return number


def slug_of(title: str) -> str:
    """Return an address made of a title: "Quick chat!" gives "quick-chat". Empty when nothing of it can be used."""
    plain = normal_form("NFKD", title, MAX_TITLE_LENGTH).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:MAX_SLUG_LENGTH].strip("-")


def checked_reason(name: str, text: str) -> str:
    """Return the reason that was given for something, perhaps none. Raises InvalidInput under the field's name."""
    errors: dict[str, str] = {}
    given = checked(errors, name, lambda typed: paragraphs(typed, MAX_REASON_LENGTH), text)
    if given is None:
        raise InvalidInput(errors)
    return given


def day(text: str) -> date:
    """Return a day that was typed into a date field. Raises ValueError."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError("Enter a day.") from None
