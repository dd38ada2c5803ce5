"""Loops and branches, as Handlebars has them."""

import pytest

from calhooks.webhooks.template import TemplateError, compile_template

CONTEXT = {
    "title": "T",
    "attendees": [{"name": "Ann", "tags": ["a", "b"]}, {"name": "", "tags": []}, {"name": "Cy", "tags": ["c"]}],
    "metadata": {"x": "1", "y": "2"},
    "empty_list": [],
    "empty_object": {},
    "empty_text": "",
    "zero": 0,
    "text_zero": "0",
    "no": False,
    "yes": True,
    "nothing": None,
    "nan": float("nan"),
}


def text(template: str) -> str:
    return compile_template(template, "text/plain").render(CONTEXT).decode()


@pytest.mark.parametrize(
    "name", ["title", "attendees", "metadata", "empty_object", "text_zero", "yes", "attendees.length"]
)
def test_what_is_there_is_true(name):
    assert text(f"{{{{#if {name}}}}}yes{{{{else}}}}no{{{{/if}}}}") == "yes"
    assert text(f"{{{{#unless {name}}}}}yes{{{{else}}}}no{{{{/unless}}}}") == "no"


@pytest.mark.parametrize(
    "name", ["empty_list", "empty_text", "zero", "no", "nothing", "nan", "missing", "a.b.c", "empty_list.length"]
)
def test_what_is_not_there_is_false(name):
    assert text(f"{{{{#if {name}}}}}yes{{{{^}}}}no{{{{/if}}}}") == "no"
    assert text(f"{{{{#unless {name}}}}}yes{{{{/unless}}}}") == "yes"


@pytest.mark.parametrize(
    ("template", "written"),
    [
        ("{{#if zero includeZero=true}}0{{/if}}{{#if no includeZero=true}}no{{/if}}", "0"),
        ("{{#if no}}1{{else if nothing}}2{{else if title}}3{{else}}4{{/if}}", "3"),
        ("{{#if no}}1{{else if nothing}}2{{else}}4{{/if}}", "4"),
        ("{{#if no}}1{{else unless nothing}}2{{/if}}", "2"),
        ("{{#if no}}1{{else each metadata}}{{this}}{{/if}}", "12"),
        ("{{#each attendees}}{{name}};{{/each}}", "Ann;;Cy;"),
        ("{{#each attendees}}{{@index}}{{@first}}{{@last}} {{/each}}", "0truefalse 1falsefalse 2falsetrue "),
        ("{{#each attendees}}{{@key}}{{/each}}", "012"),
        ("{{#each metadata}}{{@key}}={{this}} {{@index}} {{/each}}", "x=1 0 y=2 1 "),
        (
            "{{#each attendees}}{{#each tags}}{{.}}{{../name}}{{../../title}}{{@../index}} {{/each}}{{/each}}",
            "aAnnT0 bAnnT0 cCyT2 ",
        ),
        ("{{#each attendees}}{{#if name}}{{../title}}{{/if}}{{/each}}", "TT"),
        ("{{#each attendees}}{{title}}{{/each}}", ""),
        ("{{#each attendees}}{{@root.title}}{{/each}}", "TTT"),
        ("{{#each empty_list}}x{{else}}none{{/each}}", "none"),
        ("{{#each empty_object}}x{{else}}none{{/each}}", "none"),
        ("{{#each missing}}x{{else}}none{{/each}}", "none"),
        ("{{#each title}}x{{^}}none{{/each}}", "none"),
        ("{{#each missing}}x{{else}}{{title}}{{/each}}", "T"),
        ("{{#each attendees}}{{#unless @first}}, {{/unless}}{{name}}{{/each}}", "Ann, , Cy"),
        ("{{# each attendees }}{{name}}{{/ each }}", "AnnCy"),
        ("{{#with metadata}}{{x}}{{../title}}{{this.y}}{{@root.title}}{{/with}}", "1T2T"),
        ("{{#with missing}}x{{else}}{{title}}{{/with}}", "T"),
        (
            "{{#with zero}}[{{this}}]{{/with}}{{#with no}}x{{else}}no{{/with}}{{#with empty_list}}x{{else}}e{{/with}}",
            "[0]noe",
        ),
        ("{{#if no}}a{{else with metadata}}{{y}}{{/if}}", "2"),
        ("{{#with metadata as |m|}}{{m.x}}{{x}}{{../title}}{{/with}}", "11T"),
        ("{{#each attendees as |person|}}{{person.name}}{{person.tags.0}};{{/each}}", "Anna;;Cyc;"),
        ("{{#each attendees as |person index|}}{{index}}{{#if person.name}}!{{/if}}{{/each}}", "0!12!"),
        ("{{#each metadata as |value key|}}{{key}}={{value}}{{key.length}} {{/each}}", "x=11 y=21 "),
        (
            "{{#each attendees as |p|}}{{#each p.tags as |tag|}}{{tag}}{{p.name}}{{../name}} {{/each}}{{/each}}",
            "aAnnAnn bAnnAnn cCyCy ",
        ),
        (
            "{{#each attendees as |title|}}{{title.name}}{{../title}}{{this.title}}{{else}}x{{/each}}{{title}}",
            "AnnTTCyTT",
        ),
        ("{{#each empty_list as |a|}}x{{else}}[{{a}}]{{/each}}", "[]"),
        ("{{#each attendees}}{{#with this}}{{@index}}{{../name}}{{/with}}{{/each}}", "0Ann12Cy"),
        (
            "{{#each attendees}}{{#each tags}}{{#with ../name}}{{@index}}{{@../index}};{{/with}}{{/each}}{{/each}}",
            "00;10;02;",
        ),
        ("{{#each attendees}}{{#with tags}}{{upper ../name}}{{/with}}{{/each}}", "ANNCY"),
    ],
)
def test_a_block_writes_what_handlebars_writes(template, written):
    assert text(template) == written


@pytest.mark.parametrize(
    ("template", "written"),
    [
        ("a {{~title~}} b", "aTb"),
        ("a {{~title}} b", "aT b"),
        ("a \n{{~{title}~}}\n b", "aTb"),
        ("a {{~#if yes~}} x {{~else~}} y {{~/if~}} b", "axb"),
        ("a {{~! comment ~}} b", "ab"),
        ("{{#if yes}}\nx\n{{/if}}\ny", "x\ny"),
        ("a\n  {{#if yes}}\n  x\n  {{else}}\n  y\n  {{/if}}\nb", "a\n  x\nb"),
        ("a\n  {{#if no}}\n  x\n  {{else if yes}}\n  y\n  {{/if}}\nb", "a\n  y\n  b"),
        ("a\n{{! its own line }}\nb", "a\nb"),
        ("a {{! beside text }}\nb", "a \nb"),
        ("{{#each metadata}}\n- {{this}}\n{{/each}}\n", "- 1\n- 2\n"),
        ("  {{title}}\n", "  T\n"),
        ("x {{#if yes}}\ny{{/if}}", "x \ny"),
    ],
)
def test_whitespace_goes_where_handlebars_removes_it(template, written):
    assert text(template) == written


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{#if a}}x", "{{#if}} is never closed: {{/if}} is missing."),
        ("{{#if a}}x{{else if b}}y", "{{#if}} is never closed: {{/if}} is missing."),
        ("x{{/if}}", "{{/if}} closes a block that is not open."),
        ("{{else}}", "{{else}} stands outside of any block."),
        ("{{#each a}}\n{{#if b}}\n{{/each}}", "{{/if}} is needed here first, for the {{#if}} in line 2."),
        ("{{#if a}}{{else}}{{else}}{{/if}}", "This {{#if}} already has an {{else}}."),
        ("{{#if}}x{{/if}}", "{{#if}} takes one variable"),
        ("{{#if a b}}x{{/if}}", "{{#if}} takes one variable or condition"),
        ("{{#if a option=1}}x{{/if}}", "{{#if}} takes one variable"),
        ("{{#each a includeZero=true}}x{{/each}}", "{{#each}} takes one list"),
        ("{{#each}}x{{/each}}", "{{#each}} takes one list, as in {{#each attendees}}"),
        ("{{#each (eq a b)}}x{{/each}}", "{{#each}} takes one list"),
        ("{{#each person in attendees}}x{{/each}}", "Write the list first: {{#each attendees as |person|}}."),
        (
            "{{#each attendees as person}}x{{/each}}",
            "Names are written between two |: {{#each attendees as |person|}}.",
        ),
        ("{{#each attendees as |person}}x{{/each}}", "Names are written between two |"),
        ("{{#each attendees as |a b c|}}x{{/each}}", "A loop has one name or two"),
        ("{{#each attendees as | |}}x{{/each}}", "A loop has one name or two"),
        ("{{#each attendees as |this|}}x{{/each}}", "this cannot be a name here"),
        ("{{#each attendees as |a.b|}}x{{/each}}", "a.b cannot be a name here"),
        ("{{#with}}x{{/with}}", "{{#with}} takes one variable, as in {{#with organizer}}"),
        ("{{#with organizer as |a b|}}x{{/with}}", "Write one name, as in {{#with organizer as |host|}}."),
        ("{{#with organizer}}{{../../title}}{{/with}}", "../ leads out of {{#each}} and {{#with}}"),
        ("{{#with organizer}}{{else}}{{../title}}{{/with}}", "../ leads out of {{#each}} and {{#with}}"),
        ("{{#with organizer}}{{@index}}{{/with}}", "@index has a meaning only inside {{#each}}"),
        ("{{#if title as |name|}}x{{/if}}", "{{#if}} has nothing to name: remove as |name|."),
        ("{{with organizer}}", "it is a block: write {{#with organizer}}…{{/with}}."),
        ("{{#attendees}}x{{/attendees}}", "write {{#each attendees}} to loop, {{#if attendees}} to test"),
        ("{{^attendees}}x{{/attendees}}", "write {{#unless name}}…{{/unless}}"),
        ("{{#ifEquals a b}}x{{/ifEquals}}", 'write eq, as in {{#if (eq type "quick-chat")}}…{{/if}}.'),
        ("{{#switch a}}x{{/switch}}", "write {{#if (eq …)}}…{{else if (eq …)}}…{{/if}}."),
        ("{{#upper title}}x{{/upper}}", "upper is not a block"),
        ("{{lookup attendees 0}}", "There is no helper lookup: write the path itself"),
        ("{{log title}}", "There is no helper log: remove it"),
        ("{{if title 'x'}}", "it is a block: write {{#if name}}…{{/if}}."),
        ("{{#if a}}x{{elseif b}}y{{/if}}", "There is no helper elseif: write {{else if name}}, as two words."),
        ("{{moment startTime}}", 'There is no helper moment: write {{date startTime format="full"}}.'),
        ("{{uppercase title}}", "There is no helper uppercase: write {{upper title}}."),
        (
            "{{frobnicate title}}",
            "the helpers are date, default, join, upper, lower, words, truncate, json, html, slack, markdown, url "
            "and csv.",
        ),
        ("{{JSON.stringify metadata}}", "There is no helper JSON.stringify: write {{json metadata}}."),
        ("{{title.toUpperCase()}}", "There is no helper title.toUpperCase: write {{upper title}}."),
        ("{{event title}}", "There is no helper event: a variable is alone in its braces, and the helpers are date"),
        ('{{location ?? "x"}}', '?? cannot be used here: write {{default location "to be agreed"}}.'),
        ("{{title or 'x'}}", "or cannot be used here: write {{#if (or title 'x')}}…{{/if}}. To write the first"),
        ("{{title | upper}}", "Filters after | are not supported: write the helper first, as in {{upper title}}."),
        ("{{title | upcase}}", "Filters after | are not supported: write {{upper title}}."),
        ("{{startTime | date: '%d'}}", 'Filters after | are not supported: write {{date startTime format="full"}}.'),
        ("{{#if a}}x{{#else}}y{{/if}}", "{{else}} is written without the #."),
        ("{{#for a in b}}x{{/for}}", "{{#for}} is not supported: write {{#each attendees}}…{{/each}}"),
        ("{{metadata.utm source}}", "Put a key that has a space into brackets: write {{metadata.[utm source]}}."),
        ('{{#if (type eq "a")}}x{{/if}}', 'The name of a condition comes first: write (eq type "a").'),
        ("{{#if (type eq)}}x{{/if}}", "The name of a condition comes first: write (eq type)."),
        ("{{date startTime format='DD/MM/YYYY h:mm A'}}", "Write dd/MM/yyyy h:mm a, with a small y and d."),
        ("{{date startTime format='DDDD'}}", "Write yyyy-MM-dd, with a small y and d."),
        ("{{> footer}}", "Partials ({{> name}}) are not supported"),
        ("{{#> layout}}{{/layout}}", "Partials ({{> name}}) are not supported"),
        ("{{* decorate}}", "Decorators ({{* name}}) are not supported"),
        ('{{#*inline "x"}}{{/inline}}', "Decorators ({{* name}}) are not supported"),
        ("{{{{raw}}}}x{{{{/raw}}}}", "Four braces (raw blocks) are not supported"),
    ],
)
def test_what_is_not_supported_is_named_with_what_to_write_instead(template, message):
    with pytest.raises(TemplateError) as caught:
        text(template)
    assert message in caught.value.message
