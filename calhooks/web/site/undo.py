"""Undo: the form that takes back what has just been done, offered once, on the page that is shown next."""

from collections.abc import Iterable
from dataclasses import dataclass

from flask import session

KEY = "undo"


@dataclass(frozen=True, slots=True)
class Undo:
    """`what` has been done; sending `fields` to `url` takes it back."""

    what: str
    url: str
    fields: list[tuple[str, str]]


def offer_undo(what: str, url: str, fields: Iterable[tuple[str, str]]) -> None:
    """Offer to take something back."""
    session[KEY] = [what, url, list(fields)]


def offered_undo() -> Undo | None:
    """Return what can be taken back, the first time that it is asked for."""
    kept = session.pop(KEY, None)
    return Undo(kept[0], kept[1], [(name, value) for name, value in kept[2]]) if kept else None
