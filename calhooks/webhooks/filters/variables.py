"""Read the variable of a condition as a template would."""

from functools import lru_cache

from calhooks.webhooks.template.errors import TemplateError
from calhooks.webhooks.template.nodes import Path, Variable
from calhooks.webhooks.template.syntax.parse import parse_template

# Webhooks mostly name the same few variables.
MAX_KEPT_PATHS = 2000


class NotAVariable(ValueError):
    """A text that no template would read as one variable; str() is the sentence for its author."""


@lru_cache(MAX_KEPT_PATHS)
def path_segments(variable: str) -> tuple[str, ...]:
    """Return the keys that lead to a variable of an event. Raises NotAVariable."""
    try:
        nodes = parse_template(f"{{{{{variable}}}}}")
    except TemplateError as error:
        raise NotAVariable(f"{variable} is not a variable. {error.message}") from error
    node = nodes[0] if len(nodes) == 1 else None
    path = node.expression if isinstance(node, Variable) else None
    if not isinstance(path, Path) or path.data or path.depth or not path.segments:
        raise NotAVariable(f"{variable} is not a variable. Choose one from the list, such as metadata.plan.")
    return path.segments


def without_braces(variable: str) -> str:
    """Return a variable as typed, without the spaces and braces that copying it from a template brings."""
    return variable.strip().removeprefix("{{").removesuffix("}}").strip()
