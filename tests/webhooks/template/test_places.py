"""A value is escaped for the place where it stands, and what cannot always be JSON is refused."""

import json
from urllib.parse import parse_qsl

import pytest

from calhooks.webhooks.template import TemplateError, compile_template

FORM = "application/x-www-form-urlencoded"
CONTEXT = {
    "text": 'a "quote" \\ <b> & \'\u2028\n\t\x01é😀{{text}}',
    "number": 30,
    "big": 10**25,
    "half": 1.5,
    "nan": float("nan"),
    "infinite": [float("inf")],
    "yes": True,
    "nothing": None,
    "list": [1, "two"],
    "object": {'k"': "v"},
    "broken": "half \ud83d of a character",
    "people": [{"name": "Ann"}, {"name": "Bob"}, {"name": "Cy"}],
}


def body(template: str, context: dict[str, object] = CONTEXT) -> str:
    return compile_template(template).render(context).decode()


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ('"{{text}}"', CONTEXT["text"]),
        ('"{{{text}}}"', CONTEXT["text"]),
        ('"x{{text}}{{text}}"', f"x{CONTEXT['text']}{CONTEXT['text']}"),
        ('"{{number}}{{yes}}{{nothing}}{{missing}}{{half}}{{nan}}"', "30true1.5"),
        ('"{{list}}{{object}}"', '[1,"two"]{"k\\"":"v"}'),
        ('"\\\\\\{{text}}"', "\\" + str(CONTEXT["text"])),
        ("{{text}}", CONTEXT["text"]),
        ("[{{number}}, {{big}} ,{{half}}]", [30, 10**25, 1.5]),
        ("[{{yes}},{{nothing}},{{missing}},{{nan}},{{infinite}}]", [True, None, None, None, [None]]),
        ('{"l": {{list}}, "o": {{object}}}', {"l": [1, "two"], "o": {'k"': "v"}}),
        ('"{{broken}}"', "half \ufffd of a character"),
        ("{{broken}}", "half \ufffd of a character"),
    ],
)
def test_a_json_body_carries_the_value_unharmed(template, value):
    assert json.loads(body(template)) == value


def test_unicode_is_sent_as_it_is():
    assert body('"{{x}}"', {"x": "é😀\u2028"}) == '"é😀\u2028"'


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ('{"a": {{number}}{{number}}}', "A comma is missing before this variable."),
        ('{"a": 1{{number}}}', "A variable cannot be joined to 1: put both between quotation marks."),
        ('{"a": -{{number}}}', "A variable cannot be joined to -"),
        ('{"a": {{number}}1}', "A comma is missing before 1."),
        ('{"a": "x" {{number}}}', "A comma is missing before this variable."),
        ('{"a" {{number}}}', "A colon is missing before this variable."),
        ("{{{number}}} {{number}}", "The body is complete before this variable"),
        ('{"x{{text}}": 1}', "A variable cannot be a key, or part of one"),
        ("{ {{text}}: 1}", "A variable cannot be a key, or part of one"),
        ('{"a": 1, {{text}}: 1}', "A variable cannot be a key, or part of one"),
        ('"\\\\{{text}}"', "A backslash stands right before this variable"),
        ('"\\u00{{text}}"', "A backslash stands right before this variable"),
        ('{"a": 1, "a": 2}', 'The key "a" stands in this object twice.'),
        ('{"a": 1, "\\u0061": 2}', 'The key "a" stands in this object twice.'),
        ('{"x": 0{{#each people}}, "a": 1{{/each}}}', 'The key "a" stands in this object twice. It is so when'),
        ('{"a": 1,}', "Remove the comma before }."),
        ("[1,]", "Remove the comma before ]."),
        ("[1 2]", "A comma is missing before 2."),
        ('{"a": "x" "b": 1}', 'A comma is missing before "b".'),
        ("{a: 1}", 'Put the key between quotation marks: "a".'),
        ("{'a': 1}", "JSON takes double quotes: write \" instead of '."),
        ("{\"a\": 'x'}", "JSON takes double quotes: write \" instead of '."),
        ("{“a”: 1}", "“ is a curly quote: JSON takes the straight one"),
        ('{"a": “x”}', "“ is a curly quote: JSON takes the straight one"),
        ('{"a": True}', "True is not JSON: write true."),
        ('{"a": None}', "None is not JSON: write null."),
        ('{"a": NaN}', "NaN is not JSON: write null."),
        ('{"a": 01}', "01 is not a number in JSON."),
        ('{"a": +1}', "+1 is not a number in JSON."),
        ('{"a": hello}', "hello is not JSON: put a text between quotation marks"),
        ('{"a": "x\ny"}', "A line ends inside a text"),
        ('{"a": "x\ty"}', "A tab stands inside a text"),
        ('{"a": "x\x01y"}', "An invisible control character"),
        ('{"a": "\\x"}', "\\x is not an escape that JSON knows."),
        ('{"a": "\\u12"}', "four hexadecimal digits"),
        ('{"a": "\\ud83d"}', "surrogates such as"),
        ('{"a": "\\ude00"}', "surrogates such as"),
        ('{"a":\u00a01}', "An unusual space (U+00A0)"),
        ('{"a":\u200b1}', "An unusual space (U+200B)"),
        ('\ufeff{"a": 1}', "An unusual space (U+FEFF)"),
        ('{"a": 1', "The body ends too early: } is missing."),
        ('{"a": [1}', "] is needed before }."),
        ('{"a": 1}}', "The body is complete before }"),
        ('{"a": 1} x', "The body is complete before x"),
        ("Hello {{text}}", "If it is not meant to be JSON, choose another content type."),
        ("a={{text}}&b=1", "If it is not meant to be JSON, choose another content type."),
        ("{{text}} it is", "If it is not meant to be JSON, choose another content type."),
        ('{"a": "x}', "The body ends inside a text"),
        ("   ", "The template is empty"),
        ("{{! nothing }}", "The body is empty."),
        ("{{#if text}}1{{/if}}", "The body is empty. It is so when {{#if text}} does not apply."),
        ('{{#each people}}"{{name}}"{{/each}}', "The body is complete before"),
        (
            '[{{#each people}}"{{name}}"{{/each}}]',
            'A comma is missing before ". It is so when {{#each people}} has two items.',
        ),
        ('[{{#each people}}"{{name}}",{{/each}}]', "It is so when {{#each people}} has one item."),
        ("{{#each people}}[{{/each}}1", "Every item of this loop must close the brackets it opens."),
        ('{"a": {{#if text}}"x{{else}}"y{{/if}}"}', "A text must not begin inside this block and end outside"),
        ("[" * 101, "more than 100 deep"),
    ],
)
def test_what_cannot_be_json_is_refused_and_says_why(template, message):
    with pytest.raises(TemplateError) as caught:
        compile_template(template)
    assert message in caught.value.message


@pytest.mark.parametrize(
    "template",
    [
        '{"a": {{#if text}}{"x": 1{{else}}{"y": 2{{/if}}} }',
        '{"a": 1{{#if text}}, "b": 2{{/if}}}',
        '{ {{#if text}}"b": 2,{{/if}} "a": 1}',
        '{ {{#if text}}"a": 1{{else}}"a": 2{{/if}} }',
        '{ {{#if text}}"a": 1{{/if}}{{#unless text}}"a": 2{{/unless}} }',
        "[{{#if text}}1{{/if}}{{#if text}}{{#if yes}},{{/if}}{{/if}}{{#if yes}}2{{/if}}]",
        "[{{#each people}}{{#if @index}},{{/if}}{{this}}{{/each}}]",
        "[{{#each people}}{{#unless @first}},{{/unless}}{{this}}{{/each}}]",
        "[{{#each people}}{{#if @last}}{{this}}{{else}}{{this}},{{/if}}{{/each}}]",
        "[0{{#each people}},{{this}}{{/each}}]",
        "[{{#each people}}{{this}},{{/each}}0]",
        "[{{#each people}}{{#if @first}}[{{/if}}1{{#if @last}}]{{else}},{{/if}}{{/each}}]",
        "[{{#each people}}{{#if @index}},{{/if}}{{#each ../people}}{{#if @index}},{{/if}}{{this}}{{/each}}{{/each}}]",
        '{"n": 1{{#if yes}}2{{/if}}}',
        '{"n": "{{#if yes}}\\n{{/if}}"}',
        '{"k{{#if yes}}1{{else}}2{{/if}}": 1}',
        '{"a": [{"n": 1}, {"n": 2}]}',
        '{"a": [{{#each people}}{"n": "{{name}}"}{{#unless @last}},{{/unless}}{{/each}}]}',
        '{"\\ud83d\\ude00": "\\ud83d\\ude00"}',
        "  {{list}}\n",
        '"{{text}}"',
    ],
)
def test_whatever_is_json_on_every_way_through_is_saved(template):
    compiled = compile_template(template)
    for context in ({}, CONTEXT, {"text": "x"}, {"yes": True}, {"people": [{"name": "x"}] * 2}, {"people": [{}]}):
        json.loads(compiled.render(context))


def form(template: str, context: dict[str, object] = CONTEXT) -> list[tuple[str, str]]:
    rendered = compile_template(template, FORM).render(context).decode("ascii")
    return parse_qsl(rendered, keep_blank_values=True, strict_parsing=True)


@pytest.mark.parametrize(
    ("template", "pairs"),
    [
        ("a={{text}}", [("a", CONTEXT["text"])]),
        ("a={{number}}&b={{list}}&c={{missing}}", [("a", "30"), ("b", '[1,"two"]'), ("c", "")]),
        ("text=New: {{number}} é + 100% %41 50%2", [("text", "New: 30 é   100% A 50%2")]),
        ("a=%{{number}}", [("a", "%30")]),
        ("a=1\n&b={{number}}\n", [("a", "1"), ("b", "30")]),
        ("a=1&\n  b=2", [("a", "1"), ("b", "2")]),
        ("a=one\ntwo&b={{missing}}\n&c=3", [("a", "one\ntwo"), ("b", ""), ("c", "3")]),
        ("first name={{number}}", [("first name", "30")]),
        ("a={{broken}}", [("a", "half \ufffd of a character")]),
        (
            "{{#each people}}{{#unless @first}}&{{/unless}}guest={{name}}{{/each}}",
            [("guest", n) for n in ("Ann", "Bob", "Cy")],
        ),
        ("a=b=c", [("a", "b=c")]),
    ],
)
def test_a_form_parser_reads_the_values_unharmed(template, pairs):
    assert form(template) == pairs


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{text}}=1", "A variable cannot be a field's name"),
        ("a=1&x{{text}}=1", "A variable cannot be a field's name"),
        ("a=1{{#if text}}&b={{/if}}{{text}}&{{text}}", "A variable cannot be a field's name"),
        (
            "{{#if text}}a={{/if}}{{text}}",
            "names are written into the template. For an & in a value, write %26. It is so when {{#if text}} does not",
        ),
        ("hello", "The last field has no value"),
        ("hello&a=1", "A field has no value"),
        ("=1", "A field has no name before its =."),
        ("", "The template is empty"),
    ],
)
def test_what_cannot_be_a_form_is_refused(template, message):
    with pytest.raises(TemplateError) as caught:
        compile_template(template, FORM)
    assert message in caught.value.message


def test_plain_text_is_sent_raw():
    assert compile_template("Hi {{text}}!", "text/plain").render(CONTEXT).decode() == f"Hi {CONTEXT['text']}!"


def test_the_parts_of_a_body_say_which_variable_they_came_from():
    pieces = compile_template('{"a": "x {{text}}", "n": {{ missing }}}').pieces({"text": 'a"b'})
    assert [(piece.text, piece.variable) for piece in pieces] == [
        ('{"a": "x ', None),
        ('a\\"b', "{{text}}"),
        ('", "n": ', None),
        ("null", "{{ missing }}"),
        ("}", None),
    ]
