"""Read JSON a piece at a time: a state machine that a template's text drives, with its values as wildcards.

A state is a plain value, so that states reached along different branches can be compared and merged.
"""

import json
import re
from typing import NamedTuple

from calhooks.webhooks.template.errors import Rejected
from calhooks.webhooks.template.nodes import Place


class State(NamedTuple):
    """Where in a body we are.

    `expects` is value, item (a value or ]), key, first key (a key or }), colon, comma (or a closing bracket), or names
    what is being read: string, name (a key), word (a number, true, false, null). `stack` holds one entry for each open
    bracket: None for an array, the keys so far for an object. `pending` is the part of a word, a key or an escape
    that has been read.
    """

    expects: str
    stack: tuple[frozenset[str] | None, ...] = ()
    pending: str = ""


START = State("value")
DEEPEST = 100
SPACES = " \t\n\r"
BLANK = re.compile(r"[ \t\n\r]*")
PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
WORD = re.compile(r'[^\s,:\[\]{}"]+')
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
LOW = r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
ESCAPE = re.compile(rf'\\(?:["\\/bfnrt]|u(?![dD][89a-fA-F])[0-9a-fA-F]{{4}}|u[dD][89abAB][0-9a-fA-F]{{2}}{LOW})')
HEX = "[0-9a-fA-F]"
# The beginning of an escape: with nothing more, or of \uXXXX, or of a pair of them.
PART_OF_ESCAPE = re.compile(rf"\\(?:u{HEX}{{0,3}}|u[dD][89abAB]{HEX}{{2}}(?:\\(?:u(?:[dD](?:[c-fC-F]{HEX}?)?)?)?)?)?")
WORDS = ("true", "false", "null")


def feed(state: State, text: str, at: int) -> State:
    """Return the state after `text`, which stands at `at` in the source. Raises Rejected."""
    # Positions count from the start of what is pending; nothing in it is wrong by itself.
    whole, offset = state.pending + text, at - len(state.pending)
    state, position = state._replace(pending=""), 0
    while position < len(whole):
        if state.expects == "string":
            state, position = _string(state, whole, position, offset)
        elif state.expects == "name":
            state, position = _name(state, whole, position, offset)
        elif state.expects == "word":
            state, position = _word(state, whole, position, offset)
        else:
            state, position = _structure(state, whole, position, offset)
    return state


def place_value(state: State, at: int) -> tuple[Place, State]:
    """Return where a variable stands, and the state after it. Raises Rejected."""
    if state.expects == "string":
        if state.pending:
            raise Rejected("A backslash stands right before this variable: write two backslashes for one.", at)
        return Place.JSON_STRING, state
    if state.expects in ("value", "item"):
        return Place.JSON_VALUE, state._replace(expects="comma")
    if state.expects in ("name", "key", "first key"):
        raise Rejected("A variable cannot be a key, or part of one: keys are written into the template.", at)
    if state.expects == "word":
        raise Rejected(f"A variable cannot be joined to {state.pending}: put both between quotation marks.", at)
    if state.expects == "colon":
        raise Rejected("A colon is missing before this variable.", at)
    raise Rejected(_too_much(state, "this variable"), at)


def finish(state: State, at: int) -> None:
    """Check that a body may end here. Raises Rejected."""
    if state.expects == "word":
        state = _end_word(state, at - len(state.pending))
    if state.expects in ("string", "name"):
        raise Rejected("The body ends inside a text: a quotation mark is missing.", at)
    if state == START:
        raise Rejected("The body is empty.", at)
    if state.stack:
        raise Rejected(f"The body ends too early: {_bracket(state)} is missing.", at)
    if state.expects != "comma":
        raise Rejected("The body ends too early: a value is missing.", at)


def quotes(state: State) -> str:
    """Return what must be the same at both ends of a block: in which kind of quotation marks we are."""
    return state.expects if state.expects in ("string", "name") else ""


def _string(state: State, text: str, position: int, offset: int) -> tuple[State, int]:
    position = _match_end(PLAIN, text, position)
    if position == len(text):
        return state, position
    if text[position] == '"':
        return state._replace(expects="comma"), position + 1
    return _escape(state, text, position, offset, start=position)


def _name(state: State, text: str, position: int, offset: int) -> tuple[State, int]:
    """Read a key to its end; `position` is where it starts, after its quotation mark."""
    start = position
    while (position := _match_end(PLAIN, text, position)) < len(text):
        if text[position] == '"':
            return _end_name(state, text[start:position], offset + start), position + 1
        state, position = _escape(state, text, position, offset, start=start)
    return state._replace(pending=text[start:]), position


def _escape(state: State, text: str, position: int, offset: int, *, start: int) -> tuple[State, int]:
    """Read a backslash and what follows. At the end of the text, what stands since `start` becomes pending."""
    if match := ESCAPE.match(text, position):
        return state, match.end()
    if text[position] == "\\" and PART_OF_ESCAPE.fullmatch(text, position):
        return state._replace(pending=text[start:]), len(text)
    if text[position] in "\n\r":
        raise Rejected(
            "A line ends inside a text: write \\n for a line break, or add the quotation mark.", offset + position
        )
    if text[position] == "\t":
        raise Rejected("A tab stands inside a text: write \\t for it.", offset + position)
    if text[position] != "\\":
        raise Rejected("An invisible control character stands inside a text: remove it.", offset + position)
    if text.startswith(("\\ud", "\\uD"), position):
        raise Rejected("This is half a character: surrogates such as \\ud83d\\ude00 come in pairs.", offset + position)
    raise Rejected(
        f"{text[position : position + 2]} is not an escape that JSON knows. Write two backslashes for one.",
        offset + position,
    )


def _end_name(state: State, raw: str, at: int) -> State:
    key = json.loads(f'"{raw}"')
    keys = state.stack[-1]
    assert keys is not None
    if key in keys:
        raise Rejected(f'The key "{key}" stands in this object twice.', at)
    return State("colon", (*state.stack[:-1], keys | {key}))


def _word(state: State, text: str, position: int, offset: int) -> tuple[State, int]:
    """Read a number, true, false or null, which may go on in the next text."""
    end = _match_end(WORD, text, position)
    state = state._replace(pending=text[position:end])
    if end == len(text):
        return state, end
    return _end_word(state, offset + position), end


def _end_word(state: State, at: int) -> State:
    word = state.pending
    if word in WORDS or NUMBER.fullmatch(word):
        return State("comma", state.stack)
    if word[0] == "'":
        raise Rejected("Texts stand between double quotation marks in JSON.", at)
    if word[0] in "“”„«":
        raise Rejected(f'{word[0]} is a typographic quotation mark: JSON wants the straight one, ".', at)
    if word.lower() in (*WORDS, "none", "undefined", "nan"):
        wanted = word.lower() if word.lower() in WORDS else "null"
        raise Rejected(f"{word} is not JSON: write {wanted}.", at)
    if word[0] in "-+.0123456789":
        raise Rejected(f"{word} is not a number in JSON.", at)
    raise Rejected(f'{word[:40]} is not JSON: a text stands between quotation marks, ".', at)


def _structure(state: State, text: str, position: int, offset: int) -> tuple[State, int]:
    position = _match_end(BLANK, text, position)
    if position == len(text):
        return state, position
    letter, at = text[position], offset + position
    if letter.isspace() or letter in "\ufeff\u200b":
        raise Rejected(f"An unusual space (U+{ord(letter):04X}) stands here: replace it by a normal one.", at)
    if state.expects in ("value", "item"):
        return _begin_value(state, letter, position, at)
    if state.expects in ("key", "first key"):
        return _begin_key(state, letter, position, at)
    if state.expects == "colon":
        if letter != ":":
            raise Rejected("A colon is missing after this key.", at)
        return state._replace(expects="value"), position + 1
    return _after_value(state, letter, position, at)


def _begin_value(state: State, letter: str, position: int, at: int) -> tuple[State, int]:
    if letter == '"':
        return state._replace(expects="string"), position + 1
    if letter in "[{":
        if len(state.stack) == DEEPEST:
            raise Rejected(f"Brackets stand inside each other more than {DEEPEST} deep.", at)
        inside, expects = (None, "item") if letter == "[" else (frozenset[str](), "first key")
        return State(expects, (*state.stack, inside)), position + 1
    if letter == "]" and state.expects == "item":
        return State("comma", state.stack[:-1]), position + 1
    if letter in ",:]}":
        extra = " Is there a comma too many?" if letter in ",]" and state.stack and state.stack[-1] is None else ""
        raise Rejected(f"A value is missing before {letter}.{extra}", at)
    return state._replace(expects="word"), position


def _begin_key(state: State, letter: str, position: int, at: int) -> tuple[State, int]:
    if letter == '"':
        return state._replace(expects="name"), position + 1
    if letter == "}":
        if state.expects == "key":
            raise Rejected("A comma too many stands before }.", at)
        return State("comma", state.stack[:-1]), position + 1
    raise Rejected('A key is missing here: it stands between quotation marks, ".', at)


def _after_value(state: State, letter: str, position: int, at: int) -> tuple[State, int]:
    if not state.stack:
        raise Rejected(_too_much(state, letter), at)
    if letter == ",":
        return state._replace(expects="value" if state.stack[-1] is None else "key"), position + 1
    if letter == _bracket(state):
        return State("comma", state.stack[:-1]), position + 1
    if letter in "]}":
        raise Rejected(f"{_bracket(state)} is needed before {letter}.", at)
    raise Rejected(_too_much(state, letter), at)


def _too_much(state: State, what: str) -> str:
    if not state.stack:
        return f"The body is complete before {what}: a JSON body is one value."
    return f"A comma is missing before {what}."


def _bracket(state: State) -> str:
    """Return what closes the innermost bracket."""
    return "]" if state.stack[-1] is None else "}"


def _match_end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position
