"""Read JSON a piece at a time: a state machine that a template's text drives, with its values as wildcards."""

import json
import re
from collections.abc import Collection
from typing import NamedTuple

from calhooks.webhooks.template.errors import Rejected
from calhooks.webhooks.template.nodes import BodyPlace
from calhooks.webhooks.template.proof import json_errors

MAX_JSON_DEPTH = 100
# In characters, for messages.
MAX_LOOK_AHEAD = 80
BLANK = re.compile(r"[ \t\n\r]*")
PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
JSON_WORD = re.compile(r'[^\s,:\[\]{}"]+')
JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
JSON_WORDS = ("true", "false", "null")
HEX = "[0-9a-fA-F]"
LOW = rf"\\u[dD][c-fC-F]{HEX}{{2}}"
ESCAPE = re.compile(rf'\\(?:["\\/bfnrt]|u(?![dD][89a-fA-F]){HEX}{{4}}|u[dD][89abAB]{HEX}{{2}}{LOW})')
# What an escape, or a pair of them for one character, may begin with.
PART_OF_ESCAPE = re.compile(rf"\\(?:u{HEX}{{0,3}}|u[dD][89abAB]{HEX}{{2}}(?:\\(?:u(?:[dD](?:[c-fC-F]{HEX}?)?)?)?)?)?")

# The keys of an object so far, or None for an array. While a text is read they are a set, which can grow.
Bracket = frozenset[str] | None
OpenBracket = frozenset[str] | set[str] | None


class State(NamedTuple):
    """Where in a body we are. A plain value: states that different branches lead to can be compared and merged.

    `expects` is value, item (a value or ]), key, first key (a key or }), colon, comma (or a closing bracket), or names
    what is being read: text, name (a key), word (a number, true, false, null). `stack` holds the open brackets,
    `pending` what has been read of a word, of a key or of an escape in a text.
    """

    expects: str
    stack: tuple[Bracket, ...] = ()
    pending: str = ""


class JsonMachine:
    """Reads states on. Of the keys only `tracked` ones are remembered, and refused when an object has them twice.

    `keys` collects every key with the offset in the source of the quotation mark that ends it.
    """

    start = State("value")

    def __init__(self, tracked: Collection[str] = ()) -> None:
        self.keys: set[tuple[str, int]] = set()
        self._tracked = tracked
        # The first curly quote of a text that went on to the end of what was read, and where it is.
        self._curly = ("", 0)

    def feed(self, state: State, text: str, at: int) -> State:
        """Return the state after `text`, which stands at `at` in the source. Raises Rejected."""
        # Positions count from the start of what is pending; nothing in that is wrong by itself.
        reader = _Reader(state, state.pending + text, at - len(state.pending), self)
        after = reader.read()
        is_open = after.expects in ("text", "name")
        if not is_open or '"' in text:
            self._curly = ("", 0)
        if is_open and not self._curly[0] and (curly := json_errors.CURLY_QUOTE.search(text, text.rfind('"') + 1)):
            self._curly = (curly[0], at + curly.start())
        return after

    def place_value(self, state: State, at: int) -> tuple[BodyPlace, State]:
        """Return where a variable stands, and the state after it. Raises Rejected."""
        if state.expects == "text" and not state.pending:
            return BodyPlace.JSON_STRING, state
        if state.expects in ("value", "item"):
            return BodyPlace.JSON_VALUE, state._replace(expects="comma")
        message = json_errors.no_variable_here(state.expects, state.pending, bool(state.stack))
        is_foreign = state.expects == "word" and json_errors.not_json(state.pending)
        raise Rejected(message, max(at - len(state.pending), 0) if is_foreign else at)

    def finish(self, state: State, at: int) -> None:
        """Check that a body may end here. Raises Rejected."""
        state = self.feed(state, " ", at) if state.expects == "word" else state
        if state.expects != "comma" or state.stack:
            curly, place = self._curly if state.expects in ("text", "name") else ("", 0)
            raise Rejected(json_errors.no_end_here(state.expects, _closing(state.stack), curly), place if curly else at)

    def quotes(self, state: State) -> str:
        """Return what must be the same at both ends of a block: the kind of text we are in."""
        return state.expects if state.expects in ("text", "name") else ""

    def weight(self, state: State) -> int:
        """Return how many brackets and keys a state holds."""
        return len(state.stack) + sum(map(len, filter(None, state.stack)))

    def add_key(self, keys: frozenset[str] | set[str], key: str, at: int, end: int) -> frozenset[str] | set[str]:
        """Return an object's keys with one more. Raises Rejected."""
        if key in keys:
            raise Rejected(json_errors.key_twice(key), at)
        self.keys.add((key, end))
        if key not in self._tracked:
            return keys
        grown = keys if isinstance(keys, set) else set(keys)
        grown.add(key)
        return grown


class _Reader:
    """Reads one text. Changes itself instead of making states, for speed."""

    def __init__(self, state: State, text: str, offset: int, machine: JsonMachine) -> None:
        self._expects = state.expects
        self._stack: list[OpenBracket] = list(state.stack)
        self._pending = ""
        self._text = text
        self._offset = offset
        self._machine = machine

    def read(self) -> State:
        position, length = 0, len(self._text)
        while position < length:
            if self._expects == "text":
                position = self._read_text(position)
            elif self._expects == "name":
                position = self._read_name(position)
            elif self._expects == "word":
                position = self._read_word(position)
            else:
                position = _end(BLANK, self._text, position)
                if position < length:
                    position = self._read_structure(self._text[position], position)
        stack = tuple(frozenset(keys) if isinstance(keys, set) else keys for keys in self._stack)
        return State(self._expects, stack, self._pending)

    def _reject(self, message: str, position: int) -> Rejected:
        return Rejected(message, self._offset + position)

    def _rest(self, position: int) -> str:
        """Return what is read next, as far as a message looks at it."""
        return self._text[position : position + MAX_LOOK_AHEAD]

    def _read_text(self, position: int) -> int:
        position = _end(PLAIN, self._text, position)
        if position == len(self._text):
            return position
        if self._text[position] == '"':
            self._expects = "comma"
            return position + 1
        return self._read_escape(position, start=position)

    def _read_name(self, start: int) -> int:
        """Read a key from after its quotation mark to its end."""
        position = start
        while (position := _end(PLAIN, self._text, position)) < len(self._text):
            if self._text[position] == '"':
                self._end_name(start, position)
                return position + 1
            position = self._read_escape(position, start=start)
        self._pending = self._text[start:]
        return position

    def _end_name(self, start: int, end: int) -> None:
        keys = self._stack[-1]
        assert keys is not None
        key = json.loads(f'"{self._text[start:end]}"')
        self._stack[-1] = self._machine.add_key(keys, key, self._offset + start, self._offset + end)
        self._expects = "colon"

    def _read_escape(self, position: int, *, start: int) -> int:
        """Read a backslash and what follows. At the end of the text, what stands since `start` becomes pending."""
        if match := ESCAPE.match(self._text, position):
            return match.end()
        if self._text[position] == "\\" and PART_OF_ESCAPE.fullmatch(self._text, position):
            self._pending = self._text[start:]
            return len(self._text)
        curly = None
        if self._text[position] in "\r\n":
            curly = json_errors.CURLY_QUOTE.search(self._text, self._text.rfind('"', 0, position) + 1, position)
        message = json_errors.not_in_text(self._text[position : position + 3], curly[0] if curly else "")
        raise self._reject(message, curly.start() if curly else position)

    def _read_word(self, position: int) -> int:
        """Read a number, true, false or null, which may go on in the next text."""
        end = _end(JSON_WORD, self._text, position)
        word = self._text[position:end]
        if end == len(self._text):
            self._pending = word
        elif word in JSON_WORDS or JSON_NUMBER.fullmatch(word):
            self._expects = "comma"
        else:
            raise self._reject(json_errors.no_word(word, bool(self._stack)), position)
        return end

    def _read_structure(self, letter: str, position: int) -> int:
        if self._expects == "comma":
            return self._after_value(letter, position)
        if self._expects in ("value", "item"):
            return self._begin_value(letter, position)
        if self._expects == "colon":
            if letter != ":":
                raise self._reject(json_errors.no_colon(self._rest(position)), position)
            self._expects = "value"
            return position + 1
        if letter == '"':
            self._expects = "name"
        elif letter == "}" and self._expects == "first key":
            self._close()
        else:
            raise self._reject(json_errors.no_key(self._rest(position), self._expects == "key"), position)
        return position + 1

    def _begin_value(self, letter: str, position: int) -> int:
        if letter == '"':
            self._expects = "text"
        elif letter == "[":
            self._open(None, "item", position)
        elif letter == "{":
            self._open(frozenset(), "first key", position)
        elif letter == "]" and self._expects == "item":
            self._close()
        elif letter in ",:]}" or json_errors.unusual_space(letter):
            after_comma = self._expects == "value" and bool(self._stack) and self._stack[-1] is None
            raise self._reject(json_errors.no_value(letter, _closing(self._stack), after_comma), position)
        else:
            self._expects = "word"
            return position
        return position + 1

    def _after_value(self, letter: str, position: int) -> int:
        if self._stack and letter == ",":
            self._expects = "value" if self._stack[-1] is None else "key"
        elif self._stack and letter == _closing(self._stack):
            self._close()
        else:
            message = json_errors.nothing_may_follow(self._rest(position), _closing(self._stack))
            raise self._reject(message, position)
        return position + 1

    def _open(self, bracket: Bracket, expects: str, position: int) -> None:
        if len(self._stack) == MAX_JSON_DEPTH:
            raise self._reject(f"Brackets stand inside each other more than {MAX_JSON_DEPTH} deep.", position)
        self._stack.append(bracket)
        self._expects = expects

    def _close(self) -> None:
        self._stack.pop()
        self._expects = "comma"


def _closing(stack: Collection[OpenBracket]) -> str:
    """Return what closes the innermost bracket, nothing outside of any."""
    return "" if not stack else "]" if list(stack)[-1] is None else "}"


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position
