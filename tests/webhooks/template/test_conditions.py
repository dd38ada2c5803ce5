"""Conditions: what they mean, what is said when they are written otherwise, and that every branch is proved."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calhooks.webhooks.template import Meter, TemplateError, compile_template
from calhooks.webhooks.template.proof.conditions import exclusive
from calhooks.webhooks.template.values.comparing import equal

CONTEXT = {
    "triggerEvent": "BOOKING_CREATED",
    "title": "A VIP call",
    "length": 30,
    "start": "2026-03-05T09:00:00Z",
    "zero": 0,
    "nothing": None,
    "yes": True,
    "no": False,
    "attendees": [{"name": "Ann", "plan": "pro"}, {"name": "Bob", "plan": "free"}, {"name": "Cy"}],
    "members": ["Rick", "Ann"],
    "metadata": {"age": "17", "plan": "pro", "vip": "true", "empty": ""},
}


def text(template: str) -> str:
    return compile_template(template, "text/plain").render(CONTEXT).decode()


def holds(condition: str) -> bool:
    written = text(f"{{{{#if {condition}}}}}yes{{{{else}}}}no{{{{/if}}}}")
    assert text(f"{{{{#unless {condition}}}}}no{{{{else}}}}yes{{{{/unless}}}}") == written
    return written == "yes"


@pytest.mark.parametrize(
    "condition",
    [
        '(eq triggerEvent "BOOKING_CREATED")',
        "(eq 'BOOKING_CREATED' triggerEvent)",
        "(eq length 30)",
        '(eq length "30")',
        "(eq metadata.age 17)",
        "(eq metadata.vip true)",
        "(eq missing null)",
        '(eq missing "")',
        "(eq nothing metadata.empty)",
        "(ne missing 0)",
        '(ne metadata.plan "Pro")',
        "(ne attendees attendees)",
        "(gt length 29.5)",
        "(gt length metadata.age)",
        "(lt metadata.age 18)",
        '(gt start "2026-03-05")',
        '(in triggerEvent "BOOKING_CREATED" "BOOKING_CANCELLED")',
        "(in length 15 30 60)",
        '(in "Ann" members)',
        '(in "VIP" title)',
        '(in "plan" metadata)',
        '(in "Ann" title members)',
        "(in missing 1 null)",
        "(and title length (eq length 30))",
        "(or missing zero (not no))",
        "(not (and yes no))",
        "(not attendees.9)",
        "(in attendees.0.name members)",
        "true",
        "1",
        '"0"',
        "-2.5",
        "0 includeZero=true",
        "(not zero) includeZero=true",
        " ( eq length 30 ) ",
        "(and (eq length 30)(eq zero 0))",
        "(not (not (not (not (not (not (not (not missing))))))))",
    ],
)
def test_this_condition_holds(condition):
    if condition.count("not") != 8:
        assert holds(condition)
    else:
        assert not holds(condition)


@pytest.mark.parametrize(
    "condition",
    [
        "(eq length 31)",
        "(eq zero no)",
        "(eq zero nothing)",
        "(eq members members)",
        "(lt title 3)",
        "(gt title 3)",
        "(gt missing 0)",
        "(lt missing 0)",
        "(lt length 30)",
        "(gt length 30)",
        '(in "vip" title)',
        "(in missing title)",
        "(in metadata.empty title)",
        '(in "pro" metadata)',
        '(in "VIP" title members)',
        '(in triggerEvent "BOOKING" "CREATED")',
        "(and yes zero)",
        "(or no zero missing)",
        "(not yes)",
        "false",
        "null",
        "undefined",
        "0",
        '""',
    ],
)
def test_this_condition_does_not_hold(condition):
    assert not holds(condition)


@pytest.mark.parametrize(
    ("template", "written"),
    [
        ("{{#if (eq length 15)}}a{{else if (eq length 30)}}b{{else}}c{{/if}}", "b"),
        ("{{#unless (eq length 30)}}a{{else unless yes}}b{{else if (gt length 60)}}c{{else}}d{{/unless}}", "d"),
        ('{{#each attendees}}{{#if (eq plan "pro")}}{{name}}{{/if}}{{/each}}', "Ann"),
        ("{{#each attendees}}{{#if (and name (not @last))}}{{name}},{{/if}}{{/each}}", "Ann,Bob,"),
        ("{{#each attendees}}{{#if (eq @index 1)}}{{name}}{{/if}}{{/each}}", "Bob"),
        ("{{#each attendees}}{{#if (gt @index 0)}}, {{/if}}{{name}}{{/each}}", "Ann, Bob, Cy"),
        ("{{#each members}}{{#if (eq this 'Ann')}}!{{/if}}{{#if (eq . ../attendees.0.name)}}?{{/if}}{{/each}}", "!?"),
        ("{{#each attendees as |person|}}{{#if (in person.name @root.members)}}{{person.name}}{{/if}}{{/each}}", "Ann"),
        ("a\n{{#if (eq length 30)}}\n  b\n{{else if (eq length 15)}}\n  c\n{{/if}}\nd", "a\n  b\nd"),
        ("a {{~#if (eq length 30)~}} b {{~/if~}} c", "abc"),
    ],
)
def test_a_branch_is_taken_by_its_condition(template, written):
    assert text(template) == written


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{#if (equals a b)}}x{{/if}}", "There is no condition equals: write eq, as in {{#if (eq "),
        ("{{#if (gte length 30)}}x{{/if}}", "write {{#if (not (lt length 30))}}…{{/if}} for “at least 30”."),
        ('{{#if (contains title "x")}}x{{/if}}', 'write {{#if (in "VIP" title)}}'),
        ("{{#if (frob a b)}}x{{/if}}", "the conditions are eq, ne, gt, lt, in, and, or and not."),
        ("{{#if (title)}}x{{/if}}", "write a variable without parentheses."),
        ('{{#if title == "x"}}y{{/if}}', '== cannot be used here: write {{#if (eq title "x")}}…{{/if}}.'),
        ('{{#if (title == "x")}}y{{/if}}', '== cannot be used here: write {{#if (eq title "x")}}…{{/if}}.'),
        ('{{#if title = "x"}}y{{/if}}', '= cannot be used here: write {{#if (eq title "x")}}…{{/if}}.'),
        ("{{#if a != 1}}y{{/if}}", "!= cannot be used here: write {{#if (ne a 1)}}…{{/if}}."),
        ("{{#if a >= 1}}y{{/if}}", ">= cannot be used here: write {{#if (not (lt a 1))}}…{{/if}}."),
        ("{{#if a && b}}y{{/if}}", "&& cannot be used here: write {{#if (and a b)}}…{{/if}}."),
        ("{{#if !a}}y{{/if}}", "! cannot be used here: write {{#if (not a)}}…{{/if}}."),
        ("{{#if a + 1}}y{{/if}}", "+ cannot be used here: values cannot be calculated with."),
        ("{{title || type}}", "To write the first that has a value, write {{default location"),
        ("{{a ? b : c}}", "? cannot be used here: write {{#if location}}…{{else}}…{{/if}}."),
        ('{{#if eq title "x"}}y{{/if}}', 'A condition needs parentheses: write {{#if (eq title "x")}}.'),
        ('{{#if title eq "x"}}y{{/if}}', 'A condition needs parentheses: write {{#if (eq title "x")}}.'),
        ("{{#if not title}}y{{/if}}", "A condition needs parentheses: write {{#if (not title)}}."),
        ("{{#if equals a b}}y{{/if}}", "A condition needs parentheses: write eq, as in"),
        ("{{#if (a eq b)}}y{{/if}}", "The name of a condition comes first: write (eq a b)."),
        ("{{#if (eq a b) (eq c d)}}y{{/if}}", "Combine conditions with and or or"),
        ("{{#if (eq a b}}y{{/if}}", "This ( is never closed: ) is missing."),
        ("{{#if (eq a b))}}y{{/if}}", "This ) closes nothing: remove it."),
        ("{{#if )}}y{{/if}}", "This ) closes nothing: remove it."),
        ("{{#if ()}}y{{/if}}", "A condition begins with its name"),
        ("{{#if (eq a)}}y{{/if}}", "eq takes two values"),
        ("{{#if (not a b)}}y{{/if}}", "not takes one variable or condition"),
        ("{{#if (and a)}}y{{/if}}", "and takes two or more variables or conditions"),
        ('{{#if (in a "x")}}y{{/if}}', "For one text, write eq."),
        (
            "{{#if (eq (upper a) 'X')}}y{{/if}}",
            "upper is a helper: only conditions and variables can be in parentheses",
        ),
        ("{{#if (eq (eq a b) true)}}y{{/if}}", "eq compares values, not conditions"),
        ("{{#if (eq a “x”)}}y{{/if}}", "“ is a typographic quotation mark"),
        ("{{#if (eq a b=1)}}y{{/if}}", "= cannot be used here"),
        ("{{eq a b}}", "eq is a condition: write {{#if (eq"),
        ("{{#eq a b}}x{{/eq}}", "eq is not a block: write {{#if (eq"),
        ("{{#if a}}x{{else (eq a b)}}y{{/if}}", "The name of a block is missing before (: write if."),
        ("{{#if a}}x{{elseif (eq a b)}}y{{/if}}", "write {{else if name}}, as two words."),
        ("{{#if " + "(not " * 9 + "a" + ")" * 9 + "}}x{{/if}}", "Conditions are nested more than 8 deep."),
        ("{{#if (and " + "a " * 21 + ")}}x{{/if}}", "A condition takes at most 20 values."),
        ("{{#if (and" + (" (or" + " a" * 20 + ")") * 4 + ")}}x{{/if}}", "A condition takes at most 64 values in all."),
        ("{{#if (eq a ../b)}}x{{/if}}", "../ leads out of"),
        ("{{#if (and a @first)}}x{{/if}}", "@first has a meaning only inside"),
    ],
)
def test_what_is_not_a_condition_is_named_with_what_to_write_instead(template, message):
    with pytest.raises(TemplateError) as caught:
        text(template)
    assert message in caught.value.message


@pytest.mark.parametrize(
    "template",
    [
        '{"a": {{#if (eq type "x")}}1{{else if (gt length 30)}}2{{else}}3{{/if}}}',
        '{"a": 1{{#if (and flag (eq type "x"))}}, "b": 2{{/if}}}',
        "[{{#each people}}{{name}}{{#if (not @last)}},{{/if}}{{/each}}]",
        "[{{#each people}}{{#if (gt @index 0)}},{{/if}}{{name}}{{/each}}]",
        "[{{#each people}}{{#unless (eq 0 @index)}},{{/unless}}{{name}}{{/each}}]",
        "[{{#each people}}{{#if (or @first false)}}{{else}},{{/if}}1{{/each}}]",
        "[{{#each people}}{{#if (and (not @last) true)}}1,{{else}}2{{/if}}{{/each}}]",
        # The same question has the same answer, whichever way round it is asked.
        '{"a": {{#if (eq type "x")}}1{{/if}}{{#if (ne "x" type)}}2{{/if}}}',
        '{"a": {{#if (gt length 5)}}1{{/if}}{{#unless (lt 5 length)}}2{{/unless}}}',
        '{"a": {{#if (and x y)}}1{{/if}}{{#if (or (not x) (not y))}}2{{/if}}}',
        '{"a": {{#if (in t "A" "B")}}1{{/if}}{{#if (not (or (eq t "A") (eq t "B")))}}2{{/if}}}',
        # One value is never equal to two different texts.
        '{"a": 1{{#if (eq t "A")}}, "b": 1{{/if}}{{#if (eq t "B")}}, "b": 2{{/if}}}',
        '{"a": 1{{#if (in t "A" "B")}}, "b": 1{{else if (eq t "C")}}, "b": 3{{/if}}{{#if (eq t "D")}}, "b": 2{{/if}}}',
        # What has items is true, and what is true has a value.
        "[{{#if people}}1{{/if}}{{#each people}}{{#if @first}},2{{/if}}{{/each}}]",
        "[{{#if x}}1{{#with x}},2{{/with}}{{/if}}]",
        '{"a": {{#with organizer}}{{json name}}{{else}}null{{/with}}}',
        '{"a": [{{#each people as |p|}}{"n": {{p.name}}, "of": {{../title}}}{{#unless @last}},{{/unless}}{{/each}}]}',
        "[{{#each people}}{{#with name}}{{/with}}{{#unless @first}},{{/unless}}1{{/each}}]",
        '{{#if true}}{"a": 1}{{else}}this is never sent{{/if}}',
    ],
)
def test_a_template_that_is_valid_in_every_branch_saves(template):
    compiled = compile_template(template)
    for people in ([], [{}], [{"name": "A"}] * 3):
        json.loads(compiled.render({"people": people, "type": "x", "t": "B", "length": 9, "x": 1}))


@pytest.mark.parametrize(
    ("template", "place", "words"),
    [
        ('{"a": {{#if (eq type "x")}}1{{/if}}}', (1, 36), 'It is so when {{#if (eq type "x")}} does not apply.'),
        ('{"a": 1{{#if (and x y)}}, "b": 1{{/if}}{{#if x}}, "b": 2{{/if}}}', (1, 52), "twice"),
        ('{"a": 1{{#if (eq t "A")}}, "b": 1{{/if}}{{#if (eq t u)}}, "b": 2{{/if}}}', (1, 60), "twice"),
        ('{"a": 1{{#if (eq t "1")}}, "b": 1{{/if}}{{#if (eq t "1.0")}}, "b": 2{{/if}}}', (1, 64), "twice"),
        ('{"a": 1{{#if (eq t "A")}}, "b": 1{{/if}}{{#if (ne t "B")}}, "b": 2{{/if}}}', (1, 62), "twice"),
        ('[{{#each people}}"1"{{#if (eq @index 1)}},{{/if}}{{/each}}]', (1, 18), "A comma is missing before"),
        ("[{{#each people}}1{{#if (or name (not @last))}},{{/if}}{{/each}}]", (1, 65), "comma"),
        ('[{{#each people}}{{#if (eq n 1)}}"1"{{/if}}{{/each}}]', (1, 34), "comma"),
        ('{"a": {{#with organizer}}{{name}}{{/with}}}', (1, 43), "{{#with organizer}} has no value."),
        ("[{{#each people as |p i|}}{{#if i}},{{/if}}1{{/each}}]", (1, 36), "A value is missing before ,."),
        ('[{{#each people}}{{#if (eq n ../n)}}"1"{{/if}}{{/each}}]', (1, 37), "comma"),
    ],
)
def test_a_branch_that_is_not_valid_is_refused_with_its_place(template, place, words):
    with pytest.raises(TemplateError) as caught:
        compile_template(template)
    assert (caught.value.line, caught.value.column) == place
    assert words in caught.value.message


literals = st.sampled_from(
    ["", "a", "b", "30", "30.0", "030", "true", "false", "9" * 45, 30, 30.0, 30.5, 0, True, False, None]
)


@given(literals, literals, literals | st.floats() | st.integers() | st.decimals(allow_nan=False).map(str))
def test_two_literals_exclude_each_other_only_where_no_value_is_equal_to_both(a, b, value):
    if exclusive(a, b):
        assert not (equal(value, a) and equal(value, b))
        assert a != b or isinstance(a, bool) is not isinstance(b, bool)


@pytest.mark.parametrize("comma", ["{{#if i}},{{/if}}", "{{#unless (eq i 0)}},{{/unless}}", "{{#if (gt i 0)}},{{/if}}"])
def test_the_number_of_an_item_may_have_a_name_where_the_loop_is_over_a_list_of_the_event(comma):
    inside = f'{comma}{{"n":{{{{i}}}},"name":"{{{{person.name}}}}"}}'
    for loop in ("attendees", "@root.attendees", "this.attendees"):
        template = f"[{{{{#each {loop} as |person i|}}}}{inside}{{{{/each}}}}]"
        body = json.loads(compile_template(template, "application/json").render(CONTEXT))
        assert [item["n"] for item in body] == [0, 1, 2]
    # Keys of an object are no numbers, and the item of another loop may be one.
    for loop in ("metadata", "members", "attendees}}{{#each attendees"):
        with pytest.raises(TemplateError):
            compile_template(f"[{{{{#each {loop} as |person i|}}}}{inside}{{{{/each}}}}]", "application/json")


def test_a_condition_costs_what_it_compares():
    def units(template: str, context: dict[str, object]) -> int:
        meter = Meter()
        compile_template(template, "text/plain").render(context, meter)
        return meter.spent

    long = {"a": "x" * 5000, "b": "x" * 5000, "list": ["x"] * 500}
    short: dict[str, object] = {"a": "x", "b": "x", "list": ["x"]}
    for condition in ("(eq a b)", "(lt a b)", "(in b a)", '(in "y" list)', "(in a list)", "(in a 'y' b)"):
        template = f"{{{{#if {condition}}}}}{{{{/if}}}}"
        assert units(template, long) > units(template, short) + 250
    assert units("{{#if (and a b)}}{{/if}}", short) > units("{{#if a}}{{/if}}", short)
