"""Whatever somebody writes: checking and rendering it ends soon, and no body is larger than 256 KiB."""

import time

import pytest

from calhooks.events import Trigger
from calhooks.webhooks.body.payload import build_payload, template_context
from calhooks.webhooks.body.samples import crowded_event
from calhooks.webhooks.template import TemplateError, check_template, compile_template
from calhooks.webhooks.template.nodes import ContentType
from calhooks.webhooks.template.proof import check
from calhooks.webhooks.template.proof.walk import MAX_VISITS, Walk
from calhooks.webhooks.template.render import Template
from tests.attack.templates.search import MANY_STATES

CROWD = template_context(build_payload(crowded_event(Trigger.BOOKING_CREATED), "https://cal.example.com"))
# Of this thread's processor time: many times what is measured on an idle machine.
SECONDS = 5
# One of eight, or none: only one way is ever taken.
CHAIN = "{{#if (eq t 0)}}0" + "".join(f"{{{{else if (eq t {number})}}}}{number}" for number in range(1, 8)) + "{{/if}}"
ASKED_AND_ASKED = "{{#if (and (or a b) (or c d) (or e f) (or g h) (or i j) (or k l) (or m n) (or o p))}}x{{/if}}"
FALSE = "{{#if (and" + " (or false false true true false false)" * 10 + ")}}1{{/if}}"


def loop_of_keys(subject: str, conditions: str, inner: str = "0") -> str:
    keys = "".join(
        f'{{{{#if {asked}}}}},"k{number}":{{{{email}}}}{{{{/if}}}}' for number, asked in enumerate(conditions.split())
    )
    item = f'{{"n":"{{{{name}}}}"{keys},"l":{inner}}}'
    return f"[{{{{#each {subject}}}}}{item}{{{{#unless @last}}}},{{{{/unless}}}}{{{{/each}}}}]"


LAST_KEYS = loop_of_keys("tags", "name email @first")


def loops(depth: int, inside: str) -> str:
    opening = "{{#each attendees}}" + "{{#each @root.attendees}}" * (depth - 1)
    return '"' + opening + inside + "{{/each}}" * depth + '"'


def test_three_loops_inside_each_other_over_twenty_attendees_are_fine():
    assert len(compile_template(loops(3, "{{name}}x")).render(CROWD)) > 8000


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (loops(3, "{{name}} and words. " * 500), "The body grows past 256 KiB here."),
        ('"' + "{{this}}" * 5000 + '"', "The body grows past 256 KiB here."),
        (loops(6, ""), "The template does too much work for one event."),
        (loops(5, '{{join @root.attendees "" field="x"}}'), "The template does too much work for one event."),
    ],
)
def test_a_body_that_would_grow_or_take_too_long_is_refused_with_the_reason(template, message):
    started = time.thread_time()
    with pytest.raises(TemplateError) as caught:
        check_template(template, "application/json", [CROWD])
    assert message in caught.value.message
    assert time.thread_time() - started < SECONDS


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("[{{#each a}}[" * 12 + "]{{#unless @last}},{{/unless}}{{/each}}]" * 12, "too complicated"),
        (loops(33, ""), "Blocks stand inside each other more than 32 deep."),
        ('"' + "{{#if a}}x{{/if}}" * 10 + '"', "its branches combine in more than 512 ways"),
        ('"' + "{{#if (eq a b)}}x{{/if}}" * 10 + '"', "its branches combine in more than 512 ways"),
        ('"' + "{{#if (and x (eq a 1))}}x{{/if}}" * 10 + '"', "its branches combine in more than 512 ways"),
        ('"' + "".join(CHAIN.replace("t", letter) for letter in "tuvw") + '"', "combine in more than 512 ways"),
        ('"' + ASKED_AND_ASKED * 9 + '"', "too complicated to be checked"),
        ("[" + "{{#each a}}[" * 14 + FALSE + "]{{#unless @last}},{{/unless}}{{/each}}" * 14 + "]", "to be checked"),
        ('"' + "x" * 65536 + '"', "The template is longer than 65,536 characters."),
    ],
)
def test_a_template_that_is_too_much_to_check_is_refused_at_once(template, message):
    started = time.thread_time()
    with pytest.raises(TemplateError) as caught:
        compile_template(template)
    assert message in caught.value.message
    assert time.thread_time() - started < SECONDS


@pytest.mark.parametrize("template", MANY_STATES)
def test_16_kb_that_lead_to_very_many_states_are_given_up_soon(template):
    assert len(template) <= 16_384
    started = time.thread_time()
    with pytest.raises(TemplateError, match="too complicated to be checked"):
        compile_template(template)
    # Between 0.1 and 0.25 s on an idle machine.
    assert time.thread_time() - started < 3


def test_the_fields_of_a_form_are_texts_where_finding_those_that_are_json_is_too_much(monkeypatch):
    visits = []

    class CountedWalk(Walk):
        def _visit(self, times, at):
            visits.append(times)
            super()._visit(times, at)

    monkeypatch.setattr(check, "Walk", CountedWalk)
    loops_in_loops = "[{{#each a}}[" * 5 + "1" + "]{{#unless @last}},{{/unless}}{{/each}}]" * 5
    broken = "".join(f'&f{number}={{"a":{number}x}}' for number in range(12))
    template = Template(f'first={{"a":{loops_in_loops}}}{broken}&last={{"a":"{{{{title}}}}"}}', ContentType.FORM)
    assert "too complicated to be checked" in template.not_json[-1].message
    assert template.render({"title": '"&'}).endswith(b"%7B%22a%22%3A%22%22%26%22%7D")
    # As much as one proof, and then once more to read texts.
    assert sum(visits) <= 2 * MAX_VISITS


@pytest.mark.parametrize(
    "template",
    [
        '"' + "{{#if a}}x{{/if}}" * 9 + '"',
        '"' + CHAIN * 50 + '"',
        '"{{#each attendees}}' + CHAIN * 5 + CHAIN.replace("t", "@root.u") * 5 + '{{/each}}"',
        '"{{#if a}}1' + "".join(f"{{{{else if b{number}}}}}{number}" for number in range(30)) + '{{/if}}"',
        "{"
        + "".join(f'{{{{#if a{number}}}}}"k{number}": 1,{{{{/if}}}}' for number in range(9))
        + '"z": ['
        + "1," * 9000
        + "1]}",
        "[" + "1," * 30000 + "1]",
        # As complicated as one that could be saved before conditions could compare.
        loop_of_keys("attendees", "../title @first name", loop_of_keys("this", "../title name name", LAST_KEYS)),
        "[" + '"{{title}}",' * 4000 + "1]",
    ],
)
def test_a_large_template_is_checked_soon(template):
    started = time.thread_time()
    compile_template(template).render(CROWD)
    assert time.thread_time() - started < SECONDS
