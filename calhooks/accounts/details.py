"""The details of an account: made tidy, with a sentence for each that cannot be used."""

from calhooks.text import MAX_NAME_LENGTH, email_address, one_line


def clean_name(text: str) -> str:
    """Return a name on one line. Raises ValueError with a sentence for the person."""
    name = one_line(text, MAX_NAME_LENGTH)
    if not name:
        raise ValueError("Enter a name.")
    return name


def clean_email(text: str) -> str:
    """Return an e-mail address as it is stored, in lower case. Raises ValueError with a sentence for the person."""
    return email_address(text).lower()
