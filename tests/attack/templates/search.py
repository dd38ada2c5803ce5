"""Look for the template that costs most to write.

What a rendering may do is counted in units, so a template is dangerous where a unit takes longer than it should. From
one template for each thing that a template can do, changes at random climb towards the slowest rendering.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from random import Random
from typing import Any, NamedTuple

from calhooks.delivery.sending.headers import MAX_HEADER_VALUE_LENGTH
from calhooks.webhooks.body.compiled import compiled
from calhooks.webhooks.body.payload import template_context
from calhooks.webhooks.settings.headers import MAX_HEADERS, HeaderFailed, render_headers
from calhooks.webhooks.template import ContentType, Template, TemplateError, compile_template
from calhooks.webhooks.template.values.meter import MAX_EVENT_UNITS, Meter
from tests.attack.rows import Row
from tests.attack.templates.events import LETTERS, largest_body
from tests.attack.templates.pieces import MAX_SOURCE_LENGTH, Piece, changed, loop

# What a booking may hold the database for, how long a template may be checked, and how long a unit takes at most: CPU
# time on two small cores that others use too.
MAX_EVENT_MS = 50.0
MAX_CHECK_MS = 250.0
MAX_UNIT_NS = 100.0
# Short renderings say little: what they cost besides their units weighs too much.
FEWEST_UNITS = 2_000
STEPS = 150
SEED = 1

WRAPPED = {ContentType.JSON: '"{}"', ContentType.FORM: "a={}", ContentType.TEXT: "{}"}


class Cost(NamedTuple):
    """What one rendering took: CPU time, not the clock's."""

    ms: float
    units: int
    source: str
    content_type: ContentType
    letters: str

    @property
    def nanoseconds(self) -> float:
        """Return how long a unit took."""
        return self.ms * 1e6 / max(self.units, FEWEST_UNITS)

    def __str__(self) -> str:
        """Return the cost in a line, with the beginning of the template."""
        shown = self.source if len(self.source) <= 100 else f"{self.source[:100]}… ({len(self.source):,} characters)"
        return f"{self.ms:.1f} ms, {self.units:,} units of {self.nanoseconds:.0f} ns, {self.content_type}: {shown}"


def attack(steps: int = STEPS) -> list[Row]:
    """Return the template that costs most to render and the one that costs most to check, as rows of a table."""
    costs, checks = list(search(steps)), list(checked())
    worst, (longest, source) = max(costs), max(checks)
    return [
        Row("most expensive template", len(costs), str(worst), worst.ms <= MAX_EVENT_MS),
        Row("longest check of a template", len(checks), f"{longest:.0f} ms: {source[:100]}…", longest <= MAX_CHECK_MS),
    ]


def search(steps: int = STEPS, seed: int = SEED, times: int = 3) -> Iterator[Cost]:
    """Measure what each thing a template can do costs, the best of `times`, then climb from what costs most a unit."""
    random, best = Random(seed), dict[ContentType, tuple[Cost, Piece]]()
    for content_type in ContentType:
        for piece in seeds():
            cost = measured(piece, content_type, random.choice(tuple(LETTERS)), times)
            if cost:
                yield cost
                if content_type not in best or cost.nanoseconds > best[content_type][0].nanoseconds:
                    best[content_type] = cost, piece
    yield from headers(times)
    for step in range(steps):
        content_type = tuple(ContentType)[step % len(ContentType)]
        before, piece = best[content_type]
        tried = changed(random, piece)
        cost = measured(tried, content_type, random.choice(tuple(LETTERS)), times)
        if cost:
            yield cost
            if cost.nanoseconds > before.nanoseconds:
                best[content_type] = cost, tried


def measured(piece: Piece, content_type: ContentType, letters: str, times: int) -> Cost | None:
    """Return what a template costs at best of some times, None for one that is refused or longer than 16 KB."""
    source = WRAPPED[content_type].format(piece.source())
    if len(source) > MAX_SOURCE_LENGTH:
        return None
    try:
        template = compile_template(source, content_type)
    except TemplateError:
        return None
    runs = [_run(template, context_of(letters)) for _ in range(times)]
    return Cost(min(ms for ms, _ in runs), runs[0][1], source, content_type, letters)


def headers(times: int) -> Iterator[Cost]:
    """Measure what as many headers cost as a webhook may have, each as long as it may be."""
    for tag in (*FLAT, *LOOPED):
        source = (loop(Piece(tag), "@root.metadata", 3) if tag in LOOPED else Piece(tag)).source()
        source *= MAX_HEADER_VALUE_LENGTH // max(len(source), 1)
        rows = [[f"X-{number}", source] for number in range(MAX_HEADERS)]
        for letters in ("plain", "mixed") if source else ():
            runs = [_run_headers(rows, letters) for _ in range(times)]
            yield Cost(min(ms for ms, _ in runs), runs[0][1], source, ContentType.TEXT, letters)


def checked() -> Iterator[tuple[float, str]]:
    """Measure how many milliseconds it takes to refuse templates that lead to very many states, or to take others."""
    for source in (*MANY_STATES, *(WRAPPED[ContentType.JSON].format(piece.source()) for piece in seeds())):
        if len(source) <= MAX_SOURCE_LENGTH:
            # The least of several, since other work on the machine makes each take longer.
            yield min(_compile(source) for _ in range(5)), source


def again(cost: Cost) -> Cost:
    """Measure the same rendering once more."""
    ms, units = _run(compile_template(cost.source, cost.content_type), context_of(cost.letters))
    return Cost(ms, units, cost.source, cost.content_type, cost.letters)


@cache
def context_of(letters: str) -> dict[str, Any]:
    """Return what a template sees of the largest event."""
    return template_context(largest_body(letters))


def seeds() -> Iterator[Piece]:
    """Yield the cheapest way to have each thing done as often as possible: deep in loops, and side by side."""
    for tag in LOOPED:
        yield loop(Piece(tag), "@root.metadata", 4)
        yield loop(Piece(tag, times=8), "@root.attendees", 4)
    for tag in FLAT:
        yield Piece(tag, times=(MAX_SOURCE_LENGTH - 4) // len(tag))
    for pattern in ("v ", "BBBB ", "w ", "zzzz "):
        written = (pattern * 50)[:90]
        dates = (f"{{{{date startTime format=\"{written}'{number}'\"}}}}" for number in range(120))
        yield Piece("".join(dates))
    for form in ("iso", "full", "short", "unix"):
        times = (f'{{{{date "2026-03-05T09:00:00.{number:03}Z" format="{form}"}}}}' for number in range(300))
        yield Piece("".join(times))


CONDITIONAL_KEYS = "".join(f'{{{{#if b{number}}}}}"k{number}": 1,{{{{/if}}}}' for number in range(8))
MANY_KEYS = "".join(f'"q{number}":1,' for number in range(1_200))
MANY_VALUES = "".join(f'"q{number}":{{{{t}}}},' for number in range(800))
COMMA = "{{#unless @last}},{{/unless}}{{/each}}"
# What leads to as many states of a JSON body as possible.
MANY_STATES = (
    f'[{{{{#each a}}}}{{{CONDITIONAL_KEYS}{MANY_KEYS}"z":1}}{COMMA}]',
    f'[{{{{#each a}}}}{{{CONDITIONAL_KEYS}{MANY_VALUES}"z":1}}{COMMA}]',
    '"' + "{{#each a}}{{#if @first}}x{{/if}}" * 31 + "{{t}}" * 2_500 + "{{/each}}" * 31 + '"',
    '"' + "{{#each a}}{{#if @first}}x{{/if}}" * 4 + "{{t}}" * 2_900 + "{{/each}}" * 4 + '"',
)
DOTS = "a" + ".a" * 900
LOOPED = (
    *("", "x", "a b c d e f ", "{{this}}", "{{@index}}", "{{q}}", "{{#if q}}{{/if}}", "{{#each q}}{{else}}{{/each}}"),
    *("{{#if @root.attendees.30.language.locale}}{{/if}}", "{{#if ../../../title}}{{/if}}", "{{@key}}", "{{@last}}"),
    *("{{#if @root.additionalNotes.length}}{{/if}}", "{{truncate this 1}}", "{{date q}}", "{{json q}}", "{{upper q}}"),
    *("{{default q q q q q q q q q q}}", '{{date @root.startTime format="iso"}}', "{{date @root.additionalNotes}}"),
    *('{{join @root.attendees "" field="x"}}', f'{{{{join @root.attendees "" field="{DOTS}"}}}}'),
    *('{{join @root.metadata "" field="length"}}', '{{join @root.attendees "" field=@root.additionalNotes}}'),
    *('{{join @root.attendees "" field="x.y" or="language.q"}}', '{{join @root.metadata "" field="x" last="y"}}'),
    *('{{join @root.attendees "" field="9.9.9"}}', '{{join @root.metadata ""}}', "{{#each @root.metadata}}{{/each}}"),
)
FLAT = (
    *("{{q}}", "{{title}}", "{{additionalNotes}}", "{{@root}}", "{{metadata}}", "{{attendees}}", "{{responses}}", "a "),
    *("{{json metadata}}", "{{upper additionalNotes}}", "{{words additionalNotes}}", "{{lower description}}", "x"),
    *('{{join responses ""}}', '{{join attendees additionalNotes field="email"}}', "{{truncate additionalNotes 4999}}"),
    *(
        "{{html additionalNotes}}",
        "{{slack additionalNotes}}",
        "{{markdown additionalNotes}}",
        "{{csv additionalNotes}}",
    ),
    *(
        "{{url additionalNotes}}",
        "{{markdown (slack additionalNotes)}}",
        "{{html (json responses)}}",
        "{{slack title}}",
    ),
    *('{{date startTime format="full"}}', "{{length}}", "{{attendees.length}}", "{{additionalNotes.length}}"),
)


def _run(template: Template, context: dict[str, Any]) -> tuple[float, int]:
    meter, began = Meter(MAX_EVENT_UNITS), time.thread_time()
    with suppress(TemplateError):
        template.render(context, meter)
    return (time.thread_time() - began) * 1e3, meter.spent


def _compile(source: str) -> float:
    began = time.thread_time()
    with suppress(TemplateError):
        compile_template(source)
    return (time.thread_time() - began) * 1e3


def _run_headers(rows: list[list[str]], letters: str) -> tuple[float, int]:
    meter, body = Meter(MAX_EVENT_UNITS), largest_body(letters)
    for _, source in rows[:1]:
        compiled(source, ContentType.TEXT)
    began = time.thread_time()
    with suppress(HeaderFailed):
        render_headers(rows, body, meter)
    return (time.thread_time() - began) * 1e3, meter.spent
