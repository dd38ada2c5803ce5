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
        ("{{#if a b}}x{{/if}}", "Values cannot be compared or calculated with."),
        ("{{#if a option=1}}x{{/if}}", "{{#if}} takes one variable"),
        ("{{#each a includeZero=true}}x{{/each}}", "{{#each}} takes one list"),
        ("{{#each attendees as |person|}}x{{/each}}", "Names after |…| are not supported"),
        ("{{#if (eq a b)}}x{{/if}}", "Parentheses are not supported"),
        ("{{#with organizer}}x{{/with}}", "write the whole path, such as {{organizer.name}}"),
        ("{{#attendees}}x{{/attendees}}", "write {{#each attendees}} to loop, {{#if attendees}} to test"),
        ("{{^attendees}}x{{/attendees}}", "write {{#unless name}}…{{/unless}}"),
        ("{{#ifEquals a b}}x{{/ifEquals}}", "Values cannot be compared"),
        ("{{#upper title}}x{{/upper}}", "upper is not a block"),
        ("{{lookup attendees 0}}", "There is no helper lookup: write the path itself"),
        ("{{log title}}", "There is no helper log: remove it"),
        ("{{if title 'x'}}", "it is a block: write {{#if name}}…{{/if}}."),
        ("{{#if a}}x{{elseif b}}y{{/if}}", "There is no helper elseif: write {{else if name}}, as two words."),
        ("{{moment startTime}}", 'There is no helper moment: write {{date startTime format="full"}}.'),
        ("{{uppercase title}}", "There is no helper uppercase: write {{upper title}}."),
        ("{{frobnicate title}}", "the helpers are date, default, join, upper, lower, words, truncate and json."),
        ("{{title | upper}}", "Filters after | are not supported: write the helper first"),
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
