"""No value of a booker's can break a rendering, whatever a template does with it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calhooks.webhooks.template import ContentType, Template, compile_template
from calhooks.webhooks.template.values.dates import PATTERN_LETTERS, STYLES, format_problem, write_time


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


TIMES = [
    *("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00"),
    *("9999-12-26", "0001-01-01", "2026-02-30T00:00:00Z", "2026-W01", "20260305T0900Z", "24:00", "-1", "1e400"),
    *(
        "2026-03-05T09:00:00" + ".9" * 3_000,
        "2026-03-05T09:00:60Z",
        "٢٠٢٦-٠٣-٠٥",
        "2026-03-05T09:00:00+23:59:59.999999",
    ),
]
TEXTS = [
    *(
        "",
        "x" * 5_000,
        "\ud83d",
        "\ude00\ud83d",
        "\u202e\u2066",
        "\0",
        "{{title}}",
        "NaN",
        "Infinity",
        "-inf",
        "😀" * 99,
    ),
    *(
        "../../etc/passwd",
        "Europe/../London",
        "en-US-POSIX-x-y",
        "zz-ZZ",
        "_",
        "-",
        "root",
        "C",
        "x-klingon",
        "en_GB@x",
    ),
]
OTHERS = [
    *(None, True, False, 0, -1, 10**30, 10**5_000, -(10**5_000), 1.5, float("nan"), float("inf"), float("-inf"), 1e308),
    *([], {}, [[]], [{}], {"": ""}, {"length": []}, nested(50), nested(3_000), [1, "a", None, {}, [[]], float("nan")]),
    *({"timeZone": 5, "language": []}, {"timeZone": "\ud800", "language": {"locale": "\ud800"}}, {"name": {"name": 1}}),
]
VALUES = [*TIMES, *TEXTS, *OTHERS]
CALLS = [
    *("value", "value.length", "value.0", "value.name.name", "upper value", "lower value", "words value", "json value"),
    *("truncate value 1", "truncate value 99999999999999999999", "default value other", "default other value"),
    *('join value ", "', 'join value other field="name"', "join value ', ' field=other", "join other value last=value"),
    *("join value", 'join list value field="name" or="email"', 'join list ", " field=value or=value', "date value"),
    *("date value for=other", "date start for=value", "date start zone=value", "date start locale=value"),
    *("date value zone=other locale=value", *(f'date value format="{style}"' for style in STYLES)),
    *('date value format="iso"', 'date value format="unix"', 'date value format="date"', 'date value format="time"'),
]
PATTERNS = [letter * times for letter in sorted(PATTERN_LETTERS) for times in (1, 2, 3, 4, 5)]
LOCALES = ["en", "de", "ar", "he", "zh-TW", "th", "fa", "bn", "ja", "kea", "xx", "", "sr-Latn"]
ZONES = ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kolkata", "Nowhere", "\ud800"]
EACH = "{{#each value}}{{this}}{{@key}}{{else}}none{{/each}}{{#if value}}1{{/if}}{{#unless value}}0{{/unless}}"


def templates() -> list[Template]:
    bodies = {ContentType.TEXT: "{}", ContentType.JSON: '["{}"]', ContentType.FORM: "a={}"}
    tags = [EACH, *(f"{{{{{call}}}}}" for call in CALLS)]
    written = [compile_template(body.format(tag), kind) for kind, body in bodies.items() for tag in tags]
    return written + [compile_template(f"[{{{{{call}}}}}]") for call in CALLS]


TEMPLATES = templates()


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_each_helper_writes_each_hostile_value(value: Any) -> None:
    for other in ("x", None, value):
        context = {"value": value, "other": other, "list": [value, {"name": value}], "start": "2026-03-05T09:00:00Z"}
        for template in TEMPLATES:
            body = template.render(context | {"organizer": value})
            if template.content_type is ContentType.JSON:
                json.loads(body)


@pytest.mark.parametrize("form", [*PATTERNS, *STYLES, "iso", "unix", "full date", "short time"])
def test_each_letter_of_a_format_writes_the_first_and_the_last_days_everywhere(form: str) -> None:
    if format_problem(form):
        return
    for moment in TIMES:
        for locale in LOCALES:
            for zone in ZONES:
                assert isinstance(write_time.__wrapped__(moment, zone, locale, form), str)


def test_a_week_after_the_last_year_is_left_as_the_time_it_is() -> None:
    moment = "9999-12-31T12:00:00Z"
    template = compile_template('"{{date metadata.when format="ww"}}"')
    assert json.loads(template.render({"metadata": {"when": moment}})) == moment


def test_a_time_is_written_although_its_fraction_is_endless() -> None:
    endless = "2026-03-05T09:00:00." + "9" * 5_000
    assert compile_template('"{{date value}}"').render({"value": endless}) == f'"{endless}"'.encode()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(TEXTS + TIMES),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(json_values, json_values)
def test_each_helper_writes_any_value(value: Any, other: Any) -> None:
    for template in TEMPLATES:
        body = template.render({"value": value, "other": other, "list": [value, other], "start": other})
        if template.content_type is ContentType.JSON:
            json.loads(body)
