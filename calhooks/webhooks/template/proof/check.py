"""Prove that every body a template can give is valid, and find out in which place each variable stands."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from calhooks.webhooks.template.errors import TemplateError
from calhooks.webhooks.template.nodes import BlockName, BodyPlace, ContentType, Node
from calhooks.webhooks.template.proof.combinations import blocks, check_combinations, variables
from calhooks.webhooks.template.proof.form_machine import AMPERSAND, FormMachine, NotJson
from calhooks.webhooks.template.proof.json_machine import JsonMachine
from calhooks.webhooks.template.proof.walk import TooComplicated, Walk, Work


@dataclass(frozen=True, slots=True)
class Proof:
    """The place of each variable by its `at`, and why fields of a form that begin as JSON does are text.

    A variable to which no way leads is left out of the places.
    """

    places: dict[int, BodyPlace]
    not_json: tuple[TemplateError, ...] = ()


def prove(source: str, nodes: Sequence[Node], content_type: ContentType) -> Proof:
    """Check all bodies that a template can give. Raises TemplateError when some way through is not valid."""
    if not source.strip():
        raise TemplateError.at(source, 0, "The template is empty: write the body that shall be sent.")
    if content_type is ContentType.TEXT:
        return Proof({variable.at: BodyPlace.TEXT for variable in variables(nodes)})
    check_combinations(source, nodes)
    if content_type is ContentType.FORM:
        return _prove_form(source, nodes)
    # Keys that cannot meet again need not be remembered: remembering them keeps many states apart.
    first = JsonMachine()
    places = Walk(source, first, nodes).places
    again = _keys_met_again(first.keys, nodes)
    return Proof(Walk(source, JsonMachine(again), nodes).places if again else places)


def _prove_form(source: str, nodes: Sequence[Node]) -> Proof:
    """Read as JSON the fields that begin so and are JSON whatever the values, and all others as text.

    Each walk finds another field that is none, or more keys to remember. All are texts where that is too much work.
    """
    mistakes, tracked, work = dict[int, TemplateError](), set[str](), Work()
    while True:
        machine = FormMachine(tracked, mistakes)
        try:
            places = Walk(source, machine, nodes, work).places
        except TooComplicated as error:
            mistakes |= dict.fromkeys(machine.fields, error)
            break
        except TemplateError as error:
            if not machine.fields:
                # After an & in the JSON of a field, what is left of it is no field.
                raise next((cut for cut in mistakes.values() if cut.message.startswith(AMPERSAND)), error) from error
            wrong = error.__cause__.begins if isinstance(error.__cause__, NotJson) else None
            mistakes |= dict.fromkeys(machine.fields if wrong is None else [wrong], error)
            continue
        again = _keys_met_again(machine.keys, nodes)
        if again <= tracked:
            return Proof(places, tuple(dict.fromkeys(mistakes.values())))
        tracked |= again
    places = Walk(source, FormMachine(texts=None), nodes).places
    return Proof(places, tuple(dict.fromkeys(mistakes.values())))


def _keys_met_again(keys: Iterable[tuple[str, int]], nodes: Sequence[Node]) -> set[str]:
    """Return the keys that stand in the template twice, or inside a loop."""
    times = Counter(key for key, _ in keys)
    loops = [(block.at, block.until) for block in blocks(nodes) if block.name is BlockName.EACH]
    return {key for key, end in keys if times[key] > 1 or any(start < end < until for start, until in loops)}
