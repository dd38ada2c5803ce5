"""Text that somebody typed: made tidy, or refused with a sentence for the place where it was typed."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from typing import TypeVar

from email_validator import EmailNotValidError, validate_email

from calhooks.scheduling.errors import InvalidInput

MAX_EMAIL_LENGTH = 320
MAX_REASON_LENGTH = 2_000
MAX_SLUG_LENGTH = 100
NUL_REFUSED = "A NUL character is not allowed here."
MAX_PHONE_LENGTH = 40
FEWEST_PHONE_DIGITS = 5
_PHONE = re.compile(r"\+?[\d\s()./-]+", re.ASCII)
# They would turn round what stands beside a name. The marks of Arabic and Hebrew text do not and are kept.
_BIDI_CONTROLS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])

Typed = TypeVar("Typed")
Checked = TypeVar("Checked")


def checked(errors: dict[str, str], name: str, check: Callable[[Typed], Checked], typed: Typed) -> Checked | None:
    """Return what `check` makes of what was typed, or None with its ValueError's sentence under the field's name."""
    try:
        return check(typed)
    except ValueError as error:
        errors[name] = str(error)
        return None


def one_line(text: str, longest: int) -> str:
    """Return text on one line, without control characters but a NUL, which is refused; empty when nothing of it can be
    seen. Raises ValueError."""
    _refuse_nul(text)
    spaced = "".join(" " if unicodedata.category(letter) in ("Cc", "Zl", "Zp") else letter for letter in text)
    tidy = " ".join(spaced.translate(_BIDI_CONTROLS).split())
    seen = any(unicodedata.category(letter) not in ("Cf", "Zs") for letter in tidy)
    return _no_longer_than(tidy, longest) if seen else ""


def paragraphs(text: str, longest: int) -> str:
    """Return text of several lines, which end in a line feed whatever the browser sent. Raises ValueError."""
    _refuse_nul(text)
    return _no_longer_than(text.replace("\r\n", "\n").strip(), longest)


def email_address(text: str) -> str:
    """Return an e-mail address with its domain in lower case; nothing is looked up. Raises ValueError."""
    _refuse_nul(text)
    if not text.strip():
        raise ValueError("Enter an e-mail address.")
    try:
        address = validate_email(text.strip(), check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise ValueError(f"“{text.strip()[:80]}” is not an e-mail address. Enter one like ann@example.com.") from error
    return _no_longer_than(address, MAX_EMAIL_LENGTH)


def phone_number(text: str) -> str:
    """Return a phone number as it was typed, empty for none. Raises ValueError."""
    number = one_line(text, MAX_PHONE_LENGTH)
    if number and (not _PHONE.fullmatch(number) or sum(letter.isdigit() for letter in number) < FEWEST_PHONE_DIGITS):
        raise ValueError("Enter a phone number like +44 20 7946 0958.")
    return number


def slug_of(title: str) -> str:
    """Return an address made of a title: "Quick chat!" gives "quick-chat". Empty when nothing of it can be used."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:MAX_SLUG_LENGTH].strip("-")


def reason(name: str, text: str) -> str:
    """Return the reason that was given for something, perhaps none. Raises InvalidInput under the field's name."""
    errors: dict[str, str] = {}
    given = checked(errors, name, lambda typed: paragraphs(typed, MAX_REASON_LENGTH), text)
    if given is None:
        raise InvalidInput(errors)
    return given


def _refuse_nul(text: str) -> None:
    if "\0" in text:
        raise ValueError(NUL_REFUSED)


def _no_longer_than(text: str, longest: int) -> str:
    if len(text) > longest:
        raise ValueError(f"Use at most {longest:,} characters.")
    return text


def day(text: str) -> date:
    """Return a day that was typed into a date field. Raises ValueError."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError("Enter a day.") from None
