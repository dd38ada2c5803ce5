"""Stretches of whole minutes: what several cover together, and what all of them have in common."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Stretch = tuple[int, int]


@dataclass(frozen=True, slots=True)
class OpenPiece:
    """Open minutes without a break; slots start at whole steps from `anchor`."""

    start: int
    end: int
    anchor: int


def merged(spans: Iterable[Stretch]) -> list[Stretch]:
    """Return what some spans cover, in order and without overlaps."""
    found: list[Stretch] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif start < end:
            found.append((start, end))
    return found


def common(each: Sequence[Sequence[Stretch]]) -> list[Stretch]:
    """Return what several lists of spans have in common; each is in order and without overlaps."""
    found = list(each[0])
    for spans in each[1:]:
        both, at = list[Stretch](), 0
        for start, end in found:
            while at < len(spans) and spans[at][1] <= start:
                at += 1
            next_at = at
            while next_at < len(spans) and spans[next_at][0] < end:
                both.append((max(start, spans[next_at][0]), min(end, spans[next_at][1])))
                next_at += 1
        found = both
    return found


def both_open(pieces: Sequence[OpenPiece] | None, others: Iterable[OpenPiece]) -> list[OpenPiece]:
    """Return what is open in two lists, each counted from whichever began later; None is for always open."""
    if pieces is None:
        return list(others)
    found, at = [], 0
    for other in others:
        while at < len(pieces) and pieces[at].end <= other.start:
            at += 1
        for piece in pieces[at:]:
            if piece.start >= other.end:
                break
            begin, end = max(piece.start, other.start), min(piece.end, other.end)
            found.append(OpenPiece(begin, end, max(piece.anchor, other.anchor)))
    return found
