"""Cut a template into text and tags, the way Handlebars does."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from calhooks.webhooks.template.errors import TemplateError
from calhooks.webhooks.template.nodes import Strip
from calhooks.webhooks.template.syntax import unsupported


class Kind(StrEnum):
    """What the opening of a tag says it is."""

    VARIABLE = "variable"
    OPEN = "#"
    CLOSE = "/"
    ELSE = "else"
    COMMENT = "!"


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a tag. `kind` is path, string, number, equals, names, open or close.

    `text` is as written, a string without its quotes.
    """

    kind: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Tag:
    """Everything between two pairs of braces."""

    kind: Kind
    at: int
    end: int
    strip: Strip
    tokens: tuple[Token, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """Text between tags."""

    at: int
    text: str


OPENING = re.compile(r"\{\{(?P<left>~)?(?P<kind>\{|&|#[>*]?|/|\^|!--|!|>|\*|\s*else(?=[\s~}]))?")
# After a backslash, everything up to the next tag is text.
ESCAPED = re.compile(r".{2,}?(?=\{\{|\\\{\{|\\\\\{\{|\Z)", re.DOTALL)
OPTIONAL_SPACE = re.compile(r"\s*")
CLOSE = re.compile(r"(~)?\}\}")
CLOSE_THREE = re.compile(r"\}(~)?\}\}")
IDENTIFIER = r"[^\s!\"#%-,./;->@\[-^`{-~]+"
BRACKETED = r"\[(?:\\[\\\]]|[^\]\\]|\\(?![\\\]]))*\]"
PATH_STEP = rf"(?:\.\.|\.(?![\w\[])|{IDENTIFIER}|{BRACKETED})"
TOKEN = re.compile(
    rf"""
    (?P<number>-?\d+(?:\.\d+)?(?=[~}}\s)]))
  | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
  | (?P<names>as\s+\|[^|{{}}]*\|)
  | (?P<path>@?{PATH_STEP}(?:[./]{PATH_STEP}|{BRACKETED})*)
  | (?P<equals>=(?!=))
  | (?P<open>\()
  | (?P<close>\))
    """,
    re.VERBOSE | re.DOTALL,
)
OPERATOR = re.compile(r"[=!]==?|[<>]=?|&&|\|\||\?\?|[!?+*%]")
STRING_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
WRITTEN = {"n": "\n", "t": "\t"}

PARTIAL = "Partials ({{> name}}) are not supported: write what they contain into the template itself."
DECORATOR = "Decorators ({{* name}}) are not supported: write what they contain into the template itself."
NOT_THERE = {">": PARTIAL, "#>": PARTIAL, "*": DECORATOR, "#*": DECORATOR}
NEVER_CLOSED = "This {{ is never closed: }} is missing."
SPACE_BEFORE = "There must be no space between {{ and what follows it here."
NAMES_NOT_CLOSED = "Names are written between two |, as in {{#each attendees as |person|}}."


def scan(source: str) -> Iterator[Chunk | Tag]:
    """Yield text and tags in order. Raises TemplateError."""
    position = 0
    while (start := source.find("{{", position)) >= 0:
        text = source[position:start]
        if text.endswith("\\") and not text.endswith("\\\\"):
            yield Chunk(position, text[:-1])
            escaped = ESCAPED.match(source, start)
            position = escaped.end() if escaped else len(source)
            yield Chunk(start, source[start:position])
            continue
        opening = _opening(source, start)
        # Two backslashes before a tag stand for one.
        before = text[:-1] if text.endswith("\\") else text
        yield Chunk(position, before + source[start : opening.start()])
        tag = _tag(source, opening)
        yield tag
        position = tag.end
    yield Chunk(position, source[position:])


def _opening(source: str, start: int) -> re.Match[str]:
    """Read the braces at `start`. A block right after a single brace, as in `{{{#if x}}`, begins one later."""
    if source.startswith("{{{{", start):
        raise TemplateError.at(
            source, start, "Four braces (raw blocks) are not supported: write \\{{ for two braces as text."
        )
    later = OPENING.match(source, start + 1)
    if later and (later["kind"] or "").strip()[:1] in ("#", "/", "^", "!", "e"):
        return later
    opening = OPENING.match(source, start)
    assert opening
    return opening


def _tag(source: str, opening: re.Match[str]) -> Tag:
    start, kind, left = opening.start(), (opening["kind"] or "").strip(), bool(opening["left"])
    if kind in NOT_THERE:
        raise TemplateError.at(source, start, NOT_THERE[kind])
    if kind in ("!", "!--"):
        return _comment(source, opening)
    tokens, end, right = _tokens(source, opening.end(), start, CLOSE_THREE if kind == "{" else CLOSE)
    strip = Strip(left, right)
    if kind == "^":
        if tokens:
            raise TemplateError.at(source, start, "{{^name}} is not supported: write {{#unless name}}…{{/unless}}.")
        return Tag(Kind.ELSE, start, end, strip)
    kinds = {"#": Kind.OPEN, "/": Kind.CLOSE, "else": Kind.ELSE}
    return Tag(kinds.get(kind, Kind.VARIABLE), start, end, strip, tokens)


def _comment(source: str, opening: re.Match[str]) -> Tag:
    closing = re.compile(r"--(~)?\}\}" if opening["kind"] == "!--" else r"(~)?\}\}")
    found = closing.search(source, opening.end())
    if found is None:
        missing = "--}}" if opening["kind"] == "!--" else "}}"
        raise TemplateError.at(source, opening.start(), f"This comment is never closed: {missing} is missing.")
    strip = Strip(bool(opening["left"]), bool(found[1]))
    return Tag(Kind.COMMENT, opening.start(), found.end(), strip)


def _tokens(source: str, position: int, start: int, closing: re.Pattern[str]) -> tuple[tuple[Token, ...], int, bool]:
    """Read the words of the tag that opened at `start`; return them, its end and whether a `~` stands there."""
    tokens: list[Token] = []
    while True:
        position = _after_space(source, position)
        if closed := closing.match(source, position):
            return tuple(tokens), closed.end(), bool(closed[1])
        match = TOKEN.match(source, position)
        if match is None:
            raise TemplateError.at(source, *_unreadable(source, position, start, closing, tokens))
        kind = match.lastgroup or ""
        text = _unquoted(match[0]) if kind == "string" else match[0]
        tokens.append(Token(kind, text, position))
        position = match.end()


def _after_space(source: str, position: int) -> int:
    match = OPTIONAL_SPACE.match(source, position)
    return match.end() if match else position


def _unquoted(text: str) -> str:
    """Read a quoted text: \\n and \\t mean what they mean everywhere, any other escaped letter itself."""
    return STRING_ESCAPE.sub(lambda match: WRITTEN.get(match[1], match[1]), text[1:-1])


def _unreadable(
    source: str, position: int, start: int, closing: re.Pattern[str], tokens: list[Token]
) -> tuple[int, str]:
    """Return where to point and what to say when no word starts at `position`."""
    rest = source[position : position + 1]
    close = source.find("}}", position)
    following = source.find("{{", position)
    if close < 0 or (0 <= following < close):
        return start, NEVER_CLOSED
    if closing is CLOSE_THREE and CLOSE.match(source, position):
        return start, "This variable opens with three braces and closes with two: write {{name}}."
    if tokens and (operator := OPERATOR.match(source, position)):
        left = source[tokens[-1].at : position].strip() if len(tokens) > 1 or operator[0] != "!" else ""
        right = TOKEN.match(source, _after_space(source, operator.end()))
        return position, unsupported.operator(operator[0], left, right[0] if right else "")
    if rest == "|":
        named = TOKEN.match(source, _after_space(source, position + 1))
        is_names = bool(tokens) and tokens[-1].text == "as"
        return position, NAMES_NOT_CLOSED if is_names else unsupported.piped(named[0].rstrip(":") if named else "")
    if rest in ("#", "/", "^", "!", ">") and not tokens:
        return position, SPACE_BEFORE
    if source.startswith(('\\"', "\\'"), position):
        return position, f"Between the braces, write {source[position + 1]} without the backslash."
    if rest == "." and (path := TOKEN.match(source, position + 1)):
        return position, f"A path does not begin with a dot: write {path[0]}."
    if rest in ('"', "'"):
        return position, f"The quotation mark {rest} is not closed before the end of the tag."
    return position, f"{rest} cannot stand here. Write a path such as {{{{attendees.0.name}}}}."
