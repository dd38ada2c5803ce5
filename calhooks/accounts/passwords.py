"""Passwords: what is accepted, and Argon2id hashes of them. Hashing is slow on purpose: never inside a transaction."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from calhooks.text import normal_form

MIN_PASSWORD_LENGTH = 8
MAX_PASSWORD_LENGTH = 200
# At most as many letters and marks become one by NFC: https://www.unicode.org/reports/tr15/.
MAX_LETTERS_IN_ONE = 4

# OWASP's first choice for a server: 46 MiB, one pass, one lane.
_hasher = PasswordHasher(time_cost=1, memory_cost=46 * 1024, parallelism=1)
# The hash of a random password that nobody knows, with the same cost: what an account without one is compared with.
_NOBODYS_HASH = "$argon2id$v=19$m=47104,t=1,p=1$v1aNa/247vwRwlCPwt/Fcw$T0uzqgf47XaVQvyrvs593c5IWufESjRGqK7G2B+6BAo"

# Hashing takes a core and 46 MiB. More than these wait, and more than those are turned away at once, so that people who
# guess passwords never occupy all the threads of the web server, which are 16. A team of ten may log in at one moment.
MAX_HASHING = 2
MAX_HASHING_OR_WAITING = 12
_hashing = threading.BoundedSemaphore(MAX_HASHING)
_hashing_or_waiting = threading.BoundedSemaphore(MAX_HASHING_OR_WAITING)


class HashingBusy(Exception):
    """As many passwords as may be are being hashed or wait for that. A moment later it works."""


def password_problem(password: str, *personal: str) -> str | None:
    """Return the sentence that says why a password is not accepted, or None.

    `personal` is what anybody could guess of the person: name, username, e-mail address.
    """
    password = _normal(password)
    if not password:
        return "Choose a password."
    if len(password) < MIN_PASSWORD_LENGTH:
        return f"Use at least {MIN_PASSWORD_LENGTH} characters."
    if len(password) > MAX_PASSWORD_LENGTH:
        return f"Use at most {MAX_PASSWORD_LENGTH} characters."
    if len(set(password)) == 1:
        return "Use more than one character over and over."
    if password.strip().casefold() in {_normal(text).strip().casefold() for text in personal}:
        return "Choose something other than your name or e-mail address."
    return None


def hash_password(password: str) -> str:
    """Return the Argon2id hash of a password; some 50 ms and 46 MiB. Raises HashingBusy."""
    with _turn():
        return _hasher.hash(_normal(password))


def matches(password_hash: str, password: str) -> bool:
    """Tell whether the hash is of this password, taking as long where there is no hash as where there is one.

    Raises HashingBusy.
    """
    try:
        with _turn():
            _hasher.verify(password_hash or _NOBODYS_HASH, _normal(password))
    except (VerificationError, InvalidHashError):
        return False
    return bool(password_hash)


@contextmanager
def _turn() -> Iterator[None]:
    if not _hashing_or_waiting.acquire(blocking=False):
        raise HashingBusy
    try:
        with _hashing:
            yield
    finally:
        _hashing_or_waiting.release()


def _normal(text: str) -> str:
    # The same letters may arrive composed or decomposed, depending on the keyboard. What is cut off here belongs to a
    # text that is too long for a password however it is composed.
    return normal_form("NFC", text, MAX_LETTERS_IN_ONE * (MAX_PASSWORD_LENGTH + 1))
