"""Whose turn it is among hosts who are free: by priority, then by weight, then by who was booked longest ago.

Weights are shares of the bookings that a host was free for. Each booking owes every host who was free, and of the
highest priority among those, the host's part of one: weight / the sum of weights. Whoever is chosen has had one whole.
What a host is owed less what the host has had is the `credit`. As a host who is away is owed nothing, nobody comes back
to a debt.

Chosen is, of those who would not get ahead of their share by it, the one who would be a whole booking behind soonest.
Where the same hosts are always free, this is the quota method (M. L. Balinski and H. P. Young, "The Quota Method of
Apportionment", American Mathematical Monthly 82, 1975): after every booking each has had a number that is less than one
from their share.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

# Sums of parts such as 1/3 differ in their last digits.
DIGITS = 9
# Before all times at which somebody was booked.
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Turn:
    """A host who is free. `credit` is in bookings, `last_booked_at` None for one who was never booked."""

    key: int
    priority: int
    weight: int
    credit: float
    last_booked_at: datetime | None


class Reason(StrEnum):
    """What decided: nobody else was free, or priority, share, the longest time since the last booking, or a person."""

    ONLY_ONE = "only_one"
    PRIORITY = "priority"
    WEIGHT = "weight"
    LEAST_RECENTLY = "least_recently"
    BY_HAND = "by_hand"


@dataclass(frozen=True, slots=True)
class Choice:
    """Whose turn it is and what decided. `shares` are the parts of a booking that hosts are owed, by their keys."""

    key: int
    reason: Reason
    shares: dict[int, float] = field(repr=False)


def choose(turns: Sequence[Turn]) -> Choice:
    """Return whose turn it is, of at least one; those who are alike in everything take it in the order given."""
    highest = max(turn.priority for turn in turns)
    among = [turn for turn in turns if turn.priority == highest]
    shares = _shares(among)
    behind = {turn.key: round(turn.credit + shares[turn.key], DIGITS) for turn in among}
    due = {turn.key: round((1 - behind[turn.key]) / shares[turn.key], DIGITS) for turn in among}
    owed = [turn for turn in among if behind[turn.key] > 0] or among
    soonest = min(due[turn.key] for turn in owed)
    first = [turn for turn in owed if due[turn.key] == soonest]
    chosen = min(first, key=lambda turn: turn.last_booked_at or LONG_AGO)
    return Choice(chosen.key, _reason(len(turns), len(among), len(first)), shares)


def chosen_by_hand(turns: Sequence[Turn], key: int) -> Choice:
    """Return the choice of a host whom a person named, who counts among the hosts of the same priority."""
    priority = next(turn.priority for turn in turns if turn.key == key)
    return Choice(key, Reason.BY_HAND, _shares([turn for turn in turns if turn.priority == priority]))


def _shares(among: Sequence[Turn]) -> dict[int, float]:
    whole = sum(turn.weight for turn in among)
    return {turn.key: turn.weight / whole for turn in among}


def _reason(free: int, among: int, first: int) -> Reason:
    if free == 1:
        return Reason.ONLY_ONE
    if among == 1:
        return Reason.PRIORITY
    return Reason.WEIGHT if first == 1 else Reason.LEAST_RECENTLY
