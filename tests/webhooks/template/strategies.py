"""Templates and events made at random: with the slips of a tired person, and with values that try to break out."""

from typing import Any

from hypothesis import strategies as st

NAMES = ["title", "notes", "missing", "number", "flag", "metadata.key", "people.0.name", "people", "metadata"]
ITEM_NAMES = ["this", "name", "email", "../title", "../flag", "@index", "@key", "@root.notes", "@last"]
CONDITIONS = ["title", "notes", "flag", "missing", "people", "metadata"]
ITEM_CONDITIONS = ["@first", "@last", "@index", "name", "email", "../flag", "this", "../people"]
COMPARED = ["title", "notes", "missing", "number", "flag", "metadata.key", "people.0.name", "people", '"x"', "'a'"]
ITEM_COMPARED = ["name", "email", "../title", "@index", "@first", "@key", "this", "one.name", "number", "host.name"]
LITERALS = ["0", "1", '"1"', "true", "false", "null", '""', "'pro'"]
LISTS = ["people", "metadata", "missing", "tags", "title"]
ITEM_LISTS = ["tags", "../people", "this", "@root.tags"]
HELPERS = [
    "default {} notes",
    "default {} 'nothing \"much\"'",
    "upper {}",
    "words {}",
    "truncate {} 5",
    "json {}",
    "join {} '\",\"' field='name'",
    "date {} format='full'",
    "slack {}",
    "csv {}",
    "html (truncate {} 5)",
    "markdown (default {} (url notes))",
    "json (upper {})",
]
# Pieces that break a template, or nearly do.
SLIPS = [
    '"',
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "1",
    "-",
    "\n",
    "\t",
    " ",
    "null",
    "tru",
    "e",
    "\\u",
    "\\ud83d",
    "\\ude00",
    "00e9",
    '"title":',
    '"k": 1,',
    "\u00a0",
    "\\\\",
    "{{title}}",
    "{{#if flag}}",
    "{{/if}}",
    "{{else}}",
    "{{else if (eq title 'x')}}",
    "{{#if (not flag)}}",
    "{{#with metadata}}",
    "{{/with}}",
    "(",
    ")",
    "{{~",
    "~}}",
]

hostile = st.one_of(
    st.text(st.sampled_from('"\\{}[],:\n\r\t &=%+<>\u2028\u2029\x00\x1f\x7f\ud83d\ude00\u00e9😀a1'), max_size=12),
    st.sampled_from(
        ['","admin":"1', "{{title}}", "\\", '"', "null", "\\u0022", "&admin=1", "%26", "]}", "x", "\\\\", "\ud800"]
    ),
)
# Few enough to be equal often.
compared = st.sampled_from(["x", "a", "1", "1.0", "true", "pro", ""])
keys = st.sampled_from(["a", "b", "c", "title", "\\u0061", "é", ""])


@st.composite
def json_templates(draw: st.DrawFn) -> str:
    """A JSON template that most often saves, with at most two slips."""
    source = draw(_value(3, 0))
    for _ in range(draw(st.integers(0, 5)) // 4 + draw(st.integers(0, 5)) // 5):
        position = draw(st.integers(0, len(source)))
        cut = draw(st.sampled_from([0, 0, 1, 2, 8]))
        source = source[:position] + draw(st.sampled_from(["", *SLIPS])) + source[position + cut :]
    return source


@st.composite
def form_templates(draw: st.DrawFn) -> str:
    """A form template, with slips."""
    plain = ["a=", "b=", "&", "&\n", "x", " ", "%", "%2", "%26", "+", "é", "\n", "&c={{notes}}"]
    tags = ["{{title}}", "{{notes}}", "{{people}}", "{{name}}"]
    blocks = ["{{#if flag}}", "{{else}}", "{{/if}}", "{{#each people}}", "{{/each}}"]
    parts = st.sampled_from([*plain, *tags, *blocks])
    return draw(st.lists(parts, min_size=1, max_size=12).map("".join))


@st.composite
def events(draw: st.DrawFn, texts: st.SearchStrategy[str] = hostile) -> dict[str, Any]:
    """An event with any number of people, values that may be missing, and texts that try to break out."""
    person = st.fixed_dictionaries({"name": texts}, optional={"email": texts, "tags": st.lists(texts, max_size=3)})
    return draw(
        st.fixed_dictionaries(
            {"title": texts, "people": st.lists(person, max_size=4)},
            optional={
                "notes": texts,
                "number": st.sampled_from([0, 1, -3, 1.5, float("nan"), float("inf"), 10**30]),
                "flag": st.booleans() | st.none(),
                "metadata": st.dictionaries(st.sampled_from(["key", 'a"b', "&=", "é", "{{x}}"]), texts, max_size=3),
                "tags": st.lists(texts, max_size=4),
            },
        )
    )


@st.composite
def _value(draw: st.DrawFn, depth: int, loops: int) -> str:
    kinds = ["text", "text", "variable", "variable", "number", "word"]
    if depth:
        kinds += ["object", "object", "array", "array", "choice", "loop", "with"]
    kind = draw(st.sampled_from(kinds))
    if kind == "text":
        return f'"{draw(_text(depth, loops))}"'
    if kind == "variable":
        return draw(_variable(loops))
    if kind == "number":
        return draw(st.sampled_from(["0", "1", "-2.5e3", "12"]))
    if kind == "word":
        return draw(st.sampled_from(["true", "false", "null"]))
    if kind == "object":
        return "{" + draw(_members(depth - 1, loops)) + "}"
    if kind == "array":
        items = draw(st.lists(_value(depth - 1, loops), max_size=3))
        return "[" + draw(st.sampled_from([", ", ","])).join(items) + "]"
    if kind == "choice":
        condition = draw(_condition(loops))
        both = draw(_value(depth - 1, loops)), draw(_value(depth - 1, loops))
        more = ""
        if draw(st.booleans()):
            more = f"{{{{else {draw(st.sampled_from(['if', 'unless']))} {draw(_condition(loops))}}}}}{both[1]}"
        return f"{{{{#if {condition}}}}}{both[0]}{more}{{{{else}}}}{both[1]}{{{{/if}}}}"
    if kind == "with":
        subject = draw(st.sampled_from(["metadata", "people.0", "missing", "number", "@root.people"]))
        names = draw(st.sampled_from(["", " as |host|"]))
        both = draw(_value(depth - 1, loops + 1)), draw(_value(depth - 1, loops))
        return f"{{{{#with {subject}{names}}}}}{both[0]}{{{{else}}}}{both[1]}{{{{/with}}}}"
    return draw(_loop(depth - 1, loops))


@st.composite
def _loop(draw: st.DrawFn, depth: int, loops: int) -> str:
    items = draw(st.sampled_from(LISTS if not loops else LISTS + ITEM_LISTS))
    item = draw(_value(depth, loops + 1))
    comma = draw(
        st.sampled_from(
            [
                "{{#unless @last}},{{/unless}}",
                "{{#if @last}}{{else}}, {{/if}}",
                "{{#if @index}}{{/if}},",
                "{{#if (not @last)}},{{/if}}",
                "{{#unless (and @last true)}},{{/unless}}",
                "{{#if (or @last (eq name 'x'))}}{{else}},{{/if}}",
                "",
                "{{^}}1",
            ]
        )
    )
    if draw(st.booleans()):
        before = draw(st.sampled_from(["{{#if @index}},{{/if}}", "{{#if (gt @index 0)}},{{/if}}"]))
        after = ""
    else:
        before, after = "", comma
    names = draw(st.sampled_from(["", " as |one|", " as |one number|"]))
    return f"[{{{{#each {items}{names}}}}}{before}{item}{after}{{{{/each}}}}]"


@st.composite
def _members(draw: st.DrawFn, depth: int, loops: int) -> str:
    members = []
    for key in draw(st.lists(keys, max_size=4)):
        member = f'"{key}":{draw(st.sampled_from(["", " "]))}{draw(_value(depth, loops))}'
        if draw(st.integers(0, 4)) == 0:
            block = draw(st.sampled_from(["if", "unless"]))
            member = f"{{{{#{block} {draw(_condition(loops))}}}}}{member},{{{{/{block}}}}}"
        else:
            member += ","
        members.append(member)
    joined = "".join(members)
    return joined[:-1] if joined.endswith(",") else joined + '"z":1'


@st.composite
def _text(draw: st.DrawFn, depth: int, loops: int) -> str:
    parts = []
    for _ in range(draw(st.integers(0, 3))):
        parts.append(draw(st.sampled_from(["", "a ", "\\n", "\\u00e9", "é", "\\\\", "{", "}", "'", "\\ud83d\\ude00"])))
        parts.append(draw(_variable(loops)))
        if depth and draw(st.integers(0, 3)) == 0:
            inner = draw(_text(depth - 1, loops))
            parts.append(f"{{{{#if {draw(_condition(loops))}}}}}{inner}{{{{/if}}}}")
        if depth and draw(st.integers(0, 5)) == 0:
            inner = draw(_text(depth - 1, loops + 1))
            parts.append(f"{{{{#each {draw(st.sampled_from(LISTS))}}}}}{inner}{{{{/each}}}}")
    return "".join(parts)


@st.composite
def _variable(draw: st.DrawFn, loops: int) -> str:
    name = draw(st.sampled_from(NAMES + ITEM_NAMES if loops else NAMES))
    if draw(st.integers(0, 5)) == 0:
        return "{{" + draw(st.sampled_from(HELPERS)).format(name) + "}}"
    opening, closing = draw(st.sampled_from([("{{", "}}")] * 4 + [("{{{", "}}}"), ("{{~", "}}"), ("{{&", "~}}")]))
    return f"{opening}{name}{closing}"


@st.composite
def _condition(draw: st.DrawFn, loops: int, depth: int = 2) -> str:
    if draw(st.integers(0, 2)):
        return draw(st.sampled_from(CONDITIONS + ITEM_CONDITIONS if loops else CONDITIONS))
    values = st.sampled_from(COMPARED + ITEM_COMPARED if loops else COMPARED)
    operator = draw(
        st.sampled_from(["eq", "eq", "ne", "gt", "lt", "in", "literal"] + ["and", "or", "not"] * (depth > 0))
    )
    if operator == "literal":
        return draw(st.sampled_from(LITERALS))
    if operator in ("and", "or", "not"):
        least = 1 if operator == "not" else 2
        parts = draw(st.lists(_condition(loops, depth - 1), min_size=least, max_size=min(least * 2 - 1, 3)))
        return f"({operator} {' '.join(parts)})"
    if operator == "in":
        several = draw(st.lists(values | st.sampled_from(LITERALS), min_size=2, max_size=3))
        return f"(in {draw(values)} {draw(st.sampled_from([' '.join(several), 'people', 'metadata', 'title']))})"
    return f"({operator} {draw(values)} {draw(values | st.sampled_from(LITERALS))})"
