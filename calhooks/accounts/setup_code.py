"""The one-time code that the setup page asks for where strangers could reach it first."""

import hashlib
import hmac

from calhooks.config import Config

# Thirty-two letters and digits without the ones that look alike.
CODE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CODE_LENGTH = 8


def setup_code(config: Config) -> str:
    """Return the code to print at the start, such as "7KQ2-M9XA".

    It follows from the secret key, so that every process knows the same one, and is worth nothing after the setup.
    """
    digest = hmac.digest(config.secret_key.encode(), b"calhooks setup code", hashlib.sha256)
    letters = "".join(CODE_LETTERS[byte % len(CODE_LETTERS)] for byte in digest[:CODE_LENGTH])
    return f"{letters[:4]}-{letters[4:]}"


def is_right(config: Config, typed: str) -> bool:
    """Tell whether the code was typed, in whatever letter case, with or without the dash."""
    tidy = "".join(letter for letter in typed.upper() if letter.isalnum())
    return hmac.compare_digest(tidy.encode(), setup_code(config).replace("-", "").encode())
