"""What the webhooks of one event may cost together, in the transaction that books."""

import time
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.accounts.owners import owner_of
from calhooks.db import db, writing
from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.events import BookingEvent, Trigger
from calhooks.webhooks.body.compiled import TemplateCache
from calhooks.webhooks.dispatch import MAX_EVENT_UNITS, dispatch, prepare_templates
from calhooks.webhooks.editor.presets import PRESETS
from calhooks.webhooks.resend import CannotResend, resend
from calhooks.webhooks.settings import subscriptions
from calhooks.webhooks.settings.subscriptions import InvalidWebhook, WebhookValues
from calhooks.webhooks.template import ContentType, TemplateError, compile_template
from tests.attack.templates.events import MANY_WEBHOOKS, largest_event
from tests.attack.templates.search import MAX_EVENT_MS
from tests.factories import create_webhook

JOIN = '{{join @root.attendees "" field="' + "a." * 400 + 'a"}}'
LOOPS = "{{#each @root.metadata}}" * 4, "{{/each}}" * 4
GREEDY = f'"{LOOPS[0]}{JOIN}{LOOPS[1]}"'
MODEST = '{"who": "{{attendees.0.email}}", "key": "{{metadata.key00}}"}'
# Held against what an idle machine needs: other processes share the two cores.
NOISE = 10

LONG = '"' + "{{#each @root.metadata}}" * 2 + "{{missing}}" + "{{/each}}" * 2 + '"'
EVERYTHING = (
    '{"text": "{{title}}\\n{{#each attendees}}{{name}} {{email}}\\n{{/each}}{{#each responses}}{{label}}: {{value}}\\n'
    '{{/each}}{{#each metadata}}{{@key}}: {{this}}\\n{{/each}}"}'
)
DOCUMENTED = (
    '{"all": {{json metadata}}, "people": [{{#each attendees}}{"name": "{{name}}", "email": "{{email}}", '
    '"at": "{{date @root.startTime format="full" for=this}}"}{{#unless @last}}, {{/unless}}{{/each}}], '
    '"names": "{{join attendees field="name" or="email"}}", "key": "{{metadata.key00}}", '
    '"at": "{{date startTime}} to {{date endTime format="short time"}}", "what": "{{words triggerEvent}}", '
    '"notes": "{{truncate additionalNotes 200}}", "where": "{{default location "online"}}"}'
)


def tell(host: User, event: BookingEvent | None = None) -> int:
    with writing() as session:
        return dispatch(session, replace(event or largest_event(), host_id=host.id))


def deliveries(session: Session) -> list[Delivery]:
    session.expire_all()
    return list(session.scalars(select(Delivery).order_by(Delivery.id)))


def custom(host: User, template: str, **values: object) -> None:
    values = {"triggers": ["BOOKING_RESCHEDULED"]} | values
    create_webhook(host, payload_format="custom", payload_template=template, **values)


def test_a_greedy_template_costs_its_own_delivery_and_nobody_elses(rick: User, session: Session) -> None:
    custom(rick, MODEST)
    custom(rick, GREEDY)
    custom(rick, MODEST, headers=[["X-Greedy", GREEDY]])
    custom(rick, MODEST)
    assert tell(rick) <= MAX_EVENT_UNITS
    first, greedy, header, last = deliveries(session)
    assert [each.state for each in (first, greedy, header, last)] == ["due", "failed", "failed", "due"]
    assert greedy.body is None
    assert greedy.error.startswith("The template gave no body. Line 1, column ")
    assert greedy.error.endswith(
        "The template does too much work for one event. Use fewer loops inside each other, and write fewer lists, "
        "dates and long values. What one event may take is shared by 4 webhooks."
    )
    assert header.error.startswith("The header X-Greedy could not be written. Line 1")


def test_headers_and_body_share_what_one_webhook_may_spend(rick: User, session: Session) -> None:
    nothing = "{{#each @root.metadata}}" * 2 + "{{missing}}" * 5 + "{{/each}}" * 2
    custom(rick, f'"{nothing}"')
    assert MAX_EVENT_UNITS / 2 < tell(rick) < MAX_EVENT_UNITS
    custom(rick, f'"{nothing}"', headers=[["X-Nothing", nothing]], triggers=["BOOKING_CANCELLED"])
    tell(rick, replace(largest_event(), trigger=Trigger.BOOKING_CANCELLED))
    alone, both = deliveries(session)
    assert (alone.state, both.state) == (DeliveryState.DUE, DeliveryState.FAILED)


def test_the_database_is_held_for_a_short_time_however_greedy_all_are(rick: User, session: Session) -> None:
    for _ in range(MANY_WEBHOOKS):
        custom(rick, GREEDY, headers=[["X-Greedy", "{{#each metadata}}{{this}}{{/each}}"]])
    prepare_templates(db.session(), [owner_of(rick)])
    began = time.thread_time()
    assert tell(rick) <= MAX_EVENT_UNITS
    assert time.thread_time() - began < NOISE * MAX_EVENT_MS / 1_000
    assert {each.state for each in deliveries(session)} == {DeliveryState.FAILED}


@pytest.mark.parametrize("letters", ["plain", "mixed"])
@pytest.mark.parametrize(
    ("template", "content_type"),
    [(DOCUMENTED, ContentType.JSON), (MODEST, ContentType.JSON)]
    + [(preset.template, preset.content_type) for preset in PRESETS if preset.template],
)
def test_ordinary_templates_have_enough_for_many_webhooks_and_the_largest_booking(
    rick: User, session: Session, template: str, content_type: ContentType, letters: str
) -> None:
    for _ in range(MANY_WEBHOOKS):
        custom(rick, template, content_type=str(content_type))
    assert tell(rick, largest_event(letters)) < MAX_EVENT_UNITS
    assert {each.state for each in deliveries(session)} == {DeliveryState.DUE}


def test_whole_events_of_ordinary_length_can_be_sent_to_as_many_webhooks_as_there_may_be(
    rick: User, session: Session
) -> None:
    for _ in range(MANY_WEBHOOKS):
        custom(rick, EVERYTHING)
    long = largest_event("mixed")
    tell(rick, replace(long, responses=dict(list(long.responses.items())[:5])))
    assert {each.state for each in deliveries(session)} == {DeliveryState.DUE}


def test_a_webhook_that_needs_more_than_an_equal_share_gets_what_the_others_leave(rick: User, session: Session) -> None:
    custom(rick, GREEDY)
    custom(rick, LONG)
    for _ in range(MANY_WEBHOOKS - 2):
        custom(rick, MODEST)
    assert tell(rick) <= MAX_EVENT_UNITS
    greedy, long, *others = deliveries(session)
    assert greedy.state == DeliveryState.FAILED
    assert {each.state for each in (long, *others)} == {DeliveryState.DUE}


def test_a_template_beyond_its_share_is_refused_at_its_field(rick: User, session: Session) -> None:
    typed = WebhookValues(
        subscriber_url="https://example.com/hook",
        triggers=["BOOKING_CREATED"],
        payload_format="custom",
        payload_template='"' + "{{#each @root.attendees}}" * 3 + "{{name}}" + "{{/each}}" * 3 + '"',
    )
    subscriptions.check_webhook(db.session(), owner_of(rick), typed)
    for number in range(3):
        create_webhook(rick, f"https://example.com/{number}")
    with pytest.raises(InvalidWebhook) as refused:
        subscriptions.check_webhook(db.session(), owner_of(rick), typed)
    assert "shared by 4 webhooks" in refused.value.errors["payloadTemplate"]


def test_a_resend_of_a_greedy_template_says_so(rick: User, session: Session) -> None:
    custom(rick, GREEDY)
    tell(rick)
    with pytest.raises(CannotResend, match="too much work"), writing() as writer:
        resend(writer, writer.scalars(select(Delivery)).one())


def test_what_was_prepared_is_not_compiled_again_while_the_database_is_held(
    rick: User, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    custom(rick, MODEST.replace("who", "prepared"), headers=[["X-Prepared", "{{uid}}"]])
    prepare_templates(db.session(), [owner_of(rick)])
    monkeypatch.setattr("calhooks.webhooks.body.compiled.compile_template", None)
    tell(rick)
    assert [each.state for each in deliveries(session)] == [DeliveryState.DUE]


def test_templates_are_kept_up_to_a_size_and_those_used_last_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = list[str]()

    def note(source: str, content_type: str) -> object:
        compiled.append(source)
        return compile_template(source, content_type)

    monkeypatch.setattr("calhooks.webhooks.body.compiled.compile_template", note)
    cache = TemplateCache(max_characters=10)
    for source in ("1111", "2222", "1111", "3333", "1111", "2222"):
        cache.get(source, "text/plain")
    assert compiled == ["1111", "2222", "3333", "2222"]
    held = cache.get("4444", "text/plain")
    cache.get("5555", "text/plain")
    cache.get("6666", "text/plain")
    cache.get("7777", "text/plain")
    assert cache.get("4444", "text/plain") is held
    with pytest.raises(TemplateError):
        cache.get("{{", "text/plain")
