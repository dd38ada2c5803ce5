"""Read a form body a piece at a time: name=value pairs between &, with values as wildcards.

A value that begins as JSON does is read as JSON, in the letters that a receiver decodes from it.
"""

import re
from collections.abc import Callable, Collection
from enum import StrEnum
from functools import partial
from typing import NamedTuple, TypeVar
from urllib.parse import unquote

from calhooks.webhooks.template.errors import Rejected
from calhooks.webhooks.template.nodes import BodyPlace
from calhooks.webhooks.template.proof import json_errors
from calhooks.webhooks.template.proof.json_machine import JsonMachine, State

# What is between two &. A receiver decodes it as a whole, and a mistake is looked for letter by letter.
FIELD = re.compile(r"&|[^&]+")
LETTER = re.compile(r"\+|%[0-7][0-9A-Fa-f]|(?:%[89A-Fa-f][0-9A-Fa-f])+|%|[^+%]+")
# An object begins with a key, also with one whose quotation mark is wrong or missing; a list with a text, an object or
# a list. Else it may be a text such as "[New] Quick chat" or "[[New]] Quick chat", and is one where a variable follows
# the bracket.
JSON_BEGINNING = re.compile(r"""\s*(?:\{\s*(?:["'“”„«]|\w+\s*:)|\[\s*(?:"|[\[{](?!\s*[^\W\d]\w*(?!\w*\s*:))))""")
UNDECIDED = ("", "{", "[")
JSON_BLANKS = " \t\r\n"
AMPERSAND = "An & ends this field inside of its JSON: write %26 for an & in a text."
READ_AS_JSON = " This field is read as JSON because of how it begins."
PLACES = {
    BodyPlace.JSON_STRING: BodyPlace.FORM_JSON_STRING,
    BodyPlace.JSON_VALUE: BodyPlace.FORM_JSON_VALUE,
}
Proved = TypeVar("Proved")


class Part(StrEnum):
    """Where in a form we are: `beginning` is after the = and after blanks and a bracket that may begin JSON."""

    BEFORE = "before a name"
    NAME = "in a name"
    BEGINNING = "at the beginning of a value"
    VALUE = "in a value"
    JSON = "in a value that is JSON"


class FormState(NamedTuple):
    """A plain value, as the states of JSON are. `pending` is what has been read at a value's beginning."""

    part: Part
    pending: str = ""
    json: State = JsonMachine.start


class FormMachine:
    """Reads states on. `tracked` and `keys` are those of the JSON inside."""

    start = FormState(Part.BEFORE)

    def __init__(self, tracked: Collection[str] = ()) -> None:
        self._json = JsonMachine(tracked)
        self.keys = self._json.keys

    def feed(self, state: FormState, text: str, at: int) -> FormState:
        """Return the state after `text`, which stands at `at` in the source. Raises Rejected."""
        for part in FIELD.finditer(text):
            state = self._read(state, part[0], at + part.start())
        return state

    def place_value(self, state: FormState, at: int) -> tuple[BodyPlace, FormState]:
        """Return where a variable stands, and the state after it. Raises Rejected."""
        if state.part is Part.JSON:
            place, json = _in_json(partial(self._json.place_value, state.json, at))
            return PLACES[place], state._replace(json=json)
        if state.part in (Part.BEFORE, Part.NAME):
            message = "A variable cannot be a field's name, or part of one: names are written into the template. "
            message += "For an & in a value, write %26."
            raise Rejected(message, at)
        return BodyPlace.FORM_VALUE, FormState(Part.VALUE)

    def finish(self, state: FormState, at: int) -> None:
        """Check that a body may end here. Raises Rejected."""
        if state.part is Part.NAME:
            raise Rejected("The last field has no value: a form is written name=value&name=value.", at)
        if state.part is Part.JSON:
            _in_json(partial(self._json.finish, state.json, at))

    def quotes(self, state: FormState) -> str:
        """Return what must be the same at both ends of a block: the kind of JSON text we are in."""
        return self._json.quotes(state.json)

    def weight(self, state: FormState) -> int:
        """Return how many parts a state has."""
        return 1 + self._json.weight(state.json)

    def _read(self, state: FormState, text: str, at: int) -> FormState:
        if text == "&":
            self._end_field(state, at)
            return self.start
        if state.part not in (Part.BEFORE, Part.NAME):
            return self._read_value(state, text, at)
        name, equals, value = text.partition("=")
        if state.part is Part.BEFORE and not name.strip():
            if equals:
                raise Rejected("A field has no name before its =.", at + len(name))
            return state
        if not equals:
            return FormState(Part.NAME)
        return self._read_value(FormState(Part.BEGINNING), value, at + len(name) + len(equals))

    def _read_value(self, state: FormState, text: str, at: int) -> FormState:
        if state.part is Part.BEGINNING:
            begun = state.pending + _decoded(text)
            if begun.strip() in UNDECIDED:
                return FormState(Part.BEGINNING, begun.strip(JSON_BLANKS))
            state = FormState(Part.JSON if JSON_BEGINNING.match(begun) else Part.VALUE, state.pending)
        return self._read_json(state, text, at) if state.part is Part.JSON else FormState(Part.VALUE)

    def _read_json(self, state: FormState, text: str, at: int) -> FormState:
        before = self._json.feed(state.json, state.pending, at - len(state.pending))
        try:
            return FormState(Part.JSON, json=_in_json(partial(self._json.feed, before, _decoded(text), at)))
        except Rejected:
            self._find_mistake(before, text, at)
            raise

    def _find_mistake(self, json: State, text: str, at: int) -> None:
        """Read what was rejected again, in letters as the source has them. Raises Rejected."""
        for letter in LETTER.finditer(text):
            json = _in_json(partial(self._json.feed, json, _decoded(letter[0]), at + letter.start()))

    def _end_field(self, state: FormState, at: int) -> None:
        if state.part is Part.NAME:
            raise Rejected("A field has no value: a form is written name=value&name=value.", at)
        if state.part is Part.JSON and self._json.quotes(state.json):
            raise Rejected(AMPERSAND, at)
        self.finish(state, at)


def _in_json(work: Callable[[], Proved]) -> Proved:
    """Do a part of the proof, and say of what it rejects that the field is meant, not the body."""
    try:
        return work()
    except Rejected as rejected:
        message = rejected.message.replace(json_errors.NOT_JSON, READ_AS_JSON)
        raise Rejected(message.replace("The body ", "The JSON of this field "), rejected.at) from rejected


def _decoded(text: str) -> str:
    """Return what a receiver reads where a form has this text."""
    return unquote(text.replace("+", " "), errors="replace")
