"""The documents say what the code does: their tables and examples are run."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook as StandardWebhook

from calhooks.config import DEFAULT_RETRY_SCHEDULE, Config
from calhooks.delivery.signing import signature_headers
from calhooks.events import DEFAULT_TRIGGERS, Team, Trigger
from calhooks.webhooks.payload import build_payload, template_context
from calhooks.webhooks.presets import PRESETS
from calhooks.webhooks.samples import BASE_URL, sample_body, sample_event
from calhooks.webhooks.template import compile_template

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


def in_python(secret: str, headers: dict[str, str], body: bytes) -> bool:
    names: dict[str, Any] = {}
    exec(blocks(section(README, "Verify a signature"), "python")[0], names)
    verdict: bool = names["is_from_calhooks"](secret, headers, body)
    return verdict


def in_node(secret: str, headers: dict[str, str], body: bytes) -> bool:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    code = blocks(section(README, "Verify a signature"), "javascript")[0]
    call = f"isFromCalhooks({json.dumps(secret)}, {json.dumps(headers)}, Buffer.from({json.dumps(body.hex())}, 'hex'))"
    done = subprocess.run([node, "-e", f"{code}\nconsole.log({call})"], capture_output=True, text=True, check=True)
    return done.stdout == "true\n"


@pytest.mark.parametrize("verify", [in_python, in_node])
@pytest.mark.parametrize("secret", SECRETS)
def test_the_readme_accepts_what_calhooks_signs_and_nothing_else(
    verify: Callable[[str, dict[str, str], bytes], bool], secret: str
) -> None:
    assert verify(secret, signed(secret), BODY)
    assert not verify(secret, signed(secret), BODY + b" ")
    assert not verify(secret, signed(secret, ago=3600), BODY)
    assert not verify("another secret", signed(secret), BODY)


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


def paths(value: object, path: str = "") -> Iterator[str]:
    """Give the path of every value in a template's context, for the first of a list and for the answers by name."""
    if path in ("metadata", "team.members"):
        yield path
    elif isinstance(value, dict):
        named = {"name": value["name"]} if path == "responses" else value
        for key, item in named.items():
            yield from paths(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        yield from paths(value[0], f"{path}.0")
    else:
        yield path


def test_every_variable_is_listed_and_every_listed_one_exists() -> None:
    events = [sample_event(trigger) for trigger in Trigger]
    events.append(replace(events[0], team=Team(name="Sales", members=("Rick",))))
    sent = {path for event in events for path in paths(template_context(build_payload(event, BASE_URL)))}
    assert set(first_column(section(WEBHOOKS, "Variables"))) == sent


def test_what_is_always_there_is_not_called_optional() -> None:
    table = section(WEBHOOKS, "Variables")
    optional = set(re.findall(r"^\| `([\w.]+)` \| .*optional", table, re.MULTILINE))
    bare = replace(sample_event(Trigger.BOOKING_CREATED), description="", location="", event_type_id=None)
    always = set(paths(template_context(build_payload(bare, BASE_URL))))
    assert optional & always == set()


def examples() -> list[tuple[str, str]]:
    found = re.findall(r"```handlebars\n(.*?)```\n+```json\n(.*?)```", section(WEBHOOKS, "Custom templates"), re.DOTALL)
    assert len(found) >= 5
    return found


@pytest.mark.parametrize(("template", "body"), examples())
def test_every_template_gives_the_body_beside_it(template: str, body: str) -> None:
    context = template_context(sample_body(Trigger.BOOKING_CREATED))
    assert compile_template(template).render(context).decode() == body
