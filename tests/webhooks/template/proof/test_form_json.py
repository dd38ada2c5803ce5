"""A field of a form that holds JSON: its values are escaped as JSON, then for the form, and it is proved to be JSON.

A field that begins as JSON does and is not proved to be JSON is text, as it was before fields were read as JSON.
"""

import json
import re
from urllib.parse import parse_qsl, quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from calhooks.webhooks.template import TemplateError, compile_template
from tests.webhooks.template.strategies import events, hostile, json_templates
from tests.webhooks.template.test_soundness import COMPARISON, parse, saved, shape, with_other_texts

FORM = "application/x-www-form-urlencoded"
# With the backslashes before it, which are a tag’s own: encoded, they would no longer keep it from being one.
TAGS = re.compile(r"(\\*\{\{\{?.*?\}?\}\})", re.DOTALL)
CONTEXT = {
    "text": 'a "quote" \\ <b> & 100% + \'\u2028\n\t\x01é😀{{text}}',
    "number": 30,
    "list": [1, 'two"'],
    "people": [{"name": "Ann"}, {"name": 'B"&='}],
    "yes": True,
}


def fields(template: str, context: dict[str, object] = CONTEXT) -> dict[str, str]:
    body = compile_template(template, FORM).render(context).decode("ascii")
    pairs = parse_qsl(body, keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ('payload={"text":"{{text}}"}', {"text": CONTEXT["text"]}),
        ("payload=%7B%22text%22%3A%22{{text}}%22%7D", {"text": CONTEXT["text"]}),
        ('payload=%7b"text":%22{{text}}"}', {"text": CONTEXT["text"]}),
        ('payload=\n  {\n    "text": "{{text}}"\n  }\n&x=1', {"text": CONTEXT["text"]}),
        ('x={{text}}&payload={"n":{{number}},"l":{{list}},"m":{{missing}}}', {"n": 30, "l": [1, 'two"'], "m": None}),
        ('payload={"l":"{{list}}","j":{{json list}}}', {"l": '[1,"two\\""]', "j": [1, 'two"']}),
        ('payload=[{{#each people}}"{{name}}"{{#unless @last}},{{/unless}}{{/each}}]', ["Ann", 'B"&=']),
        ('payload=["{{text}}",{"a":{{text}}}]', [CONTEXT["text"], {"a": CONTEXT["text"]}]),
        ('payload={{#if yes}}{"a":"{{text}}"}{{else}}{"b":1}{{/if}}', {"a": CONTEXT["text"]}),
        ('payload={"a":"x %26 y = z + 100%25"}', {"a": "x & y = z   100%"}),
        ('payload={"é":"%C3%A9\\u00e9é"}', {"é": "ééé"}),
        (
            'payload={"a":"{{slack text}}"}',
            {"a": str(CONTEXT["text"]).replace("&", "&amp;").replace("<b>", "&lt;b&gt;")},
        ),
    ],
)
def test_json_in_a_field_is_read_with_its_values_unharmed(template, value):
    assert json.loads(fields(template)["payload"]) == value


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("a={{json list}}", '[1,"two\\""]'),
        ("a=[New] {{text}}", f"[New] {CONTEXT['text']}"),
        ("a=[{{text}}]", f"[{CONTEXT['text']}]"),
        ("a=[[New]] {{text}}", f"[[New]] {CONTEXT['text']}"),
        ("a=[{New}] {{text}}", f"[{{New}}] {CONTEXT['text']}"),
        ("a=[“New”] {{text}}", f"[“New”] {CONTEXT['text']}"),
        ("a={text}, {{text}}", f"{{text}}, {CONTEXT['text']}"),
        ('a=x{"b":"{{text}}', f'x{{"b":"{CONTEXT["text"]}'),
        ("a={} {{number}}", "{} 30"),
        ("a=[] {{number}}", "[] 30"),
        ('a={{number}}{"b"', '30{"b"'),
    ],
)
def test_a_field_that_does_not_begin_as_json_is_text(template, value):
    assert fields(template)["a"] == value


@pytest.mark.parametrize(
    ("template", "place", "message"),
    [
        ('a=1&payload={"a":1,}', (1, 20), "}"),
        ('a=1\n&payload={"a":1', (2, 16), "The JSON of this field ends too early: } is missing."),
        ('payload=%7B"a":1%2C}', (1, 20), "}"),
        ('payload=%7B"a":1%2C%7D', (1, 20), "}"),
        ('payload={"a":1%20%22b%22:2}', (1, 18), "comma is missing"),
        ('payload={"a":"b&c=d"}', (1, 16), "An & ends this field inside of its JSON: write %26"),
        ('payload={"a":1&b=2', (1, 15), "The JSON of this field ends too early"),
        ('payload={"a":1} {{text}}', (1, 17), "The JSON of this field is complete"),
        ('payload={"a":{{number}}{{number}}}', (1, 24), "A comma is missing before this variable."),
        ('payload={"a{{text}}":1}', (1, 12), "A variable cannot be a key"),
        ("payload={'a':1}", (1, 10), "double quotes"),
        ("payload={a: 1}", (1, 10), "key"),
        ("payload=[{a: 1}]", (1, 11), "key"),
        ("payload={“a”: 1}", (1, 10), ""),
        ('payload={"a":1e+5}', (1, 14), "1e is not a number"),
        ('payload={"a":"x\ny"}', (1, 16), "line"),
        (
            'payload={"a":[{{#each people}}"{{name}}"{{/each}}]}',
            (1, 31),
            "It is so when {{#each people}} has two items",
        ),
        ('payload={"a":1{{#if yes}},"a":2{{/if}}}', (1, 28), 'The key "a"'),
        ('payload={"a":"{{#if yes}}x"{{else}}"{{/if}}{{#if yes}}"{{/if}}}', (1, 15), "inside this block"),
        ('payload={{#if yes}}{"a":{{/if}}{{text}}{{#if yes}}}{{/if}}', (1, 32), "in one case"),
    ],
)
def test_what_would_not_be_json_is_text_and_says_where_and_why(template, place, message):
    (mistake,) = compile_template(template, FORM).not_json
    assert message in mistake.message
    assert (mistake.line, mistake.column) == place


@pytest.mark.parametrize(
    ("template", "column", "message"),
    [
        ("a=x & {{text}}", 7, "For an & in a value, write %26."),
        ('a={"a":"b & c"}', 11, "write %26 for an & in a text"),
        ('a={"a":1,}&b', 13, "The last field has no value"),
        ('{"text": "{{title}}"}', 11, "This is JSON, not a form: choose JSON"),
        ('{"text": "x"}', 14, "This is JSON, not a form: choose JSON"),
        ("text: {{title}}", 7, "A variable cannot be a field's name"),
    ],
)
def test_what_is_no_form_is_refused_with_how_to_write_it(template, column, message):
    with pytest.raises(TemplateError, match=message) as caught:
        compile_template(template, FORM)
    assert (caught.value.line, caught.value.column) == (1, column)


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ('a=["VIP"] {{text}}', f'["VIP"] {CONTEXT["text"]}'),
        ("a=[[1]] {{text}}", f"[[1]] {CONTEXT['text']}"),
        ("a={draft: {{text}}}", f"{{draft: {CONTEXT['text']}}}"),
        ('a={"draft"} {{text}}', f'{{"draft"}} {CONTEXT["text"]}'),
        ('a={"b":"{{text}}",}', f'{{"b":"{CONTEXT["text"]}",}}'),
        ('a=["{{#if yes}}] {{text}}{{/if}}', f'["] {CONTEXT["text"]}'),
        ('a={{#if yes}}{"b":{{/if}}{{text}}{{#if yes}}}{{/if}}', f'{{"b":{CONTEXT["text"]}}}'),
        ("a=[{{#each people}}{{#each ../people}}[{{/each}}{{/each}}", "[[[[["),
    ],
)
def test_a_field_that_begins_as_json_and_is_not_is_sent_as_the_text_it_was_before(template, value):
    assert fields(template)["a"] == value


def test_a_field_that_is_no_json_leaves_the_escapes_of_others_alone():
    found = fields('a=["VIP"] {{text}}&payload={"text":"{{text}}"}&b={"c":1,}&more=["{{text}}"]')
    assert (found["a"], found["b"]) == (f'["VIP"] {CONTEXT["text"]}', '{"c":1,}')
    assert (json.loads(found["payload"]), json.loads(found["more"])) == ({"text": CONTEXT["text"]}, [CONTEXT["text"]])


def test_any_number_of_fields_that_are_no_json_can_be_sent():
    found = fields("&".join(f'f{number}=["VIP"] {{{{text}}}}' for number in range(50)))
    assert set(found.values()) == {f'["VIP"] {CONTEXT["text"]}'}


@settings(max_examples=300, deadline=None)
@given(json_templates(), st.sampled_from(['["VIP"] ', "[[", "[{", '{"k":', "{k:", '["', "", '{"k":"']), events())
def test_no_template_is_refused_because_a_field_begins_as_json(source, beginning, context):
    as_text = saved(f"a=x{beginning}{source}&b={{{{notes}}}}", FORM)
    template = saved(f"a={beginning}{source}&b={{{{notes}}}}", FORM)
    assert (template is None) == (as_text is None)
    if template and as_text and template.not_json:
        assert template.render(context) == as_text.render(context).replace(b"a=x", b"a=", 1)


@settings(max_examples=300, deadline=None)
@given(json_templates(), events(), st.sampled_from(["", '{}[]",:', "all"]), st.data())
def test_json_in_a_field_that_saves_is_json_with_the_same_keys_whatever_the_values(source, context, encoded, data):
    template = saved("x={{notes}}&payload=" + in_a_form(f'{{"k":{source}}}', encoded), FORM)
    if template is None or template.not_json:
        return
    parsed = parse(payload_of(template.render(context)))
    if COMPARISON.search(source):
        return
    other = with_other_texts(context, lambda text: data.draw(hostile.filter(bool)) if text else "")
    assert shape(parse(payload_of(template.render(other)))) == shape(parsed)


@settings(max_examples=150, deadline=None)
@given(json_templates(), events(), st.sampled_from(["", "all"]))
@example('"\\{{title}}n{{title}}"', {"title": "", "people": []}, "all")
def test_what_is_saved_as_a_body_of_json_is_saved_as_a_field_with_the_same_value(source, context, encoded):
    body = saved(f'{{"k":{source}}}')
    if body is None:
        return
    template = saved("payload=" + in_a_form(f'{{"k":{source}}}', encoded), FORM)
    assert template is not None
    assert not template.not_json
    assert parse(payload_of(template.render(context))) == parse(body.render(context))


def in_a_form(source: str, encoded: str) -> str:
    """Return JSON as a field's value: what a form needs encoded, and the letters of `encoded`."""
    literals = "&+%" + encoded
    parts = TAGS.split(source)
    if encoded == "all":
        parts[::2] = [quote(part, safe="", errors="replace") for part in parts[::2]]
    else:
        parts[::2] = ["".join(quote(each) if each in literals else each for each in part) for part in parts[::2]]
    return "".join(parts)


def payload_of(body: bytes) -> bytes:
    fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    assert [name for name, _ in fields if name != "x"] == ["payload"]
    return fields[-1][1].encode()
