"""What other template languages have and this one has not, with what to write instead."""

HELPERS = ("date", "default", "join", "upper", "lower", "words", "truncate", "json")
BLOCKS = ("each", "if", "unless")

_COMPARED = "Values cannot be compared or calculated with: test with {{#if name}} or {{#unless name}}."
_DATE = 'write {{date startTime format="full"}}.'
_INSTEAD = {
    "log": "remove it; a template only writes the body.",
    "lookup": "write the path itself, such as {{attendees.0.name}}.",
    "with": "write the whole path, such as {{organizer.name}}.",
    "if": "it is a block: write {{#if name}}…{{/if}}.",
    "unless": "it is a block: write {{#unless name}}…{{/unless}}.",
    **dict.fromkeys(("elseif", "elsif", "elif"), "write {{else if name}}, as two words."),
    "each": "it is a block: write {{#each attendees}}…{{/each}}.",
    **dict.fromkeys(
        ("eq", "ne", "neq", "is", "isnt", "gt", "gte", "lt", "lte", "and", "not", "compare", "ifEquals", "ifeq", "add"),
        _COMPARED,
    ),
    **dict.fromkeys(("or", "coalesce", "fallback", "defaultTo"), 'write {{default location "to be agreed"}}.'),
    **dict.fromkeys(("moment", "formatDate", "dateFormat", "format", "formatTime", "time", "datetime"), _DATE),
    **dict.fromkeys(("uppercase", "toUpperCase", "upcase"), "write {{upper title}}."),
    **dict.fromkeys(("lowercase", "toLowerCase", "downcase"), "write {{lower title}}."),
    **dict.fromkeys(("capitalize", "titleize", "humanize", "sentence"), "write {{words triggerEvent}}."),
    **dict.fromkeys(("ellipsis", "substring", "substr", "slice", "limit"), "write {{truncate title 80}}."),
    **dict.fromkeys(("stringify", "toJSON", "tojson", "toJson", "JSONstringify"), "write {{json metadata}}."),
    **dict.fromkeys(("pluck", "map", "concat", "joinNames"), 'write {{join attendees ", " field="name"}}.'),
}


def helper(name: str) -> str:
    """Say that no helper has this name, and what does the same."""
    instead = _INSTEAD.get(name, f"the helpers are {', '.join(HELPERS[:-1])} and {HELPERS[-1]}.")
    return f"There is no helper {name}: {instead}"


def block(name: str) -> str:
    """Say that no block has this name, and what does the same."""
    if name in HELPERS:
        return f"{name} is not a block: write {{{{{name} …}}}} without the #."
    if name in _INSTEAD and name not in BLOCKS:
        return f"{{{{#{name}}}}} is not supported: {_INSTEAD[name]}"
    return f"{{{{#{name}}}}} is not supported: write {{{{#each {name}}}}} to loop, {{{{#if {name}}}}} to test."


def more_than_one_variable(block_name: str) -> str:
    """Say that a block takes one variable and nothing else."""
    example = f"{{{{#{block_name} attendees}}}}"
    if block_name == "each":
        return f"{{{{#each}}}} takes one list, as in {example}, without a name for its items."
    return f"{{{{#{block_name}}}}} takes one variable, as in {example}. Values cannot be compared or calculated with."
