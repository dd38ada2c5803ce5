"""Prove that every body a template can give is valid, and find out in which place each variable stands."""

from collections import Counter
from collections.abc import Iterable, Sequence

from calhooks.webhooks.template.errors import TemplateError
from calhooks.webhooks.template.nodes import BlockName, BodyPlace, ContentType, Node
from calhooks.webhooks.template.proof.combinations import blocks, check_combinations, variables
from calhooks.webhooks.template.proof.form_machine import FormMachine
from calhooks.webhooks.template.proof.json_machine import JsonMachine
from calhooks.webhooks.template.proof.walk import Walk


def find_places(source: str, nodes: Sequence[Node], content_type: ContentType) -> dict[int, BodyPlace]:
    """Return the place of each variable by its `at`. Raises TemplateError when some way through is not valid.

    A variable to which no way leads is left out.
    """
    if not source.strip():
        raise TemplateError.at(source, 0, "The template is empty: write the body that shall be sent.")
    if content_type is ContentType.TEXT:
        return {variable.at: BodyPlace.TEXT for variable in variables(nodes)}
    check_combinations(source, nodes)
    machine = FormMachine if content_type is ContentType.FORM else JsonMachine
    # Keys that cannot meet again need not be remembered: remembering them keeps many states apart.
    first = machine()
    places = Walk(source, first, nodes).places
    again = _keys_met_again(first.keys, nodes)
    return Walk(source, machine(again), nodes).places if again else places


def _keys_met_again(keys: Iterable[tuple[str, int]], nodes: Sequence[Node]) -> set[str]:
    """Return the keys that stand in the template twice, or inside a loop."""
    times = Counter(key for key, _ in keys)
    loops = [(block.at, block.until) for block in blocks(nodes) if block.name is BlockName.EACH]
    return {key for key, end in keys if times[key] > 1 or any(start < end < until for start, until in loops)}
