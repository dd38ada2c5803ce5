"""The templates, helpers, limits and presets shown are those of the code, and give what is beside them."""

import re
from datetime import MAXYEAR

import pytest

from calhooks.scheduling.bookings.metadata import MAX_KEYS
from calhooks.webhooks.editor.presets import PRESETS
from calhooks.webhooks.settings.headers import MAX_HEADERS
from calhooks.webhooks.settings.subscriptions import MAX_TEMPLATE_CHARACTERS, MAX_WEBHOOKS
from calhooks.webhooks.template import ContentType, TemplateError, compile_template
from calhooks.webhooks.template.nodes import Data, Operator
from calhooks.webhooks.template.proof.combinations import MAX_COMBINATIONS
from calhooks.webhooks.template.syntax.conditions import MAX_COMPARED_VALUES, MAX_CONDITION_DEPTH, MAX_OPERANDS
from calhooks.webhooks.template.syntax.parse import MAX_SOURCE_LENGTH
from calhooks.webhooks.template.syntax.unsupported import HELPERS
from calhooks.webhooks.template.values.frames import MAX_BODY_BYTES
from tests.attack.templates.events import GUESTS, MANY_WEBHOOKS
from tests.documents.reading import blocks, first_column, page, rendered, section

LANGUAGES = {"json": ContentType.JSON, "form": ContentType.FORM, "text": ContentType.TEXT}
TEMPLATES = page("templates")


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
    part = section(TEMPLATES, heading)
    found = re.findall(r"^\| `([^`]+)` \| .* \| `([^`]*)` \|$", part, re.MULTILINE)
    assert len(found) == len(first_column(part)) > 5
    return found


@pytest.mark.parametrize(("template", "text"), rows("Paths") + rows("Helpers"))
def test_every_path_and_helper_gives_what_stands_beside_it(template: str, text: str) -> None:
    assert rendered(template, ContentType.TEXT) == text


def test_every_helper_and_everything_a_loop_knows_is_listed() -> None:
    assert {template[2:].split()[0] for template, _ in rows("Helpers")} == set(HELPERS)
    assert {f"@{name}" for name in Data} <= set(re.findall(r"`{{(@\w+)}}`", TEMPLATES))


def test_every_condition_is_listed_and_holds_as_the_document_says() -> None:
    part = section(TEMPLATES, "Conditions and loops")
    written = re.findall(r"^\| `(\(.*?\))` \|", part, re.MULTILINE)
    assert {condition[1:].split()[0] for condition in written} == set(Operator)
    for condition in written:
        assert rendered(f"{{{{#if {condition}}}}}holds{{{{/if}}}}", ContentType.TEXT) == "holds", condition
    for condition in re.findall(r"`(\((?:eq|gt) [^`]*\))`(?: holds| works)", part):
        assert rendered(f"{{{{#if {condition}}}}}holds{{{{/if}}}}", ContentType.TEXT) == "holds", condition
    limits = MAX_CONDITION_DEPTH, MAX_OPERANDS, MAX_COMPARED_VALUES
    assert "up to {} deep, with at most {} values each and {} in all".format(*limits) in part


def test_the_limits_are_those_that_hold() -> None:
    part = section(TEMPLATES, "Limits")
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
    part = page("coming-from-calcom").split("\nNot there are ")[1]
    written = re.findall(r"`({{.*?}}+)`", part)
    assert len(written) == 6
    for template in written:
        with pytest.raises(TemplateError, match=r"not supported|There is no helper"):
            compile_template(template, ContentType.TEXT)


def test_every_preset_is_listed() -> None:
    rows = re.findall(r"^\| ([^|]+) \|", section(TEMPLATES, "Presets"), re.MULTILINE)
    assert rows[1:] == [preset.label for preset in PRESETS]
