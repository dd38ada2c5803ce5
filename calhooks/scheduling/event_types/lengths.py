"""Lengths of time in minutes: the longest allowed, and how people say them."""

HOUR_MINUTES = 60
DAY_MINUTES = 24 * HOUR_MINUTES
# In minutes. Event types are held to them, so that a search for overlaps has an end.
MAX_LENGTH = 1_440
MAX_BUFFER = 1_440


def length_of_time(length: int) -> str:
    """Return a length of time from minutes, as people say it: 45 minutes, 2 hours, 3 days."""
    for unit, size in (("day", DAY_MINUTES), ("hour", HOUR_MINUTES)):
        if length >= size and length % size == 0:
            return f"{length // size} {unit}{'' if length == size else 's'}"
    return f"{length} minute{'' if length == 1 else 's'}"
