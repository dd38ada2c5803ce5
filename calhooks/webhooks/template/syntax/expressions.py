"""Read what stands inside a tag: a variable's path, or a helper with its arguments."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from calhooks.webhooks.template.errors import TemplateError
from calhooks.webhooks.template.nodes import Argument, Call, Data, Literal, Path
from calhooks.webhooks.template.syntax import unsupported
from calhooks.webhooks.template.syntax.scan import BRACKETED, IDENTIFIER, TOKEN, Token

STEPS = re.compile(rf"((?<=[^@])[./])?(\.\.|\.|{IDENTIFIER}|{BRACKETED})")
BRACKET_ESCAPE = re.compile(r"\\([\\\]])")
CONSTANTS = {"true": True, "false": False, "null": None, "undefined": None}
# The old documentation's spelling.
ALIASES = {"resheduleUid": "rescheduleUid"}
TYPOGRAPHIC_QUOTES = "“”„‟‘’‚«»"
PARENTHESES = "Parentheses hold a helper with what it is given, as in {{slack (truncate title 80)}}."
# Keys of these can have spaces.
HAVE_ANY_KEY = ("metadata.", "responses.", "userFieldsResponses.")
# Python refuses to read a number of thousands of digits, and nobody means one.
MAX_NUMBER_LENGTH = 100
# How deep helpers may be inside each other.
MAX_CALL_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Parenthesized:
    """The tokens between a pair of parentheses that opens at `at`."""

    at: int
    inside: tuple[Token, ...]


def read_expression(source: str, tokens: Sequence[Token], at: int) -> Path | Call:
    """Read the tokens of a variable's tag. Raises TemplateError."""
    if not tokens:
        raise TemplateError.at(source, at, "There is no variable between these braces.")
    first, *rest = tokens
    if first.kind in ("open", "close"):
        raise TemplateError.at(source, first.at, PARENTHESES)
    if rest:
        return _read_call(source, first, rest)
    if first.kind == "string":
        raise TemplateError.at(source, first.at, "A text in quotes is no variable: write it outside of the braces.")
    return read_path(source, first)


def read_path(source: str, token: Token) -> Path:
    """Read one variable. Raises TemplateError when it is none."""
    if token.kind == "number":
        return Path(token.at, (token.text,))
    if token.text[0] in TYPOGRAPHIC_QUOTES:
        raise TemplateError.at(source, token.at, f'{token.text[0]} is a typographic quotation mark: write " instead.')
    if token.kind != "path" or token.text in CONSTANTS:
        raise TemplateError.at(source, token.at, f"{token.text} is no variable.")
    is_data = token.text.startswith("@")
    depth, segments = 0, list[str]()
    for index, (separator, step) in enumerate(STEPS.findall(token.text, pos=int(is_data))):
        if step == "..":
            if segments or index != depth:
                raise TemplateError.at(source, token.at, "../ can only stand at the start of a path.")
            depth += 1
        elif step in (".", "this"):
            if index != depth:
                raise TemplateError.at(source, token.at, f"{step} can only stand at the start of a path.")
        elif step.startswith("["):
            segments.append(_bracketed(step, joined=not separator and index > 0))
        else:
            segments.append(step)
    if is_data:
        return _data(source, token, depth, segments)
    segments[:1] = [ALIASES.get(segment, segment) for segment in segments[:1]]
    return Path(token.at, tuple(segments), depth)


def read_arguments(
    source: str, tokens: Sequence[Token], depth: int = 0
) -> tuple[tuple[Argument, ...], dict[str, Argument]]:
    """Read values, then `name=value` pairs, `depth` helpers deep. Raises TemplateError."""
    values: list[Argument] = []
    options: dict[str, Argument] = {}
    position, items = 0, _grouped(source, tokens)
    while position < len(items):
        item = items[position]
        if isinstance(item, Token) and position + 1 < len(items) and _is_equals(items[position + 1]):
            if position + 2 == len(items):
                raise TemplateError.at(source, item.at, f"There is no value after {item.text}=.")
            if item.text in options:
                raise TemplateError.at(source, item.at, f"{item.text}= appears twice.")
            options[item.text] = _read_item(source, items[position + 2], depth)
            position += 3
        elif options:
            raise TemplateError.at(source, item.at, "Values stand before name=value pairs.")
        else:
            values.append(_read_item(source, item, depth))
            position += 1
    return tuple(values), options


def _grouped(source: str, tokens: Sequence[Token]) -> list[Token | Parenthesized]:
    """Gather what is between parentheses, the outermost ones. Raises TemplateError for one without its other."""
    items: list[Token | Parenthesized] = []
    start = depth = 0
    for position, token in enumerate(tokens):
        if token.kind == "open":
            start = start if depth else position
            depth += 1
        elif token.kind == "close":
            if not depth:
                raise TemplateError.at(source, token.at, "There is no ( for this ).")
            depth -= 1
            if not depth:
                items.append(Parenthesized(tokens[start].at, tuple(tokens[start + 1 : position])))
        elif not depth:
            items.append(token)
    if depth:
        raise TemplateError.at(source, tokens[start].at, "This ( is never closed: ) is missing.")
    return items


def _is_equals(item: Token | Parenthesized) -> bool:
    return isinstance(item, Token) and item.kind == "equals"


def _read_item(source: str, item: Token | Parenthesized, depth: int) -> Argument:
    if isinstance(item, Token):
        return read_argument(source, item)
    if not item.inside or item.inside[0].kind == "open":
        raise TemplateError.at(source, item.at, PARENTHESES)
    if depth + 1 == MAX_CALL_DEPTH:
        raise TemplateError.at(source, item.at, f"Helpers can be at most {MAX_CALL_DEPTH} deep inside each other.")
    return _read_call(source, item.inside[0], item.inside[1:], depth + 1)


def read_argument(source: str, token: Token) -> Path | Literal:
    """Read one value. Raises TemplateError."""
    if token.kind == "string":
        return Literal(token.at, token.text)
    if token.kind == "number":
        if len(token.text) > MAX_NUMBER_LENGTH:
            raise TemplateError.at(source, token.at, f"A number has at most {MAX_NUMBER_LENGTH} digits.")
        return Literal(token.at, float(token.text) if "." in token.text else int(token.text))
    if token.kind == "path" and token.text in CONSTANTS:
        return Literal(token.at, CONSTANTS[token.text])
    return read_path(source, token)


def _read_call(source: str, name: Token, rest: Sequence[Token], depth: int = 0) -> Call:
    if rest and rest[0].text == "." and rest[0].at == name.at + len(name.text):
        raise TemplateError.at(source, rest[0].at, "A name is missing after this dot.")
    if rest and rest[0].text in ("=", "?", "??", "and", "or") and name.text not in unsupported.HELPERS:
        right = TOKEN.match(source, rest[1].at) if len(rest) > 1 else None
        message = unsupported.operator(rest[0].text, name.text, right[0] if right else "")
        raise TemplateError.at(source, rest[0].at, message)
    if name.text.startswith(HAVE_ANY_KEY) and all(token.kind == "path" for token in rest):
        raise TemplateError.at(source, name.at, unsupported.key_with_space(name.text, [token.text for token in rest]))
    if name.kind != "path" or name.text not in unsupported.HELPERS:
        raise TemplateError.at(source, name.at, unsupported.helper(name.text))
    values, options = read_arguments(source, rest, depth)
    return Call(name.at, name.text, values, options)


def _data(source: str, token: Token, depth: int, segments: list[str]) -> Path:
    if segments[:1] == ["root"] and not depth:
        names = [ALIASES.get(segment, segment) for segment in segments[1:2]] + segments[2:]
        return Path(token.at, tuple(names), from_root=True)
    if len(segments) != 1 or segments[0] not in tuple(Data):
        raise TemplateError.at(
            source, token.at, f"{token.text} is not known. There are @index, @first, @last, @key and @root."
        )
    return Path(token.at, depth=depth, data=Data(segments[0]))


def _bracketed(step: str, joined: bool) -> str:
    """Read `[key]`. Right after a name, as in `metadata["user id"]`, it may carry quotation marks."""
    key = BRACKET_ESCAPE.sub(r"\1", step[1:-1])
    if joined and len(key) >= 2 and key[0] == key[-1] and key[0] in "\"'":
        return key[1:-1]
    return key
