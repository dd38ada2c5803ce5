"""Variables, as people write them for Handlebars and for Cal.com."""

import json

import pytest

from calhooks.webhooks.template import TemplateError, compile_template

CONTEXT = {
    "title": "Quick chat",
    "length": 30,
    "rescheduleUid": "old1",
    "attendees": [{"name": "Ann", "language": {"locale": "en"}}, {"name": "Bob"}],
    "team": {"members": ["Rick", "Ann"]},
    "metadata": {
        "user_id": "1",
        "user-id": "2",
        "user id": "3",
        "a.b": "4",
        "ключ": "5",
        "resheduleUid": "6",
        "x]": "7",
    },
    "organizer": {"name": "Rick"},
    "done": True,
    "zero": 0,
    "nothing": None,
    "price": 1.5,
    "smile": "😀!",
}

JSON = json.dumps(CONTEXT, ensure_ascii=False, separators=(",", ":"))


def text(template: str) -> str:
    return compile_template(template, "text/plain").render(CONTEXT).decode()


@pytest.mark.parametrize(
    ("template", "written"),
    [
        ("{{title}}", "Quick chat"),
        ("{{ title }}", "Quick chat"),
        ("{{\n title\t}}", "Quick chat"),
        ("{{{title}}}", "Quick chat"),
        ("{{{ title }}}", "Quick chat"),
        ("{{&title}}", "Quick chat"),
        ("{{& title}}", "Quick chat"),
        ("{{this.title}}", "Quick chat"),
        ("{{./title}}", "Quick chat"),
        ("{{this/title}}", "Quick chat"),
        ("{{@root.title}}", "Quick chat"),
        ("{{[title]}}", "Quick chat"),
        ("{{organizer.name}}", "Rick"),
        ("{{organizer/name}}", "Rick"),
        ("{{organizer.[name]}}", "Rick"),
        ("{{attendees.0.name}}", "Ann"),
        ("{{attendees[0].name}}", "Ann"),
        ("{{attendees.[0].name}}", "Ann"),
        ("{{attendees[1].name}}", "Bob"),
        ("{{attendees.0.language.locale}}", "en"),
        ("{{team.members.1}}", "Ann"),
        ("{{team.members.[1]}}", "Ann"),
        ("{{attendees.length}}", "2"),
        ("{{title.length}}", "10"),
        ("{{title.[0]}}{{title.1}}{{title[2]}}{{title.[99]}}{{title.00}}", "Qui"),
        ("{{smile.[0]}}{{smile.[1]}}", "😀!"),
        ("{{json .}}", JSON),
        ("{{json this}}", JSON),
        ("{{metadata.user_id}}", "1"),
        ("{{metadata.user-id}}", "2"),
        ("{{metadata.[user id]}}", "3"),
        ("{{metadata[user id]}}", "3"),
        ('{{metadata["user id"]}}', "3"),
        ("{{metadata['user id']}}", "3"),
        ("{{metadata.[a.b]}}", "4"),
        ("{{metadata.ключ}}", "5"),
        ("{{metadata.[x\\]]}}", "7"),
        ("{{length}}", "30"),
        ("{{done}}", "true"),
        ("{{zero}}", "0"),
        ("{{price}}", "1.5"),
        ("{{nothing}}", ""),
        ("{{missing}}", ""),
        ("{{missing.name.first}}", ""),
        ("{{attendees.2.name}}", ""),
        ("{{attendees.-1.name}}", ""),
        ("{{attendees.00.name}}", ""),
        ("{{attendees.0.language.locale.x}}", ""),
        ("{{resheduleUid}}", "old1"),
        ("{{@root.resheduleUid}}", "old1"),
        ("{{metadata.resheduleUid}}", "6"),
        ("{{__class__}}{{title.upper}}{{attendees.append}}{{constructor}}", ""),
    ],
)
def test_a_path_leads_to_its_value(template, written):
    assert text(template) == written


@pytest.mark.parametrize(
    ("template", "written"),
    [
        ("{ title } {} }} {", "{ title } {} }} {"),
        ("\\{{title}}", "{{title}}"),
        ("\\{{title}} {{title}}", "{{title}} Quick chat"),
        ("\\\\{{title}}", "\\Quick chat"),
        ("\\n", "\\n"),
        ("a{{! a comment }}b{{!-- with }} braces --}}c", "abc"),
        ("{{{title}}}}", "Quick chat}"),
        ('{"a":{"b":{{length}}}}', '{"a":{"b":30}}'),
        ("{{{#if title}}x{{/if}}}", "{x}"),
    ],
)
def test_what_is_no_variable_is_text(template, written):
    assert text(template) == written


def test_objects_and_lists_are_written_as_json():
    assert text("{{team}} {{team.members}}") == '{"members":["Rick","Ann"]} ["Rick","Ann"]'


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{}}", "There is no variable between these braces."),
        ("{{ }}", "There is no variable between these braces."),
        ("{{title", "This {{ is never closed: }} is missing."),
        ("{{title} }", "This {{ is never closed: }} is missing."),
        ("{{title {{length}}", "This {{ is never closed: }} is missing."),
        ("{{{title}}", "This variable opens with three braces and closes with two: write {{name}}."),
        ("{{organizer.}}", "A name is missing after this dot."),
        ("{{.name}}", "A path does not begin with a dot: write name."),
        ("{{ .Title }}", "A path does not begin with a dot: write Title."),
        (r"{{#if (eq type \"x\")}}{{/if}}", 'Between the braces, write " without the backslash.'),
        ("{{a,b}}", "cannot stand here"),
        ('{{"title"}}', "A text in quotes is no variable"),
        ("{{true}}", "true is no variable"),
        ("{{title 'x}}", "The quotation mark ' is not closed"),
        ("{{organizer.this}}", "this can only stand at the start of a path."),
        ("{{“title”}}", "“ is a typographic quotation mark"),
        ("{{title .}}", "There is no helper title"),
        ("{{organizer/../title}}", "../ can only stand at the start of a path."),
        ("{{../title}}", "../ leads out of {{#each}}"),
        ("{{#each attendees}}{{../../title}}{{/each}}", "../ leads out of {{#each}}"),
        ("{{@index}}", "@index has a meaning only inside {{#each}}"),
        ("{{#each attendees}}{{else}}{{@index}}{{/each}}", "@index has a meaning only inside {{#each}}"),
        ("{{@level}}", "@level is not known"),
        ("{{! never closed", "This comment is never closed: }} is missing."),
        ("{{!-- never closed }}", "This comment is never closed: --}} is missing."),
        ("{{ #if title}}x{{/if}}", "There must be no space between {{ and what follows it here."),
        ("a\0b", "An invisible NUL character"),
        ("{{default title " + "9" * 5000 + "}}", "A number has at most 100 digits."),
        ("{{truncate title " + "9" * 5000 + "}}", "A number has at most 100 digits."),
    ],
)
def test_a_slip_is_said_in_words(template, message):
    with pytest.raises(TemplateError) as caught:
        text(template)
    assert message in caught.value.message


def test_an_error_says_line_and_column():
    with pytest.raises(TemplateError) as caught:
        text('{\r\n  "ok": 1,\r\n  "a": "{{title"\r\n}')
    assert (caught.value.line, caught.value.column) == (3, 9)
    assert str(caught.value).startswith("Line 3, column 9: This {{ is never closed")
