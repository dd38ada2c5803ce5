"""No template that saves can give an invalid body, and no value can add, remove or change a key."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from calhooks.webhooks.template import Template, TemplateError, compile_template
from tests.webhooks.template.strategies import compared, events, form_templates, hostile, json_templates

# What a text is decides a comparison, and with it what is written.
COMPARISON = re.compile(r"\((?:eq|ne|gt|lt|in) ")
FORM = "application/x-www-form-urlencoded"
# Found while the checks were written: each once saved, or looks as if it should.
CORNERS = [
    '{"a": {{number}}{{number}}}',
    '{"a": 1{{number}}}',
    '{"a": {{number}}1}',
    '{"a": -{{number}}}',
    '{"a": 1{{#if flag}}2{{/if}}}',
    '{"a": tr{{#if flag}}ue{{else}}ue{{/if}}}',
    '{"a": "\\{{#if flag}}n{{else}}t{{/if}}"}',
    '{"a": "\\\\{{title}}"}',
    '{"a": "\\\\\\{{title}}"}',
    '{"a": "\\u00{{title}}"}',
    '{"a": "\\ud83d{{title}}"}',
    '{"a": "{{title}}"{{#if flag}}, "a": 1{{/if}}}',
    '{"a": 1{{#each people}}, "b": 1{{/each}}}',
    '[{{#each people}}"{{name}}"{{#unless @last}},{{/unless}}{{/each}}]',
    "[{{#each people}}{{#if @index}},{{/if}}{{this}}{{/each}}]",
    "[{{#each people}}{{#each ../people}}1{{/each}}{{/each}}]",
    "{{#each people}}[{{/each}}1{{#each people}}]{{/each}}",
    "[{{#if title}}1{{/if}}{{#if title}}{{#if notes}},{{/if}}{{/if}}{{#if notes}}2{{/if}}]",
    "[{{#each people}}{{#if name}}1{{/if}}{{#if name}}{{#unless @last}},{{/unless}}{{/if}}{{/each}}]",
    '{"a{{#if flag}}b{{/if}}": 1, "ab": 2}',
    '{"a{{#if flag}}\\{{/if}}": 1}',
    "{{title}}",
    "{{this}}",
    '"{{#if flag}}\\{{/if}}" , "',
    '{"a": "x{{#if flag}}\\{{/if}}"b{{title}}": 1}',
    "[{{#each missing}}1{{else}}{{title}}{{/each}}]",
    '{"a": 1{{#if (eq title "x")}}, "b": 1{{/if}}{{#if (eq title "a1")}}, "b": 2{{/if}}}',
    '{"a": 1{{#if (eq number "1")}}, "b": 1{{/if}}{{#if (eq number "1.0")}}, "b": 2{{/if}}}',
    '{"a": 1{{#if (ne notes "x")}}, "b": 1{{/if}}{{#if (eq notes "x")}}, "b": 2{{/if}}}',
    "[{{#if (and flag title)}}1{{/if}}{{#if (or (not flag) (not title))}}2{{/if}}]",
    "[{{#if (and flag title)}}1{{/if}}{{#if (and flag notes)}}2{{/if}}]",
    "[{{#each people}}{{#if (eq @index 0)}}{{else}},{{/if}}1{{/each}}]",
    "[{{#each people as |p n|}}{{#if n}},{{/if}}1{{/each}}]",
    "[{{#with metadata}}{{#each @root.people}}{{#unless @last}}1,{{else}}2{{/unless}}{{/each}}{{/with}}]",
    "[{{#each people}}{{#with name}}{{#unless @first}},{{/unless}}1{{/with}}{{/each}}]",
    "[{{#each people}}{{#unless @first}},{{/unless}}{{#with this}}{{@index}}{{else}}2{{/with}}{{/each}}]",
    "[{{#if number includeZero=true}}{{#with number}}1{{/with}}{{else}}2{{/if}}]",
    "{{#if true}}1{{else}}[{{/if}}",
    "[{{#each people}}{{#if (eq name ../title)}}1{{/if}}{{#if (eq name ../title)}},{{/if}}{{/each}}0]",
    "[{{#if people}}{{#each people}}{{#if @last}}1{{else}}1,{{/if}}{{/each}}{{/if}}]",
]


@settings(max_examples=400, deadline=None)
@given(json_templates() | st.sampled_from(CORNERS), events() | events(compared), st.data())
def test_a_json_template_that_saves_gives_valid_json_with_the_same_keys_whatever_the_values(source, context, data):
    template = saved(source)
    if template is None:
        return
    parsed = parse(template.render(context))
    if COMPARISON.search(source):
        return
    # The same event with other texts in it: what is there stays there, what is empty stays empty.
    other = with_other_texts(context, lambda text: data.draw(hostile.filter(bool)) if text else "")
    assert shape(parse(template.render(other))) == shape(parsed)


@settings(max_examples=200, deadline=None)
@given(form_templates(), events())
def test_a_form_template_that_saves_gives_the_fields_it_names_whatever_the_values(source, context):
    template = saved(source, FORM)
    if template is None:
        return
    body = template.render(context).decode("ascii")
    assert not set(body) & set(" \r\n\t\0")
    harmless = with_other_texts(context, lambda text: "x" if text else "")
    assert names(body) == names(template.render(harmless).decode())


@settings(max_examples=200, deadline=None)
@given(json_templates(), events())
def test_the_parts_of_a_body_make_up_the_body(source, context):
    for content_type in ("application/json", FORM, "text/plain"):
        template = saved(source, content_type)
        if template is not None:
            assert "".join(piece.text for piece in template.pieces(context)).encode() == template.render(context)


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from('{}[]"\\,:1a \n~#/!&^.@|()=>-')) | json_templates())
@example("{{!--")
@example("{{[")
@example("{{'" * 1000)
@example("{{#if a}}" * 1000)
@example("{{else}}")
@example("\\{{")
@example("{{a.b" + "/c" * 10000 + "}}")
@example("{{" + "[\\" * 10000)
@example("{{" + "." * 10000 + "}}")
@example("{{#if a}}{{else if a}}" * 30)
@example("{{#if " + "(not " * 10000)
@example("{{#if " + "(not " * 5000 + "a" + ")" * 5000 + "}}")
@example("{{#if (and " + "a " * 10000 + ")}}")
@example("{{#each a as |")
@example("{{#each a as | |}}{{/each}}")
def test_any_text_is_either_saved_or_refused_with_a_line_and_a_column(source):
    for content_type in ("application/json", FORM, "text/plain"):
        error = refusal(source, content_type)
        if error is not None:
            assert 1 <= error.line <= source.count("\n") + 1
            assert 1 <= error.column <= max(map(len, source.split("\n"))) + 1
            assert error.message.endswith((".", "?"))


def refusal(source: str, content_type: str) -> TemplateError | None:
    try:
        compile_template(source, content_type)
    except TemplateError as error:
        return error
    return None


def saved(source: str, content_type: str = "application/json") -> Template | None:
    try:
        template = compile_template(source, content_type)
    except TemplateError:
        event("refused")
        return None
    event("saved")
    return template


def parse(body: bytes) -> Any:
    """Read JSON as strictly as the strictest receiver: no key twice, no NaN."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs), pairs
        return dict(pairs)

    def refuse(word: str) -> None:
        raise AssertionError(word)

    return json.loads(body.decode(), object_pairs_hook=unique, parse_constant=refuse)


def shape(value: Any) -> Any:
    """Return keys and lengths without values."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    return [shape(item) for item in value] if isinstance(value, list) else None


def names(body: str) -> list[str]:
    return [name for name, _ in parse_qsl(body, keep_blank_values=True)]


def with_other_texts(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {key: with_other_texts(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [with_other_texts(item, change) for item in value]
    return change(value) if isinstance(value, str) else value
