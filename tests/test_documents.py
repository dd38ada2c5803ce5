"""The documents say what the code does: their tables and examples are run."""

import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import MAXYEAR
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook as StandardWebhook

from calhooks.config import DEFAULT_RETRY_SCHEDULE, Config
from calhooks.delivery.sending.signing import signature_headers
from calhooks.events import DEFAULT_TRIGGERS, Trigger
from calhooks.scheduling.bookings.metadata import MAX_KEYS
from calhooks.webhooks.body.payload import template_context
from calhooks.webhooks.body.samples import Sample, sample_body
from calhooks.webhooks.editor.catalogue import CATALOGUE, DocumentedVariable, Group
from calhooks.webhooks.editor.presets import PRESETS
from calhooks.webhooks.settings.headers import MAX_HEADERS
from calhooks.webhooks.settings.subscriptions import MAX_TEMPLATE_CHARACTERS, MAX_WEBHOOKS
from calhooks.webhooks.template import ContentType, TemplateError, compile_template
from calhooks.webhooks.template.nodes import Data
from calhooks.webhooks.template.proof.combinations import MAX_COMBINATIONS
from calhooks.webhooks.template.syntax.parse import MAX_SOURCE_LENGTH
from calhooks.webhooks.template.syntax.unsupported import HELPERS
from calhooks.webhooks.template.values.frames import MAX_BODY_BYTES
from tests.attack.templates.events import GUESTS, MANY_WEBHOOKS
from tests.running import on_another_day

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
WEBHOOKS = (ROOT / "docs" / "webhooks.md").read_text()


def section(text: str, heading: str) -> str:
    return text.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def first_column(text: str) -> list[str]:
    return re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)


class Recorder(Mapping[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self, values: dict[str, str]) -> None:
        self.values_given = values
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self.values_given[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_given)

    def __len__(self) -> int:
        return len(self.values_given)


def documented_variables() -> dict[str, str]:
    """Return the README's variables with what it gives as their default."""
    text = (ROOT / "README.md").read_text().split("## Configuration")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", text, re.MULTILINE)
    return dict(rows)


def test_the_readme_names_every_variable_that_is_read(tmp_path: Path) -> None:
    environ = Recorder({"CALHOOKS_DATA_DIR": str(tmp_path)})
    Config.from_env(environ)
    assert set(documented_variables()) == environ.asked


def test_the_readme_gives_the_defaults_that_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    printed = {name: value.strip("`") for name, value in documented_variables().items() if value.startswith("`")}
    assert Config.from_env(printed) == Config.from_env({})


def documents() -> list[Path]:
    return [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_links_in_documents_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        page = (path.parent / file).resolve() if file else path
        assert page.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings], target


# Signatures

BODY = '{"name":"Zoë 日本 🎉"}'.encode()
SECRETS = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "any other secret"]


def signed(secret: str, *, ago: int = 0, body: bytes = BODY) -> dict[str, str]:
    """Return the headers of a request signed with the secret and, before it, with one that replaces it."""
    timestamp = int(time.time()) - ago
    headers = signature_headers(body, message_id="msg_1", timestamp=timestamp, secrets=["the newest secret", secret])
    return {"webhook-id": "msg_1", "webhook-timestamp": str(timestamp), **dict(headers)}


def in_python(document: str, secret: str, headers: dict[str, str], body: bytes) -> bool:
    names: dict[str, Any] = {}
    exec(blocks(section(document, VERIFY), "python")[0], names)
    verdict: bool = names["is_from_calhooks"](secret, headers, body)
    return verdict


def printed(program: str, *arguments: str, code: str = "", **options: Any) -> bool:
    """Run a program that prints true or false; skip where it is not installed."""
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    done = subprocess.run([path, *arguments], input=code, capture_output=True, text=True, **options)
    assert done.stdout in ("true\n", "false\n"), done.stderr
    return done.stdout == "true\n"


def in_node(document: str, secret: str, headers: dict[str, str], body: bytes) -> bool:
    code = blocks(section(document, VERIFY), "javascript")[0]
    call = f"isFromCalhooks({json.dumps(secret)}, {json.dumps(headers)}, Buffer.from({json.dumps(body.hex())}, 'hex'))"
    return printed("node", "-", code=f"{code}\nconsole.log({call})")


def in_php(document: str, secret: str, headers: dict[str, str], body: bytes) -> bool:
    code = blocks(section(document, VERIFY), "php")[0]
    given = json.dumps({"secret": secret, "headers": headers, "body": body.hex()}).encode().hex()
    call = f"$g = json_decode(hex2bin('{given}'), true);"
    verdict = "isFromCalhooks($g['secret'], $g['headers'], hex2bin($g['body']))"
    return printed("php", code=f'<?php\n{code}\n{call}\necho json_encode({verdict}), "\\n";')


def in_ruby(document: str, secret: str, headers: dict[str, str], body: bytes) -> bool:
    code = blocks(section(document, VERIFY), "ruby")[0]
    given = json.dumps({"secret": secret, "headers": headers, "body": body.hex()}).encode().hex()
    call = f'require "json"; g = JSON.parse(["{given}"].pack("H*"))'
    verdict = 'from_calhooks?(g["secret"], g["headers"], [g["body"]].pack("H*"))'
    return printed("ruby", "-", code=f"{code}\n{call}\nputs {verdict}")


GO = """
package main
%s
func main() {
	text, _ := hex.DecodeString("%s")
	var g struct{ Secret, Body string; Headers map[string]string }
	if err := json.Unmarshal(text, &g); err != nil { panic(err) }
	header := http.Header{}
	for name, value := range g.Headers { header.Set(name, value) }
	body, _ := hex.DecodeString(g.Body)
	fmt.Println(IsFromCalhooks(g.Secret, header, body))
}
"""


def in_go(document: str, secret: str, headers: dict[str, str], body: bytes) -> bool:
    if on_another_day():
        pytest.skip("Go reads the machine's clock past faketime")
    code = blocks(section(document, VERIFY), "go")[0].replace("import (", 'import (\n"encoding/hex"\n"encoding/json"')
    given = json.dumps({"secret": secret, "headers": headers, "body": body.hex()}).encode().hex()
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "main.go"
        file.write_text(GO % (code, given))
        return printed("go", "run", str(file), cwd=directory)


VERIFY = "Verify a signature"
WAYS = [(README, in_python), (README, in_node)] + [
    (WEBHOOKS, verify) for verify in (in_python, in_node, in_php, in_ruby, in_go)
]


@pytest.mark.parametrize(("document", "verify"), WAYS, ids=[f"{text.split()[1]} {way.__name__}" for text, way in WAYS])
@pytest.mark.parametrize("secret", SECRETS)
def test_what_the_documents_say_accepts_what_calhooks_signs_and_nothing_else(
    document: str, verify: Callable[[str, str, dict[str, str], bytes], bool], secret: str
) -> None:
    assert verify(document, secret, signed(secret), BODY)
    assert not verify(document, secret, signed(secret), BODY + b" ")
    assert not verify(document, secret, signed(secret, ago=3600), BODY)
    assert not verify(document, "another secret", signed(secret), BODY)


def test_the_published_library_accepts_what_calhooks_signs() -> None:
    StandardWebhook(SECRETS[0]).verify(BODY.decode(), signed(SECRETS[0]))


# docs/webhooks.md


def test_the_triggers_are_listed_in_order_with_the_default_ones_marked() -> None:
    table = section(WEBHOOKS, "Triggers")
    assert first_column(table) == [str(trigger) for trigger in Trigger]
    marked = re.findall(r"^\| `(\w+)` \| .*on by default", table, re.MULTILINE)
    assert marked == [str(trigger) for trigger in DEFAULT_TRIGGERS]


def test_the_retry_schedule_is_the_default_one() -> None:
    sentence = re.search(r"tried again after ([^.]*?), each varied", WEBHOOKS)
    assert sentence is not None
    assert re.findall(r"\d+", sentence[1]) == re.findall(r"\d+", DEFAULT_RETRY_SCHEDULE)


def test_the_body_is_the_one_that_is_sent() -> None:
    assert json.loads(blocks(section(WEBHOOKS, "The body"), "json")[0]) == sample_body(Trigger.BOOKING_CREATED)


def test_every_preset_is_listed() -> None:
    rows = re.findall(r"^\| ([^|]+) \|", section(WEBHOOKS, "Presets"), re.MULTILINE)
    assert rows[1:] == [preset.label for preset in PRESETS]


def variable_rows() -> str:
    """Return the table of variables as the catalogue has it."""
    lines = []
    for group in Group:
        lines += [f"### {group}", "", "| variable | type | what | when |", "|---|---|---|---|"]
        for variable in CATALOGUE:
            if variable.group == group:
                lines.append(f"| `{variable.path}` | {variable.type} | {variable.meaning} | {when(variable)} |")
        lines.append("")
    return "\n".join(lines).rstrip()


def when(variable: DocumentedVariable) -> str:
    """Say for which triggers a variable is there."""
    words = ["team bookings"] if variable.of_team else ["optional"] if variable.optional else []
    missing = [trigger for trigger in Trigger if trigger not in variable.sometimes]
    if len(missing) > len(variable.sometimes):
        words.append(" ".join(f"`{trigger}`" for trigger in Trigger if trigger in variable.sometimes))
    elif missing:
        words.append("not " + " ".join(f"`{trigger}`" for trigger in missing))
    return "; ".join(words) or "always"


def test_a_team_booking_has_what_the_document_says() -> None:
    part = section(WEBHOOKS, "The body").split("### Team bookings")[1].split("### ")[0]
    team, rendered, reassigned = map(json.loads, blocks(part, "json"))
    bodies = [
        sample_body(Trigger.BOOKING_CREATED, sample=Sample.COLLECTIVE),
        sample_body(Trigger.BOOKING_RESCHEDULED, sample=Sample.ROUND_ROBIN),
    ]
    for shown, body in zip((team, reassigned), bodies, strict=True):
        assert shown.items() <= body["payload"].items()
    (template,) = blocks(part, "handlebars")
    assert json.loads(compile_template(template, ContentType.JSON).render(template_context(bodies[0]))) == rendered
    assert not {*team, "reassignedFrom"} & sample_body(Trigger.BOOKING_RESCHEDULED)["payload"].keys()


def test_the_variables_are_those_of_the_catalogue() -> None:
    assert variable_rows() in section(WEBHOOKS, "Variables")


def test_what_a_trigger_adds_is_what_its_event_has() -> None:
    part = section(WEBHOOKS, "The body").split("### What a trigger adds")[1]
    found = re.findall(r"^`(\w+)` has .*?```json\n(.*?)```", part, re.MULTILINE | re.DOTALL)
    assert len(found) == 5
    for trigger, shown in found:
        payload = sample_body(Trigger(trigger))["payload"]
        assert json.loads(shown).items() <= payload.items()


LANGUAGES = {"json": ContentType.JSON, "form": ContentType.FORM, "text": ContentType.TEXT}
TEMPLATES = section(WEBHOOKS, "Custom templates")


def examples() -> list[tuple[str, str, str]]:
    """Return templates with the language of their body and the body."""
    found = re.findall(r"```handlebars\n(.*?)```\n+```(\w+)\n(.*?)```", TEMPLATES, re.DOTALL)
    assert {language for _, language, _ in found} == set(LANGUAGES)
    assert len(found) == len(blocks(TEMPLATES, "handlebars"))
    return found


@pytest.mark.parametrize(("template", "language", "body"), examples())
def test_every_template_gives_the_body_beside_it(template: str, language: str, body: str) -> None:
    # The line break at a form's end is layout.
    wanted = body.rstrip("\n") if language == "form" else body
    assert rendered(template, LANGUAGES[language]) == wanted


def rows(heading: str) -> list[tuple[str, str]]:
    """Return what stands in the first and in the last column of the table below a heading."""
    part = TEMPLATES.split(f"\n### {heading}\n")[1].split("\n### ")[0]
    found = re.findall(r"^\| `([^`]+)` \| .* \| `([^`]*)` \|$", part, re.MULTILINE)
    assert len(found) == len(first_column(part)) > 5
    return found


@pytest.mark.parametrize(("template", "text"), rows("Paths") + rows("Helpers"))
def test_every_path_and_helper_gives_what_stands_beside_it(template: str, text: str) -> None:
    assert rendered(template, ContentType.TEXT) == text


def test_every_helper_and_everything_a_loop_knows_is_listed() -> None:
    assert {template[2:].split()[0] for template, _ in rows("Helpers")} == set(HELPERS)
    assert {f"@{name}" for name in Data} <= set(re.findall(r"`{{(@\w+)}}`", TEMPLATES))


def test_the_limits_are_those_that_hold() -> None:
    part = TEMPLATES.split("\n### Limits\n")[1]
    assert [int(number.replace(",", "")) for number in re.findall(r"[\d,]*\d", part)] == [
        MAX_SOURCE_LENGTH,
        MAX_COMBINATIONS,
        MAX_BODY_BYTES // 1024,
        MAX_HEADERS,
        MAX_WEBHOOKS,
        MAX_TEMPLATE_CHARACTERS,
        MANY_WEBHOOKS,
        GUESTS,
        MAX_KEYS,
        MAXYEAR,
    ]


def test_what_is_not_there_is_refused_with_what_to_write_instead() -> None:
    part = section(WEBHOOKS, "Coming from Cal.com").split("\nNot there are ")[1]
    written = re.findall(r"`({{.*?}})`", part)
    assert len(written) == 6
    for template in written:
        with pytest.raises(TemplateError, match=r"not supported|There is no helper"):
            compile_template(template, ContentType.TEXT)


def rendered(template: str, content_type: str) -> str:
    context = template_context(sample_body(Trigger.BOOKING_CREATED))
    return compile_template(template, content_type).render(context).decode()
