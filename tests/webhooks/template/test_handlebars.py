"""The same templates through npm's handlebars and through ours: on harmless values both write the same text."""

import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from calhooks.webhooks.template import compile_template

HANDLEBARS = "handlebars@4.7.10"
# One file in, one file out: every template with the context, in one process. Handlebars has no conditions of its own:
# these do what ours do, with values whose order JavaScript sees as Python does.
PROGRAM = """
const Handlebars = require("handlebars");
const nothing = (value) => value === undefined || value === null || value === "";
const number = (value) => {
  if (typeof value === "string") return /^-?(0|[1-9][0-9]*)([.][0-9]+)?$/.test(value) ? Number(value) : null;
  return typeof value === "number" ? value : null;
};
const equal = (a, b) => {
  if (typeof a === "string" && typeof b === "string") return a === b;
  if (nothing(a) || nothing(b)) return nothing(a) && nothing(b);
  if (typeof a === "boolean" || typeof b === "boolean") {
    const flags = { true: true, false: false };
    return typeof a !== "object" && typeof b !== "object" && String(a) in flags && String(a) === String(b);
  }
  return number(a) !== null && number(a) === number(b);
};
const less = (a, b) => {
  if (number(a) !== null && number(b) !== null) return number(a) < number(b);
  return typeof a === "string" && typeof b === "string" && a !== "" && b !== "" && a < b;
};
const contains = (container, item) => {
  if (Array.isArray(container)) return container.some((found) => equal(found, item));
  if (nothing(item) || typeof item === "object") return false;
  if (typeof container === "string") return container.includes(String(item));
  return typeof container === "object" && container !== null && Object.hasOwn(container, String(item));
};
const truth = (value) => Boolean(value) && !(Array.isArray(value) && value.length === 0);
const helpers = {
  eq: equal,
  ne: (a, b) => !equal(a, b),
  gt: (a, b) => less(b, a),
  lt: less,
  in: (item, ...found) => found.length === 1
    ? contains(found[0], item)
    : found.some((one) => Array.isArray(one) ? contains(one, item) : equal(one, item)),
  and: (...values) => values.every(truth),
  or: (...values) => values.some(truth),
  not: (value) => !truth(value),
};
for (const [name, helper] of Object.entries(helpers))
  Handlebars.registerHelper(name, (...values) => helper(...values.slice(0, -1)));
const { context, templates } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const render = (source) => {
  try {
    return Handlebars.compile(source, { noEscape: true })(context);
  } catch (error) {
    return `refused: ${error.message}`;
  }
};
process.stdout.write(JSON.stringify(templates.map(render)));
"""
CONTEXT = {
    "triggerEvent": "BOOKING_CREATED",
    "type": "quick-chat",
    "title": "Quick chat",
    "length": 30,
    "zero": 0,
    "empty": "",
    "nothing": None,
    "yes": True,
    "no": False,
    "none": [],
    "organizer": {"name": "Rick", "email": "rick@example.com", "language": {"locale": "en"}},
    "attendees": [
        {"name": "Ann Lee", "email": "ann@example.com", "tags": ["vip", "new"]},
        {"name": "", "email": "bob@example.com", "tags": []},
        {"name": "Cy", "email": "cy@example.com", "tags": ["x"]},
    ],
    "team": {"name": "Sales", "members": ["Rick", "Ann"]},
    "metadata": {"user_id": "123", "user-id": "x", "utm source": "mail"},
}

VARIABLES = [
    "{{title}}",
    "{{ title }}",
    "{{{title}}}",
    "{{&title}}",
    "{{& title }}",
    "{{this.title}}",
    "{{./title}}",
    "{{this/title}}",
    "{{organizer.name}} {{organizer/name}} {{organizer.language.locale}}",
    "{{attendees.0.name}} {{attendees.[0].name}} {{attendees.[1].email}} {{attendees.2.tags.[0]}}",
    "{{attendees.length}} {{title.length}}",
    "{{metadata.user_id}} {{metadata.user-id}} {{metadata.[utm source]}} {{[title]}}",
    "{{@root.title}} {{@root.organizer.name}}",
    "[{{missing}}{{missing.a.b}}{{title.missing}}{{attendees.9.name}}{{empty}}{{nothing}}]",
    "{{length}} {{zero}} {{yes}} {{no}}",
    "{{title.[0]}}{{title.[1]}}{{organizer.name.[3]}}[{{title.[99]}}]",
    "\\{{title}} \\\\{{title}} {title} { {title} }",
    "{{! a comment }}a{{!-- with }} inside --}}b{{!}}c",
]
BLOCKS = [
    "{{#if title}}a{{/if}}{{#if empty}}b{{/if}}{{#if nothing}}c{{else}}d{{/if}}{{#if zero}}e{{^}}f{{/if}}",
    "{{#if none}}a{{else}}b{{/if}}{{#if metadata}}c{{/if}}{{#if missing.x}}d{{else}}e{{/if}}",
    "{{#if zero includeZero=true}}a{{else}}b{{/if}}",
    "{{#unless title}}a{{else}}b{{/unless}}{{#unless none}}c{{/unless}}{{#unless no}}d{{/unless}}",
    "{{#if no}}a{{else if yes}}b{{else}}c{{/if}}{{#if no}}a{{else if zero}}b{{else if title}}c{{/if}}",
    "{{#if no}}a{{else unless no}}b{{/if}}",
    "{{#each attendees}}{{name}}<{{email}}>{{#unless @last}}, {{/unless}}{{/each}}",
    "{{#each attendees}}{{@index}}-{{@key}}{{#if @first}}first{{/if}}{{#if @last}}last{{/if}} {{/each}}",
    "{{#each attendees}}{{this.name}}|{{./email}}|{{../title}}|{{@root.type}};{{/each}}",
    "{{#each attendees}}{{#each tags}}{{this}}{{@index}}{{@../index}}{{../name}}{{else}}-{{/each}};{{/each}}",
    "{{#each attendees}}{{#each tags}}{{../../type}}{{/each}}{{/each}}",
    "{{#each team.members}}{{this}}{{/each}}{{#each none}}a{{else}}b{{/each}}{{#each missing}}a{{^}}b{{/each}}",
    "{{#each metadata}}{{@key}}={{this}}{{#if @first}}!{{/if}}&{{/each}}",
    "{{#each attendees}}{{#if name}}{{name}}{{else}}{{email}}{{/if}} {{/each}}",
    "{{#each attendees}}{{#if ../yes}}{{../organizer.name}}{{/if}}{{/each}}",
]
CONDITIONAL = [
    "{{#if true}}a{{/if}}{{#if false}}b{{else}}c{{/if}}{{#if 0}}d{{else}}e{{/if}}{{#if 1}}f{{/if}}{{#if ''}}g{{/if}}",
    "{{#if 0 includeZero=true}}a{{/if}}{{#unless null}}b{{/unless}}{{#if undefined}}c{{else if 'x'}}d{{/if}}",
    "{{#if (eq type 'quick-chat')}}a{{else if (eq type 'other')}}b{{else}}c{{/if}}",
    "{{#unless (ne length 30)}}a{{/unless}}{{#if (eq length '30')}}b{{/if}}{{#if (gt length 29.5)}}c{{/if}}",
    "{{#if (and title (or empty (not (lt length 9))) (in 'Ann' team.members))}}a{{else}}b{{/if}}",
    "{{#if (in triggerEvent 'BOOKING_CREATED' 'BOOKING_CANCELLED')}}a{{/if}}{{#if (in 'chat' title)}}b{{/if}}",
    "{{#if (in 'user_id' metadata)}}a{{/if}}{{#if (eq missing nothing)}}b{{/if}}{{#if (eq missing false)}}c{{/if}}",
    "{{#each attendees}}{{#if (and name (not @last))}}{{name}}{{else if (eq @index 1)}}one{{/if}}{{/each}}",
    "{{#each attendees}}{{#if (in 'vip' tags)}}*{{/if}}{{#if (eq ../type @root.type)}}+{{/if}}{{/each}}",
    "{{#with organizer}}{{name}} {{../title}} {{@root.type}}{{else}}none{{/with}}{{#with missing}}a{{else}}b{{/with}}",
    "{{#with zero}}a{{this}}{{/with}}{{#with none}}b{{else}}c{{/with}}",
    "{{#with no}}d{{else with metadata}}{{user_id}}{{/with}}",
    "{{#each attendees as |person index|}}{{index}}{{person.name}}{{person.tags.[0]}}{{this.email}};{{/each}}",
    "{{#each metadata as |value key|}}{{key}}={{value}}{{#if @last}}!{{/if}};{{/each}}",
    "{{#each attendees as |p|}}{{#each p.tags as |tag n|}}{{tag}}{{n}}{{p.name}}{{../name}}{{/each}}{{/each}}",
    "{{#with organizer as |o|}}{{o.name}}{{#with o.language as |l|}}{{l.locale}}{{o.email}}{{/with}}{{/with}}",
    "{{#each attendees as |title|}}{{title.email}}{{./title}}{{this.title}}{{../title}}{{else}}{{title}}{{/each}}",
    "{{#each attendees}}{{#with this.tags}}{{@index}}-{{length}}{{../name}}{{/with}}{{/each}}",
    "{{#if no}}a{{else each team.members as |m|}}{{m}}{{/if}}",
]
WHITESPACE = [
    "a  {{~title~}}  b",
    "a \n {{~ title }} \n b {{title ~}} \n c",
    "a\n{{#if yes}}\n  b\n{{/if}}\nc",
    "a\n  {{#if yes}}  \n  b\n  {{else}}  \n  c\n  {{/if}}  \nd",
    "a\n{{#each team.members}}\n- {{this}}\n{{/each}}\nb",
    "a\n{{! alone }}\nb\n  {{!-- alone --}}  \nc {{! not alone }}\nd",
    "{{#if yes~}}  a  {{~else~}}  b  {{~/if}}  c",
    "a {{~#if no}} b {{~else if yes~}} c {{else~}} d {{~/if~}} e",
    "{{#each attendees~}}\n  {{email}}{{#unless @last}},{{/unless}}\n{{~/each}}",
    '{\n  "to": [\n    {{#each attendees}}\n    "{{email}}"{{#unless @last}},{{/unless}}\n    {{/each}}\n  ]\n}\n',
    "{{#if yes}}\n{{#if title}}\na\n{{/if}}\n{{/if}}\nb",
    "  {{#if no}}\n  {{else if yes}}\n  a\n  {{else}}\n  b\n  {{/if}}\n",
]

Render = Callable[[Sequence[str]], list[str]]


@pytest.fixture(scope="session")
def handlebars(tmp_path_factory: pytest.TempPathFactory) -> Render:
    """npm's handlebars, in a directory of its own; skipped where it cannot be had, unless it is required."""
    problem = _problem(directory := tmp_path_factory.mktemp("handlebars"))
    if problem and os.environ.get("CALHOOKS_REQUIRE_HANDLEBARS") == "1":
        pytest.fail(f"the comparison with {HANDLEBARS} is required, but {problem}")
    if problem:
        pytest.skip(f"the comparison with {HANDLEBARS} needs npm: {problem}")

    def render(templates: Sequence[str]) -> list[str]:
        given = json.dumps({"context": CONTEXT, "templates": list(templates)})
        done = subprocess.run(["node", "-e", PROGRAM], input=given, cwd=directory, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        written: list[str] = json.loads(done.stdout)
        return written

    return render


def _problem(directory: Path) -> str:
    """Install the package; return why that did not work."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    (directory / "package.json").write_text("{}")
    command = ["npm", "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", HANDLEBARS]
    try:
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        return "npm took more than two minutes"
    return "" if done.returncode == 0 else f"npm failed: {done.stderr.strip()[:200]}"


def ours(template: str) -> str:
    return compile_template(template, "text/plain").render(CONTEXT).decode()


def differences(templates: Sequence[str], handlebars: Render) -> list[tuple[str, str, str]]:
    pairs = zip(templates, handlebars(templates), map(ours, templates), strict=True)
    return [(template, theirs, mine) for template, theirs, mine in pairs if theirs != mine]


def test_variables_and_blocks_write_what_handlebars_writes(handlebars):
    assert differences([*VARIABLES, *BLOCKS, *CONDITIONAL, *WHITESPACE], handlebars) == []


def test_templates_made_at_random_write_what_handlebars_writes(handlebars):
    dice = random.Random(20261123)
    templates = [f"start{_sequence(dice, depth=3, loops=0)}" for _ in range(600)]
    assert sum("{{#each" in template for template in templates) > 100
    assert differences(templates, handlebars) == []


# A single brace right beside a tag, which JSON is full of, is text to us and a mistake to Handlebars.
TEXTS = ["a", " b ", "\n", "\n\n", "  \n", "\n  ", " ", "x: ", "{ ", " }", '"q"', ",\n"]
# Texts alone: Handlebars adds two numbers up that stand side by side.
NAMES = ["title", "type", "empty", "missing", "organizer.name", "attendees.0.name", "metadata.user_id"]
# Names from `as |person|` lead nowhere outside of their block.
IN_LOOP = ["name", "email", "this.name", "../title", "@root.type", "missing", "tags.[0]", "person.email", "host.name"]
CONDITIONS = ["title", "empty", "yes", "no", "zero", "none", "missing", "metadata"]
LITERALS = ['"Ann Lee"', "'vip'", "30", "0", "'0'", "1.5", "true", "false", "null", "''", "'123'", "123"]
CONTAINERS = ["@root.team.members", "@root.metadata", "@root.title", "@root.missing", "@root.length", "@root.none"]
IN_LOOP_CONDITIONS = ["name", "@first", "@last", "@index", "tags", "../yes", "../no", "number", "person.name"]


def _sequence(dice: random.Random, depth: int, loops: int) -> str:
    return "".join(_piece(dice, depth, loops) for _ in range(dice.randint(1, 4)))


def _piece(dice: random.Random, depth: int, loops: int) -> str:
    kind = dice.choice(["text", "text", "variable", "comment"] + ["if", "each", "chain", "with"] * (depth > 0))
    if kind == "text":
        return dice.choice(TEXTS)
    if kind == "variable":
        return _tag(dice, dice.choice(IN_LOOP if loops else NAMES))
    if kind == "comment":
        return _tag(dice, "! nothing ")
    if kind == "each":
        subject = dice.choice(["attendees", "none", "missing"] if not loops else ["tags", "@root.team.members"])
        names = dice.choice(["", " as |person|", " as | person number |"])
        body, otherwise = _sequence(dice, depth - 1, loops + 1), _otherwise(dice, depth, loops)
        return f"{_tag(dice, f'#each {subject}{names}')}{body}{otherwise}{_tag(dice, '/each')}"
    if kind == "with":
        subject, names = dice.choice(["organizer", "missing", "zero", "team"]), dice.choice(["", " as |host|"])
        body, otherwise = _sequence(dice, depth - 1, loops), _otherwise(dice, depth, loops)
        return f"{_tag(dice, f'#with @root.{subject}{names}')}{body}{otherwise}{_tag(dice, '/with')}"
    name = dice.choice(["if", "unless"])
    chain = ""
    if kind == "chain":
        chain = _tag(dice, f"else if {_condition(dice, loops)}") + _sequence(dice, depth - 1, loops)
    body = _sequence(dice, depth - 1, loops) + chain + _otherwise(dice, depth, loops)
    return f"{_tag(dice, f'#{name} {_condition(dice, loops)}')}{body}{_tag(dice, f'/{name}')}"


def _condition(dice: random.Random, loops: int, depth: int = 2) -> str:
    if dice.random() < 0.6:
        return dice.choice(IN_LOOP_CONDITIONS if loops else CONDITIONS)
    return _comparison(dice, loops, depth)


def _comparison(dice: random.Random, loops: int, depth: int) -> str:
    def operand() -> str:
        return dice.choice([*(IN_LOOP + IN_LOOP_CONDITIONS if loops else NAMES + CONDITIONS), *LITERALS])

    operator = dice.choice(["eq", "ne", "gt", "lt", "in", "in"] + ["and", "or", "not"] * (depth > 0))
    if operator in ("and", "or", "not"):
        parts = [_condition(dice, loops, depth - 1) for _ in range(1 if operator == "not" else dice.randint(2, 3))]
        return f"({operator} {' '.join(parts)})"
    if operator == "in":
        several = [operand() for _ in range(dice.randint(2, 3))]
        return f"(in {operand()} {' '.join(dice.choice([several, [dice.choice(CONTAINERS)]]))})"
    return f"({operator} {operand()} {operand()})"


def _otherwise(dice: random.Random, depth: int, loops: int) -> str:
    return _tag(dice, "else") + _sequence(dice, depth - 1, loops) if dice.random() < 0.4 else ""


def _tag(dice: random.Random, inside: str) -> str:
    left, right = (dice.choice(["", "", "", "~"]) for _ in range(2))
    return f"{{{{{left}{inside}{right}}}}}"
