"""Read what stands inside a tag: a variable's path, or a helper with its arguments."""

import re
from collections.abc import Sequence

from calhooks.webhooks.template.errors import TemplateError
from calhooks.webhooks.template.nodes import Argument, Call, Data, Literal, Path
from calhooks.webhooks.template.syntax import unsupported
from calhooks.webhooks.template.syntax.scan import BRACKETED, IDENTIFIER, Token

STEPS = re.compile(rf"((?<=[^@])[./])?(\.\.|\.|{IDENTIFIER}|{BRACKETED})")
BRACKET_ESCAPE = re.compile(r"\\([\\\]])")
CONSTANTS = {"true": True, "false": False, "null": None, "undefined": None}
# The old documentation's spelling.
ALIASES = {"resheduleUid": "rescheduleUid"}
# Python refuses to read a number of thousands of digits, and nobody means one.
MAX_NUMBER_LENGTH = 100


def read_expression(source: str, tokens: Sequence[Token], at: int) -> Path | Call:
    """Read the tokens of a variable's tag. Raises TemplateError."""
    if not tokens:
        raise TemplateError.at(source, at, "There is no variable between these braces.")
    first, *rest = tokens
    if rest:
        return _read_call(source, first, rest)
    if first.kind == "string":
        raise TemplateError.at(source, first.at, "A text in quotes is no variable: write it outside of the braces.")
    return read_path(source, first)


def read_path(source: str, token: Token) -> Path:
    """Read one variable. Raises TemplateError when it is none."""
    if token.kind == "number":
        return Path(token.at, (token.text,))
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


def read_arguments(source: str, tokens: Sequence[Token]) -> tuple[tuple[Argument, ...], dict[str, Argument]]:
    """Read values, then `name=value` pairs. Raises TemplateError."""
    values: list[Argument] = []
    options: dict[str, Argument] = {}
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if position + 1 < len(tokens) and tokens[position + 1].kind == "equals":
            if position + 2 == len(tokens):
                raise TemplateError.at(source, token.at, f"There is no value after {token.text}=.")
            if token.text in options:
                raise TemplateError.at(source, token.at, f"{token.text}= stands here twice.")
            options[token.text] = _argument(source, tokens[position + 2])
            position += 3
        elif options:
            raise TemplateError.at(source, token.at, "Values stand before name=value pairs.")
        else:
            values.append(_argument(source, token))
            position += 1
    return tuple(values), options


def _read_call(source: str, name: Token, rest: Sequence[Token]) -> Call:
    if rest[0].text == ".":
        raise TemplateError.at(source, rest[0].at, "A name is missing after this dot.")
    if name.kind != "path" or name.text not in unsupported.HELPERS:
        raise TemplateError.at(source, name.at, unsupported.helper(name.text))
    values, options = read_arguments(source, rest)
    return Call(name.at, name.text, values, options)


def _argument(source: str, token: Token) -> Argument:
    if token.kind == "string":
        return Literal(token.at, token.text)
    if token.kind == "number":
        if len(token.text) > MAX_NUMBER_LENGTH:
            raise TemplateError.at(source, token.at, f"A number has at most {MAX_NUMBER_LENGTH} digits.")
        return Literal(token.at, float(token.text) if "." in token.text else int(token.text))
    if token.kind == "path" and token.text in CONSTANTS:
        return Literal(token.at, CONSTANTS[token.text])
    return read_path(source, token)


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
