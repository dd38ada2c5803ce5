"""Random names that cannot be guessed."""

import base64
import secrets

# Digits and letters without the ones that look alike.
ID_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
UID_LENGTH = 22
# A secret as Standard Webhooks writes it; the browser makes the same.
STANDARD_PREFIX = "whsec_"
STANDARD_BYTES = 24


def new_uid() -> str:
    """Return a booking's uid: 22 letters and digits, 128 random bits."""
    number = secrets.randbits(128)
    letters = []
    for _ in range(UID_LENGTH):
        number, place = divmod(number, len(ID_LETTERS))
        letters.append(ID_LETTERS[place])
    return "".join(letters)


def new_message_id() -> str:
    """Return a `webhook-id`: `msg_` and 128 random bits."""
    return f"msg_{new_uid()}"


def new_secret() -> str:
    """Return a Standard Webhooks secret: `whsec_` and 24 random bytes in base64."""
    return STANDARD_PREFIX + base64.b64encode(secrets.token_bytes(STANDARD_BYTES)).decode()


def new_token() -> str:
    """Return a one-time token for a link: 256 random bits, safe in a URL."""
    return secrets.token_urlsafe(32)
