"""What other template languages have and this one has not, with what to write instead."""

from collections.abc import Sequence

from calhooks.webhooks.template.nodes import BlockName, Operator

HELPERS = (
    *("date", "default", "join", "upper", "lower", "words", "truncate", "json"),
    *("html", "slack", "markdown", "url", "csv"),
)

_EXAMPLES = {
    Operator.EQ: '(eq type "quick-chat")',
    Operator.NE: '(ne type "quick-chat")',
    Operator.GT: "(gt length 30)",
    Operator.LT: "(lt length 30)",
    Operator.IN: '(in triggerEvent "BOOKING_CREATED" "BOOKING_RESCHEDULED")',
    Operator.AND: "(and location (gt length 30))",
    Operator.OR: "(or location additionalNotes)",
    Operator.NOT: "(not location)",
}
_EQ, _NE, _GT, _LT, _IN, _AND, _OR, _NOT = (
    f"write {operator}, as in {{{{#if {_EXAMPLES[operator]}}}}}…{{{{/if}}}}."
    for operator in (
        *(Operator.EQ, Operator.NE, Operator.GT, Operator.LT),
        *(Operator.IN, Operator.AND, Operator.OR, Operator.NOT),
    )
)
_AT_LEAST = "write {{#if (not (lt length 30))}}…{{/if}} for “at least 30”."
_AT_MOST = "write {{#if (not (gt length 30))}}…{{/if}} for “at most 30”."
_FIRST_VALUE = 'write {{default location "to be agreed"}}.'
_CALCULATED = "values cannot be calculated with."
# What other engines call conditions.
_CONDITIONS = {
    **dict.fromkeys(
        ("equals", "equal", "is", "compare", "ifEquals", "ifEqual", "ifeq", "ifEq", "isEqual", "if_eq"), _EQ
    ),
    **dict.fromkeys(("neq", "isnt", "noteq", "notEqual", "notEquals", "not_eq", "unlessEq", "ifNotEquals"), _NE),
    **dict.fromkeys(("greaterThan", "greater", "ifGt"), _GT),
    **dict.fromkeys(("lessThan", "less", "ifLt"), _LT),
    **dict.fromkeys(("gte", "ge", "gteq", "greaterThanOrEqual"), _AT_LEAST),
    **dict.fromkeys(("lte", "le", "lteq", "lessThanOrEqual"), _AT_MOST),
    **dict.fromkeys(("inArray", "ifIn", "oneOf"), _IN),
    **dict.fromkeys(
        ("contains", "includes", "startsWith", "endsWith", "match"), 'write {{#if (in "VIP" title)}}…{{/if}}.'
    ),
    **dict.fromkeys(("every", "all", "both", "ifAll"), _AND),
    **dict.fromkeys(("any", "either", "some", "ifAny"), _OR),
    **dict.fromkeys(("isEmpty", "empty", "isnot", "none"), _NOT),
}
_OPERATORS = {
    **dict.fromkeys(("=", "==", "==="), "(eq {} {})"),
    **dict.fromkeys(("!=", "!=="), "(ne {} {})"),
    ">": "(gt {} {})",
    "<": "(lt {} {})",
    ">=": "(not (lt {} {}))",
    "<=": "(not (gt {} {}))",
    "&&": "(and {} {})",
    "||": "(or {} {})",
    "!": "(not {1})",
    "and": "(and {} {})",
    "or": "(or {} {})",
}
_DATE = 'write {{date startTime format="full"}}.'
_INSTEAD = {
    "log": "remove it; a template only writes the body.",
    "lookup": "write the path itself, such as {{attendees.0.name}}.",
    "with": "it is a block: write {{#with organizer}}…{{/with}}.",
    "if": "it is a block: write {{#if name}}…{{/if}}.",
    "unless": "it is a block: write {{#unless name}}…{{/unless}}.",
    **dict.fromkeys(("elseif", "elsif", "elif"), "write {{else if name}}, as two words."),
    "each": "it is a block: write {{#each attendees}}…{{/each}}.",
    **_CONDITIONS,
    **dict.fromkeys(
        ("for", "foreach", "forEach", "loop", "repeat", "range"),
        "write {{#each attendees}}…{{/each}} or {{#each attendees as |person|}}…{{/each}}.",
    ),
    **dict.fromkeys(("switch", "case", "choose"), "write {{#if (eq …)}}…{{else if (eq …)}}…{{/if}}."),
    **dict.fromkeys(("add", "plus", "sum", "subtract", "minus", "multiply", "divide", "mod", "math"), _CALCULATED),
    **dict.fromkeys(("coalesce", "fallback", "defaultTo"), _FIRST_VALUE),
    **dict.fromkeys(("moment", "formatDate", "dateFormat", "format", "formatTime", "time", "datetime"), _DATE),
    **dict.fromkeys(("uppercase", "toUpperCase", "upcase"), "write {{upper title}}."),
    **dict.fromkeys(("lowercase", "toLowerCase", "downcase"), "write {{lower title}}."),
    **dict.fromkeys(("capitalize", "titleize", "humanize", "sentence"), "write {{words triggerEvent}}."),
    **dict.fromkeys(("ellipsis", "substring", "substr", "slice", "limit"), "write {{truncate title 80}}."),
    **dict.fromkeys(("stringify", "toJSON", "tojson", "toJson", "JSONstringify"), "write {{json metadata}}."),
    **dict.fromkeys(("escape", "escapeHtml", "escapeHTML", "htmlEscape", "h", "e"), "write {{html title}}."),
    **dict.fromkeys(("mrkdwn", "slackEscape", "escapeSlack"), "write {{slack title}}."),
    **dict.fromkeys(("md", "escapeMarkdown", "markdownEscape", "markdownv2"), "write {{markdown title}}."),
    **dict.fromkeys(
        ("urlencode", "urlEncode", "encodeURI", "encodeURIComponent", "encode", "uri"), "write {{url title}}."
    ),
    **dict.fromkeys(("csvEscape", "escapeCsv", "toCSV"), "write {{csv title}}."),
    **dict.fromkeys(("pluck", "map", "concat", "joinNames"), 'write {{join attendees ", " field="name"}}.'),
}

_FILTERS = {
    "date": _DATE,
    "default": _FIRST_VALUE,
    "join": 'write {{join attendees ", " field="name"}}.',
    "truncate": "write {{truncate title 80}}.",
    "words": "write {{words triggerEvent}}.",
    "json": "write {{json metadata}}.",
}


def helper(name: str) -> str:
    """Say that no helper has this name, and what does the same."""
    if name in tuple(Operator):
        first = f" For the first that has a value, {_FIRST_VALUE}" if name == Operator.OR else ""
        return f"{name} is a condition: write {{{{#if {_EXAMPLES[Operator(name)]}}}}}…{{{{/if}}}}.{first}"
    helpers = f"a variable is alone in its braces, and the helpers are {', '.join(HELPERS[:-1])} and {HELPERS[-1]}."
    # Of a function such as JSON.stringify, its last name says what it does.
    instead = _INSTEAD.get(name, _INSTEAD.get(name.rpartition(".")[2], helpers))
    return f"There is no helper {name}: {instead}"


def block(name: str) -> str:
    """Say that no block has this name, and what does the same."""
    if name == "else":
        return "{{else}} is written without the #."
    if name in HELPERS:
        return f"{name} is not a block: write {{{{{name} …}}}} without the #."
    if name in tuple(Operator):
        return f"{name} is not a block: write {{{{#if {_EXAMPLES[Operator(name)]}}}}}…{{{{/if}}}}."
    if name in _INSTEAD:
        return f"{{{{#{name}}}}} is not supported: {_INSTEAD[name]}"
    return f"{{{{#{name}}}}} is not supported: write {{{{#each {name}}}}} to loop, {{{{#if {name}}}}} to test."


def piped(name: str) -> str:
    """Say that filters such as `| upcase` are not supported, and what does the same."""
    example = "upper title" if name not in HELPERS else f"{name} title"
    instead = _FILTERS.get(name) or _INSTEAD.get(name) or f"write the helper first, as in {{{{{example}}}}}."
    return f"Filters after | are not supported: {instead}"


def key_with_space(path: str, words: Sequence[str]) -> str:
    """Say how to write a key such as `utm source`, whose first word ends the path."""
    parent, _, key = path.rpartition(".")
    return f"Put a key that has a space into brackets: write {{{{{parent}.[{' '.join([key, *words])}]}}}}."


def operator(written: str, left: str = "a", right: str = "b") -> str:
    """Say that there are no operators between values, and what does the same."""
    if written == "??":
        return f"?? cannot be used here: {_FIRST_VALUE.replace('location', left or 'location')}"
    if written == "?":
        return "? cannot be used here: write {{#if location}}…{{else}}…{{/if}}."
    if written not in _OPERATORS:
        return f"{written} cannot be used here: {_CALCULATED}"
    condition = _OPERATORS[written].format(left or "a", right or "b")
    first = f" To write the first that has a value, {_FIRST_VALUE}" if written in ("||", "or") else ""
    return f"{written} cannot be used here: write {{{{#if {condition}}}}}…{{{{/if}}}}.{first}"


def condition(name: str, *, alone: bool) -> str:
    """Say that no condition has this name, and what does the same. It is `alone` in its parentheses."""
    if name in HELPERS:
        return f"{name} is a helper: only conditions and variables can be in parentheses, as in (eq a b)."
    if alone:
        return f"There is no condition {name}: write a variable without parentheses."
    known = f"the conditions are {', '.join(tuple(Operator)[:-1])} and {Operator.NOT}."
    return f"There is no condition {name}: {_CONDITIONS.get(name, known)}"


def usage(operator_name: Operator) -> str:
    """Say with how many values a condition is written."""
    takes = {
        Operator.IN: "a value and where to look for it: a variable, or several values",
        Operator.AND: "two or more variables or conditions",
        Operator.OR: "two or more variables or conditions",
        Operator.NOT: "one variable or condition",
    }
    return f"{operator_name} takes {takes.get(operator_name, 'two values')}: {_EXAMPLES[operator_name]}."


def more_than_one_variable(block_name: str) -> str:
    """Say what a block takes."""
    if block_name == BlockName.EACH:
        return "{{#each}} takes one list, as in {{#each attendees}} or {{#each attendees as |person|}}."
    if block_name == BlockName.WITH:
        return "{{#with}} takes one variable, as in {{#with organizer}} or {{#with organizer as |host|}}."
    example = f"{{{{#{block_name} location}}}} or {{{{#{block_name} {_EXAMPLES[Operator.EQ]}}}}}"
    return f"{{{{#{block_name}}}}} takes one variable or condition, as in {example}."


def without_parentheses(block_name: str, words: Sequence[str]) -> str:
    """Say what to write in place of several words after a block's name, such as `eq a b` or `item in list`."""
    first, second, *_ = words
    if block_name in (BlockName.EACH, BlockName.WITH):
        if second in ("in", "of") and len(words) > 2:
            return f"Write the list first: {{{{#{block_name} {words[2]} as |{first}|}}}}."
        if second == "as" and len(words) > 2:
            return f"Names are written between two |: {{{{#{block_name} {first} as |{words[2]}|}}}}."
        return more_than_one_variable(block_name)
    if "(" in (first, second):
        return f"Combine conditions with and or or: write {{{{#{block_name} {_EXAMPLES[Operator.AND]}}}}}."
    known = next((word for word in (first, second) if word in tuple(Operator)), None)
    if known:
        rest = [word for word in words if word != known]
        return f"A condition needs parentheses: write {{{{#{block_name} ({' '.join([known, *rest])})}}}}."
    named = next((_CONDITIONS[word] for word in (first, second) if word in _CONDITIONS), None)
    return f"A condition needs parentheses: {named}" if named else more_than_one_variable(block_name)
