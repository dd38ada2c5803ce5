"""Mistakes that people make in JSON are named for what they are, with their place and what to do."""

import pytest

from calhooks.webhooks.template import TemplateError, compile_template
from calhooks.webhooks.template.proof.json_errors import NOT_JSON

CURLY = 'is a curly quote: JSON takes the straight one, ".'
SINGLE = "JSON takes double quotes: write \" instead of '."
COMMENT = "JSON has no comments: remove this one, or write {{! … }}, which is not sent."
OPEN_ENDED = 'is a curly quote and does not end this text: write the straight one, ".'


def mistake(template: str) -> tuple[str, int, int]:
    with pytest.raises(TemplateError) as caught:
        compile_template(template)
    return caught.value.message, caught.value.line, caught.value.column


@pytest.mark.parametrize(
    ("template", "message", "line", "column"),
    [
        ("{“a”: 1}", f"“ {CURLY}", 1, 2),
        ('{"a": 1,\n “b”: 2}', f"“ {CURLY}", 2, 2),
        ('{"a": “x”}', f"“ {CURLY}", 1, 7),
        ('{"a": “{{title}}”}', f"“ {CURLY}", 1, 7),
        ('{"a": ‘x’}', f"‘ {CURLY}", 1, 7),
        ('{"a": „x“}', f"„ {CURLY}", 1, 7),
        ('{"a": "x”}', f"” {OPEN_ENDED}", 1, 9),
        ('{"a": "x”,\n"b": 1}', f"” {OPEN_ENDED}", 1, 9),
        ('{"a": "{{title}}”,\n"b": 1}', f"” {OPEN_ENDED}", 1, 17),
        ('{"a": "{{title}}”}', f"” {OPEN_ENDED}", 1, 17),
        ('{"a”: 1}', f"” {OPEN_ENDED}", 1, 4),
        ('{"a": "it’s “fine”",\n"b": "x}', "The body ends inside a text: a quotation mark is missing.", 2, 9),
        ('{"a": "“{{title}}”", "b": "x}', "The body ends inside a text: a quotation mark is missing.", 1, 30),
        ("{'a': 1}", SINGLE, 1, 2),
        ("{\"a\": 1, 'b': 2}", SINGLE, 1, 10),
        ("{\"a\": 'hello world'}", SINGLE, 1, 7),
        ("{\"a\": '{{title}}'}", SINGLE, 1, 7),
        ('{"a": `x`}', 'JSON takes double quotes: write " instead of `.', 1, 7),
        ("'{{title}}'", SINGLE + NOT_JSON, 1, 1),
        ('{"a": 1} // done', COMMENT, 1, 10),
        ('{"a": 1, // one\n"b": 2}', COMMENT, 1, 10),
        ('{\n  // first\n  "a": 1}', COMMENT, 2, 3),
        ('{"a": 1 /* one */}', COMMENT, 1, 9),
        ('{"a": /* one */ 1}', COMMENT, 1, 7),
        ('{"a": 1 # one\n}', COMMENT, 1, 9),
        ("[\n# one\n1]", COMMENT, 2, 1),
        ("# {{title}}", COMMENT + NOT_JSON, 1, 1),
        ('{"a": "x" <!-- y -->}', COMMENT, 1, 11),
        ('{"a": 1,}', "Remove the comma before }.", 1, 9),
        ('{"a": 1,\n}', "Remove the comma before }.", 2, 1),
        ("[1, 2,]", "Remove the comma before ].", 1, 7),
        ("[1,,2]", "Remove one of these commas.", 1, 4),
        ('{"a": 1,, "b": 2}', "Remove one of these commas.", 1, 9),
        ('{, "a": 1}', "Remove the comma after {.", 1, 2),
        ("[,1]", "A value is missing before ,.", 1, 2),
        ('{"a": ,"b": 1}', "A value is missing before ,.", 1, 7),
        ('{"a": "x"\n "b": "{{title}}"}', 'A comma is missing before "b".', 2, 2),
        ('{"a": {{title}}\n "b": 1}', 'A comma is missing before "b".', 2, 2),
        ('["x" true]', "A comma is missing before true.", 1, 6),
        ('{"a": "x"; "b": 2}', "Write a comma here, not a semicolon.", 1, 10),
        ("{who: 1}", 'Put the key between quotation marks: "who".', 1, 2),
        ('{"a": 1,\n who-else : 2}', 'Put the key between quotation marks: "who-else".', 2, 2),
        ('{"a": 0xFF0000}', "0xFF0000 is not a number in JSON: write 16711680.", 1, 7),
        ('{"a" 1}', "A colon is missing after this key.", 1, 6),
        ('{"a" = 1}', "Write a colon after this key, not =.", 1, 6),
        ('{"a": {title}}', "A variable takes two braces: write {{title}}.", 1, 8),
        ('{"a": {attendees.0.name}, "b": 1}', "A variable takes two braces: write {{attendees.0.name}}.", 1, 8),
        ('{"a": True}', "True is not JSON: write true.", 1, 7),
        ('{"a": FALSE}', "FALSE is not JSON: write false.", 1, 7),
        ('{"a": None}', "None is not JSON: write null.", 1, 7),
        ('{"a": undefined}', "undefined is not JSON: write null.", 1, 7),
        ('{"a": nil}', "nil is not JSON: write null.", 1, 7),
    ],
)
def test_a_common_mistake_is_named_with_its_place(template: str, message: str, line: int, column: int) -> None:
    assert mistake(template) == (message, line, column)


@pytest.mark.parametrize(
    "template",
    [
        '{"a": "“{{title}}” – it’s // # /* \'fine\' {title} */"}',
        '{"https://example.com": "{{! a comment }}x"}',
        '{"a": "“", "b": "x"}',
        '{{! “curly” }}{"a": 1}',
    ],
)
def test_inside_a_text_all_of_this_is_welcome(template: str) -> None:
    compile_template(template)
