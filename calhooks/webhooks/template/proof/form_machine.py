"""Read a form body a piece at a time: name=value pairs between &, with values as wildcards.

A value that begins as JSON does is read as JSON, in the letters that a receiver decodes from it. Where that fails, the
field is not JSON.
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
FIELD_WITHOUT_VALUE = "{} field has no value: a form is written name=value&name=value."
NOT_A_FORM = "This is JSON, not a form: choose JSON as content type, or put it into a field, as in payload={…}."
AMPERSAND = "An & ends this field inside of its JSON: write %26 for an & in a text."
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
    """A plain value, as the states of JSON are.

    `pending` is what has been read at a value's beginning, and `begins` where that is in the source. Of a name, it is
    the bracket with which that begins.
    """

    part: Part
    pending: str = ""
    json: State = JsonMachine.start
    begins: int = 0


class NotJson(Rejected):
    """A mistake in the JSON of the field that begins at `begins`, which can still be a text."""

    def __init__(self, message: str, at: int, begins: int) -> None:
        super().__init__(message, at)
        self.begins = begins


class FormMachine:
    """Reads states on. `tracked` and `keys` are those of the JSON inside.

    `fields` has where those begin that were read as JSON. Those in `texts` are not; None is for all.
    """

    start = FormState(Part.BEFORE)

    def __init__(self, tracked: Collection[str] = (), texts: Collection[int] | None = ()) -> None:
        self._json = JsonMachine(tracked)
        self._texts = texts
        self.keys = self._json.keys
        self.fields: set[int] = set()

    def feed(self, state: FormState, text: str, at: int) -> FormState:
        """Return the state after `text`, which stands at `at` in the source. Raises Rejected."""
        for part in FIELD.finditer(text):
            state = self._read(state, part[0], at + part.start())
        return state

    def place_value(self, state: FormState, at: int) -> tuple[BodyPlace, FormState]:
        """Return where a variable stands, and the state after it. Raises Rejected."""
        if state.part is Part.JSON:
            place, json = _in_json(state, partial(self._json.place_value, state.json, at))
            return PLACES[place], state._replace(json=json)
        if state.part in (Part.BEFORE, Part.NAME):
            if state.pending:
                raise Rejected(NOT_A_FORM, at)
            message = "A variable cannot be a field's name, or part of one: names are written into the template. "
            message += "For an & in a value, write %26."
            raise Rejected(message, at)
        return BodyPlace.FORM_VALUE, FormState(Part.VALUE)

    def finish(self, state: FormState, at: int) -> None:
        """Check that a body may end here. Raises Rejected."""
        if state.part is Part.NAME:
            raise Rejected(NOT_A_FORM if state.pending else FIELD_WITHOUT_VALUE.format("The last"), at)
        if state.part is Part.JSON:
            _in_json(state, partial(self._json.finish, state.json, at))

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
            begins_json = state.pending or (name.strip()[0] if state.part is Part.BEFORE else "")
            return FormState(Part.NAME, begins_json if begins_json in ("{", "[") else "")
        begins = at + len(name) + len(equals)
        return self._read_value(FormState(Part.BEGINNING, begins=begins), value, begins)

    def _read_value(self, state: FormState, text: str, at: int) -> FormState:
        if state.part is Part.BEGINNING:
            begun = state.pending + _decoded(text)
            if begun.strip() in UNDECIDED:
                return state._replace(pending=begun.strip(JSON_BLANKS))
            is_text = self._texts is None or state.begins in self._texts or not JSON_BEGINNING.match(begun)
            state = state._replace(part=Part.VALUE if is_text else Part.JSON)
        return self._read_json(state, text, at) if state.part is Part.JSON else FormState(Part.VALUE)

    def _read_json(self, state: FormState, text: str, at: int) -> FormState:
        self.fields.add(state.begins)
        before = self._json.feed(state.json, state.pending, at - len(state.pending))
        try:
            after = _in_json(state, partial(self._json.feed, before, _decoded(text), at))
        except NotJson:
            self._find_mistake(state, before, text, at)
            raise
        return state._replace(pending="", json=after)

    def _find_mistake(self, state: FormState, json: State, text: str, at: int) -> None:
        """Read what was rejected again, in letters as the source has them. Raises NotJson."""
        for letter in LETTER.finditer(text):
            json = _in_json(state, partial(self._json.feed, json, _decoded(letter[0]), at + letter.start()))

    def _end_field(self, state: FormState, at: int) -> None:
        if state.part is Part.NAME:
            raise Rejected(NOT_A_FORM if state.pending else FIELD_WITHOUT_VALUE.format("A"), at)
        if state.part is Part.JSON and self._json.quotes(state.json):
            raise NotJson(AMPERSAND, at, state.begins)
        self.finish(state, at)


def _in_json(state: FormState, work: Callable[[], Proved]) -> Proved:
    """Do a part of the proof, and say of what it rejects that the field is meant, not the body. Raises NotJson."""
    try:
        return work()
    except Rejected as rejected:
        message = rejected.message.replace(json_errors.NOT_JSON, "").replace("The body ", "The JSON of this field ")
        raise NotJson(message, rejected.at, state.begins) from rejected


def _decoded(text: str) -> str:
    """Return what a receiver reads where a form has this text."""
    return unquote(text.replace("+", " "), errors="replace")
