"""What a template may cost: every kind of work is charged in units, and a unit takes little time."""

import statistics
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calhooks.webhooks.body.payload import template_context
from calhooks.webhooks.template import (
    MAX_EVENT_UNITS,
    Budget,
    ContentType,
    Meter,
    TemplateError,
    Trials,
    compile_template,
)
from calhooks.webhooks.template.values.meter import DATE_UNITS
from tests.attack.templates import search as searching
from tests.attack.templates.events import LETTERS, largest_body
from tests.attack.templates.pieces import grown
from tests.attack.templates.search import FEWEST_UNITS, MAX_UNIT_NS, Cost, again, attack, context_of, measured, search

# Generous: other processes share the two cores, and a template that is not charged takes hundreds of times as long.
NOISE = 10
LARGEST = template_context(largest_body())
JOIN = '{{join @root.attendees "" field="' + "a." * 500 + 'a"}}'
NESTED = '"' + "{{#each @root.metadata}}" * 4 + JOIN + "{{/each}}" * 4 + '"'


def units(source: str, content_type: str = ContentType.JSON, letters: str = "plain") -> int:
    meter = Meter()
    compile_template(source, content_type).render(context_of(letters), meter)
    return meter.spent


def test_a_template_that_joins_long_paths_in_loops_is_given_up() -> None:
    meter = Meter()
    with pytest.raises(TemplateError, match="does too much work for one event"):
        compile_template(NESTED).render(LARGEST, meter)
    assert meter.spent == MAX_EVENT_UNITS


def test_work_is_charged_by_what_it_is() -> None:
    def of(tag: str) -> int:
        return units(f'"{tag}"') - units('"{{title}}"')

    assert of(JOIN) > of('{{join attendees "" field="a"}}') + 30 * 1_000
    assert of("{{upper additionalNotes}}") > 600
    assert units("{{upper additionalNotes}}", ContentType.TEXT, "emoji") > 5_000
    assert of("{{json responses}}") > len(str(LARGEST["responses"])) // 16
    assert of('{{date startTime format="full"}}') > DATE_UNITS
    assert of('{{date startTime format="full"}}' * 2) < 2 * of('{{date startTime format="full"}}')
    assert of("{{attendees.30.language.locale}}") > of("{{uid}}")
    assert of("{{#each metadata}}{{/each}}") > 50 * 10
    assert units("a={{additionalNotes}}", ContentType.FORM) > units('"{{additionalNotes}}"')


def test_the_same_work_is_charged_whatever_the_machine_does() -> None:
    source = '"{{#each attendees}}{{name}} {{date @root.startTime for=this}}{{/each}}{{json metadata}}"'
    assert units(source) == units(source) == units(source)


def test_a_preview_of_text_in_loops_is_in_one_piece() -> None:
    template = compile_template('"' + "{{#each @root.metadata}}" * 2 + "x" + "{{/each}}" * 2 + '"')
    (piece,) = template.pieces(LARGEST)
    assert piece.text == f'"{"x" * 50**2}"'


def test_each_webhook_gets_at_least_an_equal_share_and_what_others_leave() -> None:
    budget = Budget(4, units=400)
    with budget.share(4) as greedy, pytest.raises(Exception, match="shared by 4 webhooks"):
        greedy.spend(1_000, 0)
    with budget.share(3) as modest:
        modest.spend(10, 0)
    with budget.share(2) as third:
        third.spend(145, 0)
    with budget.share(1) as last:
        last.spend(145, 0)
    assert greedy.fell_short
    assert not last.fell_short
    assert budget.spent == 400


def test_trials_give_each_event_what_a_delivery_may_spend_on_headers_and_body_together() -> None:
    template = compile_template('"' + "{{#each @root.metadata}}" * 2 + "{{/each}}" * 2 + '"')
    trials = Trials([LARGEST], webhooks=5)
    trials.check(template)
    with pytest.raises(TemplateError, match=r"too much work for one event.* shared by 5 webhooks"):
        trials.check(template)


def test_all_trials_together_end_soon() -> None:
    template = compile_template('"' + "{{#each @root.metadata}}" * 2 + "{{title}}" * 5 + "{{/each}}" * 2 + '"')
    with pytest.raises(TemplateError, match="too much work"):
        Trials([LARGEST] * 16).check(template)


def test_no_climb_finds_a_template_that_takes_longer_than_it_is_charged_for() -> None:
    costs = list(search(steps=45, times=1))
    assert len(costs) > 200
    assert max(cost.units for cost in costs) <= MAX_EVENT_UNITS
    worst = max((cost for cost in costs if cost.units >= FEWEST_UNITS), key=lambda cost: cost.nanoseconds)
    assert statistics.median(again(worst).nanoseconds for _ in range(5)) < NOISE * MAX_UNIT_NS, worst


def test_the_attack_gives_a_row_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    mild = Cost(1.0, 20_000, "{{a}}", ContentType.TEXT, "plain")
    wild = mild._replace(ms=51.0, units=9, source="{{b}}")
    monkeypatch.setattr(searching, "search", lambda _steps: [mild, wild])
    row, check = attack()
    assert (row.what, row.tried, row.held) == ("most expensive template", 2, False)
    assert check.what == "longest check of a template"
    assert row.worst == "51.0 ms, 9 units of 25500 ns, text/plain: {{b}}"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False), st.sampled_from(list(ContentType)), st.sampled_from(list(LETTERS)))
def test_any_template_is_rendered_within_its_budget(random: Random, content_type: ContentType, letters: str) -> None:
    cost = measured(grown(random), content_type, letters, times=2)
    if cost:
        assert cost.units <= MAX_EVENT_UNITS
        assert cost.ms * 1e6 < NOISE * MAX_UNIT_NS * max(cost.units, FEWEST_UNITS), cost


def test_the_largest_event_is_what_a_booker_can_cause() -> None:
    assert len(context_of("plain")["attendees"]) == 31
    assert len(context_of("plain")["metadata"]) == 50
