"""Read a form body a piece at a time: name=value pairs between &, with values as wildcards."""

from calhooks.webhooks.template.errors import Rejected
from calhooks.webhooks.template.nodes import BodyPlace

BEFORE, NAME, VALUE = "before", "name", "value"


class FormMachine:
    """Reads states on: before a name, inside of one, and after its =."""

    start = BEFORE

    def feed(self, state: str, text: str, at: int) -> str:
        """Return the state after `text`, which stands at `at` in the source. Raises Rejected."""
        for position, letter in enumerate(text, at):
            if letter == "&":
                if state == NAME:
                    raise Rejected("A field has no value: a form is written name=value&name=value.", position)
                state = BEFORE
            elif letter == "=" and state != VALUE:
                if state == BEFORE:
                    raise Rejected("A field has no name before its =.", position)
                state = VALUE
            elif state == BEFORE and not letter.isspace():
                state = NAME
        return state

    def place_value(self, state: str, at: int) -> tuple[BodyPlace, str]:
        """Return where a variable stands, and the state after it. Raises Rejected."""
        if state != VALUE:
            message = "A variable cannot be a field's name, or part of one: names are written into the template."
            raise Rejected(message, at)
        return BodyPlace.FORM_VALUE, state

    def finish(self, state: str, at: int) -> None:
        """Check that a body may end here. Raises Rejected."""
        if state == NAME:
            raise Rejected("The last field has no value: a form is written name=value&name=value.", at)

    def quotes(self, _state: str) -> str:
        """Return what must be the same at both ends of a block: nothing, in a form."""
        return ""

    def weight(self, _state: str) -> int:
        """Return how many parts a state has."""
        return 1
