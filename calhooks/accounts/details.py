"""The details of an account: made tidy, with a sentence for each that cannot be used."""

import re

from calhooks.text import MAX_NAME_LENGTH, email_address, one_line

_LIKE_AN_ADDRESS = re.compile(r"[!-?A-~]+@[!-?A-~]+")


def clean_name(text: str) -> str:
    """Return a name on one line. Raises ValueError with a sentence for the person."""
    name = one_line(text, MAX_NAME_LENGTH)
    if not name:
        raise ValueError("Enter a name.")
    return name


def clean_email(text: str) -> str:
    """Return an e-mail address as it is stored, in lower case. Raises ValueError with a sentence for the person."""
    return email_address(text).lower()


def known_email(text: str) -> str:
    """Return an e-mail address as an account may have it, in lower case. Raises ValueError as clean_email does.

    Accounts keep an address that could no longer be chosen, such as rick@intranet from an earlier version.
    """
    typed = text.strip()
    return typed.lower() if _LIKE_AN_ADDRESS.fullmatch(typed) else clean_email(text)
