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
# One file in, one file out: every template with the context, in one process.
PROGRAM = """
const Handlebars = require("handlebars");
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
    assert differences([*VARIABLES, *BLOCKS, *WHITESPACE], handlebars) == []


def test_templates_made_at_random_write_what_handlebars_writes(handlebars):
    dice = random.Random(20261123)
    templates = [f"start{_sequence(dice, depth=3, loops=0)}" for _ in range(600)]
    assert sum("{{#each" in template for template in templates) > 100
    assert differences(templates, handlebars) == []


# A single brace right beside a tag, which JSON is full of, is text to us and a mistake to Handlebars.
TEXTS = ["a", " b ", "\n", "\n\n", "  \n", "\n  ", " ", "x: ", "{ ", " }", '"q"', ",\n"]
# Texts alone: Handlebars adds two numbers up that stand side by side.
NAMES = ["title", "type", "empty", "missing", "organizer.name", "attendees.0.name", "metadata.user_id"]
IN_LOOP = ["name", "email", "this.name", "../title", "@root.type", "missing", "tags.[0]"]
CONDITIONS = ["title", "empty", "yes", "no", "zero", "none", "missing", "metadata"]
IN_LOOP_CONDITIONS = ["name", "@first", "@last", "@index", "tags", "../yes", "../no"]


def _sequence(dice: random.Random, depth: int, loops: int) -> str:
    return "".join(_piece(dice, depth, loops) for _ in range(dice.randint(1, 4)))


def _piece(dice: random.Random, depth: int, loops: int) -> str:
    kind = dice.choice(["text", "text", "variable", "comment"] + ["if", "each", "chain"] * (depth > 0))
    if kind == "text":
        return dice.choice(TEXTS)
    if kind == "variable":
        return _tag(dice, dice.choice(IN_LOOP if loops else NAMES))
    if kind == "comment":
        return _tag(dice, "! nothing ")
    if kind == "each":
        subject = dice.choice(["attendees", "none", "missing"] if not loops else ["tags", "@root.team.members"])
        body, otherwise = _sequence(dice, depth - 1, loops + 1), _otherwise(dice, depth, loops)
        return f"{_tag(dice, f'#each {subject}')}{body}{otherwise}{_tag(dice, '/each')}"
    name = dice.choice(["if", "unless"])
    chain = ""
    if kind == "chain":
        chain = _tag(dice, f"else if {_condition(dice, loops)}") + _sequence(dice, depth - 1, loops)
    body = _sequence(dice, depth - 1, loops) + chain + _otherwise(dice, depth, loops)
    return f"{_tag(dice, f'#{name} {_condition(dice, loops)}')}{body}{_tag(dice, f'/{name}')}"


def _condition(dice: random.Random, loops: int) -> str:
    return dice.choice(IN_LOOP_CONDITIONS if loops else CONDITIONS)


def _otherwise(dice: random.Random, depth: int, loops: int) -> str:
    return _tag(dice, "else") + _sequence(dice, depth - 1, loops) if dice.random() < 0.4 else ""


def _tag(dice: random.Random, inside: str) -> str:
    left, right = (dice.choice(["", "", "", "~"]) for _ in range(2))
    return f"{{{{{left}{inside}{right}}}}}"
