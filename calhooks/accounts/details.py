"""The details of an account: made tidy, with a sentence for each that cannot be used."""

import re
import unicodedata

import email_validator

# Addresses inside somebody's own network (rick@calendar.local) are as good as any; the library documents this list as
# the place to say so.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()

LONGEST_NAME = 200


def clean_name(text: str) -> str:
    """Return a name on one line."""
    printable = "".join(" " if unicodedata.category(letter) in ("Cc", "Zl", "Zp") else letter for letter in text)
    return re.sub(r"\s+", " ", printable).strip()


def name_problem(name: str) -> str | None:
    """Return the sentence that says why a cleaned name is not accepted, or None."""
    if not name:
        return "Enter a name."
    if len(name) > LONGEST_NAME:
        return f"Use at most {LONGEST_NAME} characters."
    return None


def clean_email(text: str) -> str:
    """Return an e-mail address as it is stored, in lower case. Raises ValueError with a sentence for the person."""
    text = text.strip()
    if not text:
        raise ValueError("Enter an e-mail address.")
    try:
        parts = email_validator.validate_email(text, check_deliverability=False, globally_deliverable=False)
    except email_validator.EmailNotValidError as error:
        raise ValueError("Enter an e-mail address like name@example.com.") from error
    return parts.normalized.lower()
