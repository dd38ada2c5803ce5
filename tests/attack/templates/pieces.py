"""Templates as trees that can be changed at random: what a climb towards the most expensive one tries."""

from dataclasses import dataclass, replace
from random import Random

MAX_SOURCE_LENGTH = 16_384
MAX_DEPTH = 8
PATHS = (
    *("title", "additionalNotes", "attendees", "metadata", "responses", "this", "missing", "@root", "attendees.length"),
    *("@root.attendees", "@root.metadata", "@root.responses", "@root.additionalNotes", "@root.title", "@root.missing"),
    *("@root.attendees.30.language.locale", "@root.additionalNotes.length", "@root.startTime", "@root.organizer"),
)
INSIDE = ("@index", "@key", "@first", "../title", "name", "email", "value", "value.length", "label", "../../this")
LISTS = ("@root.metadata", "@root.responses", "@root.attendees", "this", "missing", "@root.organizer")
FORMATS = ("full", "iso", "unix", "short", "v " * 50, "ww", "BBBB " * 20, "w W e " * 16, "EEEE d MMMM y", "zzzz VVVV")
FIELDS = ("email", "name", "x", "length", "a" + ".a" * 60, "language.locale", "." * 80, "9.9")
HELPERS = (
    *("upper {0}", "lower {0}", "words {0}", "json {0}", "truncate {0} 4999", "truncate {0} 1"),
    *("default {0} {1}", "default missing missing missing missing missing missing missing missing {0} {1}"),
    *('join {0} "" field="{field}"', 'join {0} {1} field="{field}" or="{field}"', 'join {0} ", " last={1}'),
    *("join {0} field={1}", 'date {0} format="{format}"', 'date "2026-03-05T09:00:{second}Z" format="{format}"'),
    *("html {0}", "slack {0}", "markdown {0}", "url {0}", "csv {0}", "slack (truncate {0} 300)", "csv (csv (csv {0}))"),
    *("markdown (upper {0})", "url (url (url (url {0})))", "html (json {0})", "slack (join {0} (html {1}))"),
    *("date {0} zone={1}", "date {0} locale={1}", "date {0} for={1}", 'date {0} locale="{locale}" format="{format}"'),
)
CONDITIONS = (
    *("(eq {0} {1})", "(lt {0} {1})", "(in {0} {1})", "(in {0} {1} {0})", "(not {0})", "(ne {0} '{second}')"),
    *("(in '{letters}' {0})", "(in '{letters}' @root.additionalNotes)", "(or (eq {0} {1}) (and {0} (gt {1} 3)))"),
    "(or " + "(eq {0} {1}) " * 20 + ")",
)
TEXTS = ("", "x", " a", "a b c d e f ", "words and words, ")


@dataclass(frozen=True, slots=True)
class Piece:
    """A text or a tag (`opening` alone), or a block with what is in it. `times` it stands there again."""

    opening: str
    name: str = ""
    inside: "tuple[Piece, ...]" = ()
    times: int = 1

    def source(self) -> str:
        """Return the template's text."""
        inside = "".join(piece.source() for piece in self.inside)
        return (self.opening + (f"{inside}{{{{/{self.name}}}}}" if self.name else "")) * self.times


def loop(inside: Piece, over: str, depth: int) -> Piece:
    """Return a piece inside loops."""
    for _ in range(depth):
        inside = Piece(f"{{{{#each {over}}}}}", "each", (inside,))
    return inside


def grown(random: Random, depth: int = 0) -> Piece:
    """Return a piece made at random."""
    kind = random.choice(("text", "path", "call", "call", "each", "each", "if", "if", "with"))
    if kind == "text" or depth > MAX_DEPTH:
        return Piece(random.choice(TEXTS), times=random.choice((1, 1, 8)))
    if kind == "path":
        return Piece(f"{{{{{_path(random, depth)}}}}}", times=random.choice((1, 2, 30)))
    if kind == "call":
        return Piece(f"{{{{{_call(random, depth)}}}}}", times=random.choice((1, 2, 30)))
    inside = tuple(grown(random, depth + 1) for _ in range(random.choice((1, 1, 2))))
    if kind == "each":
        return Piece(f"{{{{#each {random.choice(LISTS)}}}}}", "each", inside)
    if kind == "with":
        return Piece(f"{{{{#with {random.choice(LISTS)}}}}}", "with", inside)
    name = random.choice(("if", "unless"))
    asked = random.choice((_path, _condition))(random, depth)
    return Piece(f"{{{{#{name} {asked}}}}}", name, inside)


def changed(random: Random, piece: Piece, depth: int = 0) -> Piece:
    """Return a piece with one change somewhere in it."""
    if piece.inside and random.random() < 0.6:
        number = random.randrange(len(piece.inside))
        inner = changed(random, piece.inside[number], depth + 1)
        return replace(piece, inside=(*piece.inside[:number], inner, *piece.inside[number + 1 :]))
    kind = random.choice(("new", "wrap", "unwrap", "times", "more", "fewer"))
    if kind == "wrap" and depth < MAX_DEPTH:
        return loop(piece, random.choice(LISTS), 1)
    if kind == "unwrap" and piece.inside:
        return piece.inside[0]
    if kind == "times" and not piece.name:
        return replace(piece, times=random.choice((1, 2, 8, 30, 200, 800)))
    if kind == "more" and piece.name:
        return replace(piece, inside=(*piece.inside, grown(random, depth + 1)))
    if kind == "fewer" and len(piece.inside) > 1:
        return replace(piece, inside=piece.inside[1:])
    return grown(random, depth)


def _path(random: Random, depth: int) -> str:
    return random.choice(PATHS + (INSIDE if depth else ()))


def _condition(random: Random, depth: int) -> str:
    return random.choice(CONDITIONS).format(
        _path(random, depth),
        _path(random, depth),
        letters=random.choice("xä🎉") * random.choice((1, 8, 99, 500)) + random.choice(("", "y")),
        second=f"{random.randrange(60):02}",
    )


def _call(random: Random, depth: int) -> str:
    return random.choice(HELPERS).format(
        _path(random, depth),
        _path(random, depth),
        field=random.choice(FIELDS),
        format=random.choice(FORMATS),
        locale=random.choice(("de", "ar", "zh-TW", "he")),
        second=f"{random.randrange(60):02}.{random.randrange(1000):03}",
    )
