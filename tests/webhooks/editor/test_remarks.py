"""Warnings about variables that do not exist, and notes about those that are not always there."""

import time
from dataclasses import replace

import pytest

from calhooks.accounts.owners import owner_of
from calhooks.db import writing
from calhooks.events import Answer, Trigger
from calhooks.scheduling.models.bookings import BookingStatus
from calhooks.scheduling.models.event_types import SchedulingType
from calhooks.webhooks.body.samples import PHONE, sample_event
from calhooks.webhooks.dispatch import dispatch
from calhooks.webhooks.editor.account_variables import Known, known_to, path_of
from calhooks.webhooks.editor.comparisons import CHOICES
from calhooks.webhooks.editor.event_shape import root
from calhooks.webhooks.editor.former_names import FORMER_NAMES, meant_by
from calhooks.webhooks.editor.near import NearNames
from calhooks.webhooks.editor.remarks import remark_about_url, remarks
from calhooks.webhooks.template import compile_template

DEFAULT = [Trigger.BOOKING_CREATED, Trigger.BOOKING_RESCHEDULED, Trigger.BOOKING_CANCELLED]
KNOWN = Known({"user_id": "123", "utm source": "x"}, {"company": ("Company", "Acme")})


def said(template, triggers=DEFAULT, known=KNOWN):
    return remarks(compile_template(template, "text/plain"), triggers, known)


def warnings(template, **options):
    return [remark.message for remark in said(template, **options) if not remark.is_note]


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("attendee.0.name", "attendees.0.name"),
        ("attendees.0.nmae", "attendees.0.name"),
        ("attendees.0.Email", "attendees.0.email"),
        ("organiser.name", "organizer.name"),
        ("organizer.timezone", "organizer.timeZone"),
        ("start_time", "startTime"),
        ("StartTime", "startTime"),
        ("payload.title", "title"),
        ("additionalNote", "additionalNotes"),
        ("responses.name.valeu", "responses.name.value"),
        ("metadata.userid", "metadata.user_id"),
        ("metadata.[utm sorce]", "metadata.[utm source]"),
        ("responses.compny.value", "responses.company.value"),
        ("team.member", "team.members"),
        ("team.host", "team.hosts"),
        ("team.hosts.0.nmae", "team.hosts.0.name"),
        ("teem.name", "team.name"),
        ("scheduling_type", "schedulingType"),
        ("reassignedFrom.nam", "reassignedFrom.name"),
        ("name", "attendees.0.name"),
        ("email", "attendees.0.email"),
        ("username", "organizer.username"),
        ("user.name", "organizer.name"),
        ("guests", "responses.guests.value"),
        ("customInputs.company", "responses.company.value"),
        ("booking.title", "title"),
        ("event.startTime", "startTime"),
        ("user_id", "metadata.user_id"),
        ("[utm source]", "metadata.[utm source]"),
        ("company", "responses.company.value"),
        ("company.value", "responses.company.value"),
        # As Cal.com, Calendly and people who write from memory say it.
        ("start", "startTime"),
        ("event_start_time", "startTime"),
        ("scheduled_event.start_time", "startTime"),
        ("end", "endTime"),
        ("duration", "length"),
        ("booker.name", "attendees.0.name"),
        ("invitee.email", "attendees.0.email"),
        ("invitee_email", "attendees.0.email"),
        ("attendee.timezone", "attendees.0.timeZone"),
        ("first_name", "attendees.0.firstName"),
        ("invitee_last_name", "attendees.0.lastName"),
        ("phone", "attendees.0.phoneNumber"),
        ("text_reminder_number", "attendees.0.phoneNumber"),
        ("responses.smsReminderNumber.value", "attendees.0.phoneNumber"),
        ("timezone", "attendees.0.timeZone"),
        ("user.email", "organizer.email"),
        ("host.name", "organizer.name"),
        ("event_memberships.0.user_email", "organizer.email"),
        ("videoCallUrl", "videoCallData.url"),
        ("metadata.videoCallUrl", "videoCallData.url"),
        ("meetingUrl", "videoCallData.url"),
        ("scheduled_event.location.join_url", "videoCallData.url"),
        ("icaluid", "iCalUID"),
        ("calendar_event.external_id", "iCalUID"),
        ("eventType.title", "eventTitle"),
        ("event_type.slug", "type"),
        ("event", "triggerEvent"),
        ("cancel_reason", "cancellationReason"),
        ("cancellation.canceled_by", "cancelledBy"),
        ("fromReschedule", "rescheduleUid"),
        ("customInputs", "userFieldsResponses"),
        ("utm_campaign", "metadata.utm_campaign"),
    ],
)
def test_an_unknown_variable_is_a_warning_with_the_nearest_known_one(written, instead):
    (remark,) = said(f"{{{{{written}}}}}")
    assert not remark.is_note
    assert remark.instead == instead
    assert f"Did you mean {instead}?" in remark.message
    assert (remark.line, remark.column) == (1, 3)
    assert warnings(f"{{{{{instead}}}}}") == []


@pytest.mark.parametrize(
    "key", ["user_id", "utm source", "a.b", "this", "..", "length", "0", 'a"b', "a}}b", "a\\", "é"]
)
def test_every_metadata_key_has_a_path_that_leads_to_it(key):
    template = compile_template(f'"{{{{{path_of("metadata", key)}}}}}"')
    assert template.render({"metadata": {key: "found"}}) == b'"found"'


LONG_KEYS = {f"{number:02}{'abcdefghij' * 9}{'kl' * 4}": "x" for number in range(100)}


@pytest.mark.parametrize("start", ["", "metadata."])
def test_many_unknown_names_near_many_long_ones_take_little_time(start):
    # The same letters in another order are what takes longest to tell apart.
    names = [f"{number:03}{'jihgfedcba' * 9}{'lk' * 3}" for number in range(575)]
    template = compile_template("".join(f"{{{{{start}x{name}}}}}" for name in names), "text/plain")
    began = time.thread_time()
    remarks(template, list(Trigger), Known(LONG_KEYS))
    assert time.thread_time() - began < 2


def test_the_templates_of_a_draft_share_what_may_be_compared():
    names, template = NearNames(), compile_template("{{metadata.userid}}", "text/plain")
    (found,) = remarks(template, DEFAULT, KNOWN, names)
    assert found.instead == "metadata.user_id"
    long = compile_template("".join(f"{{{{metadata.x{key}}}}}" for key in LONG_KEYS), "text/plain")
    remarks(long, DEFAULT, Known(LONG_KEYS), names)
    assert remarks(template, DEFAULT, KNOWN, names) == []


def test_what_is_near_nothing_is_a_warning_all_the_same():
    assert warnings("{{frobnicate}}") == ["There is no frobnicate."]


@pytest.mark.parametrize(
    "template",
    [
        "{{attendees.[0].name}} {{attendees.7.email}} {{attendees[1].timeZone}} {{attendees.length}} {{title.length}}",
        "{{this.type}} {{resheduleUid}} {{@root.title}} {{team.members.0}}",
        "{{title.[0]}} {{attendees.0.name.0}} {{startTime.[3]}} {{#each attendees}}{{firstName.[0]}}{{/each}}",
        "{{#each attendees}}{{name}} {{this.email}} {{@index}} {{../title}} {{@root.uid}}{{/each}}",
        "{{#each attendees}}{{#each ../attendees}}{{name}}{{../name}}{{/each}}{{/each}}",
        "{{#each metadata}}{{@key}} {{this}}{{/each}} {{metadata.anything_new}} {{metadata.x.length}}",
        "{{#each responses}}{{label}}: {{value}}{{/each}} {{responses.company.value.0}} {{responses.location.value}}",
        "{{#each team.members}}{{this}}{{/each}}{{#each organizer}}{{this}}{{/each}}",
        '{{join attendees ", " field="name"}} {{date startTime for=attendees.0}} {{default location "x"}}',
    ],
)
def test_what_is_known_needs_no_warning(template):
    assert warnings(template) == []


def test_only_texts_have_characters():
    assert [remark.split(". ")[0] for remark in warnings("{{length.0}} {{organizer.0}}")] == [
        "There is no length.0",
        "There is no organizer.0",
    ]


def test_inside_a_loop_the_item_is_meant():
    assert warnings("{{#each attendees}}{{title}}{{/each}}") == ["There is no title. Did you mean @root.title?"]
    assert warnings("{{#each attendees}}{{emial}}{{/each}}") == ["There is no emial. Did you mean email?"]
    assert warnings("{{#each attendees}}{{username}}{{/each}}") == [
        "There is no username. Did you mean @root.organizer.username?"
    ]
    assert warnings("{{#each attendees}}{{user_id}}{{/each}}") == [
        "There is no user_id. Did you mean @root.metadata.user_id?"
    ]
    assert warnings("{{#each attendees}}{{../user_id}}{{/each}}") == [
        "There is no user_id. Did you mean ../metadata.user_id?"
    ]
    assert warnings("{{#each attendees}}{{first_name}}{{/each}}") == ["There is no first_name. Did you mean firstName?"]
    assert warnings("{{#each attendees}}{{meetingUrl}}{{/each}}") == [
        "There is no meetingUrl. Did you mean @root.videoCallData.url?"
    ]
    assert warnings("{{#each attendees}}{{@root.titel}}{{/each}}") == ["There is no titel. Did you mean @root.title?"]


@pytest.mark.parametrize("start", ["../", "@root."])
def test_inside_a_loop_a_near_metadata_key_is_still_looked_for_outside(start):
    (remark,) = said(f"{{{{#each attendees}}}}{{{{{start}metadata.userid}}}}{{{{/each}}}}")
    assert remark.instead == f"{start}metadata.user_id"


def test_a_person_is_meant_where_a_helper_takes_one():
    assert warnings("{{date startTime for=attendee.0}}") == ["There is no attendee.0. Did you mean attendees.0?"]


def test_a_loop_over_nothing_known_is_one_warning_and_not_one_for_each_variable_inside():
    assert len(warnings("{{#each atendees}}{{name}}{{email}}{{/each}}")) == 1


def test_each_variable_is_warned_of_once():
    assert len(said("{{nope}}{{nope}}\n{{nope}}")) == 1


def test_places_are_those_of_the_variable():
    (remark,) = said("Hi\n  {{upper  nope}}")
    assert (remark.line, remark.column) == (2, 12)


def test_a_variable_that_a_chosen_trigger_never_has_is_noted():
    (note,) = said("{{cancelledBy}}")
    assert note.is_note
    assert note.message == (
        "cancelledBy is never there for “Booking created”, “Booking rescheduled”: then it is empty."
    )


def test_an_optional_variable_is_noted_unless_the_template_minds_it():
    (note,) = said("{{location}}", [Trigger.BOOKING_CREATED])
    assert note.message == "location is not always there: without a value it is empty."
    assert said('{{default location "to be agreed"}}{{#if description}}x{{/if}}', [Trigger.BOOKING_CREATED]) == []
    assert said("{{cancelledBy}}", [Trigger.BOOKING_CANCELLED])[0].is_note


def test_the_keys_and_answers_of_real_bookings_are_known(rick, session):
    with writing() as writer:
        event = replace(sample_event(Trigger.BOOKING_CREATED), host_id=rick.id)
        dispatch(writer, replace(event, metadata={"utm source": "mail", "a": "old"}))
        answers = {**event.responses, "company": Answer(label="Company", value="Acme")}
        dispatch(writer, replace(event, metadata={"a": "new"}, responses=answers))
    known = known_to(session, owner_of(rick), [("size", "Team size"), ("company", "Your company")])
    assert dict(known.metadata) == {"a": "new", "utm source": "mail"}
    assert dict(known.questions) == {
        "size": ("Team size", ""),
        "company": ("Company", "Acme"),
        "attendeePhoneNumber": ("Phone number", PHONE),
        "team_size": ("Team size", ""),
    }
    shown = {variable.path: variable.sample for variable in known.variables()}
    assert shown["metadata.[utm source]"] == "mail"
    assert shown["responses.company.value"] == "Acme"


@pytest.mark.parametrize("path", ["team.name", "team.members.[0]", "team.hosts.0.email", "schedulingType"])
def test_a_personal_webhook_hears_that_only_team_bookings_have_a_variable(path):
    (remark,) = said(f"{{{{{path}}}}}")
    assert remark.is_note
    assert remark.message.startswith("Only team bookings have ")
    assert remark.message.endswith("; in a personal one it is empty.")


def test_a_team_s_webhook_hears_nothing_of_what_its_bookings_always_have():
    template = '{{team.name}} {{join team.members ", "}} {{#each team.hosts}}{{email}}{{/each}} {{reassignReason}}'
    about = remarks(compile_template(template, "text/plain"), [Trigger.BOOKING_RESCHEDULED], KNOWN, for_team=True)
    assert [remark.message for remark in about] == ["reassignReason is not always there: without a value it is empty."]


def test_what_is_written_for_teams_alone_needs_no_remark():
    assert said("{{#if team.name}}{{team.name}}{{/if}}") == []


def test_every_name_from_elsewhere_leads_to_a_variable_that_there_is():
    for name, path in FORMER_NAMES.items():
        assert root().follow(tuple(path.split("."))), name
    assert meant_by("frobnicate") is None


def test_a_question_or_key_of_this_account_goes_before_a_name_from_elsewhere():
    known = Known({"start": "x"}, {"phone": ("Your phone", "")})
    assert [remark.instead for remark in said("{{start}} {{phone}}", known=known)] == [
        "metadata.start",
        "responses.phone.value",
    ]


def test_the_link_in_the_metadata_of_cal_com_is_named_unless_this_account_has_it():
    assert warnings("{{metadata.videoCallUrl}}") == [
        "No booking has brought metadata.videoCallUrl yet. Did you mean videoCallData.url?"
    ]
    assert warnings("{{metadata.videoCallUrl}}", known=Known({"videoCallUrl": "https://x.example"}, {})) == []
    assert warnings("{{metadata.anything_new}}") == []


@pytest.mark.parametrize("parent", ["responses", "userFieldsResponses"])
def test_a_question_that_no_event_type_asks_is_a_warning(parent):
    (remark,) = said(f"Hi {{{{{parent}.budget.value}}}} {{{{{parent}.company.value}}}} {{{{{parent}.company.label}}}}")
    assert remark.message == "No event type asks “budget”, so this is empty."
    assert (remark.is_note, remark.instead, remark.column) == (False, None, 6)


def test_what_every_form_asks_is_an_answer_and_no_question_of_the_host():
    assert warnings("{{responses.notes.value}} {{responses.guests.value}}") == []
    assert len(warnings("{{userFieldsResponses.notes.value}}")) == 1


def in_json(template, **options):
    return remarks(compile_template(template), DEFAULT, KNOWN, **options)


@pytest.mark.parametrize(
    ("template", "message", "span"),
    [
        ('{"x": "{{attendees}}"}', "attendees is a list", '"{{attendees}}"'),
        ('{"é😀": 1,\n "x": "{{{metadata}}}"}', "metadata is an object", '"{{{metadata}}}"'),
        ('{"x": "{{organizer}}"}', "organizer is an object", '"{{organizer}}"'),
        ('[{{#each attendees}}"{{this}}"{{#unless @last}},{{/unless}}{{/each}}]', "this is an object", '"{{this}}"'),
    ],
)
def test_an_object_inside_a_text_arrives_as_json_text_and_is_mended_without_its_quotation_marks(
    template, message, span
):
    remark = next(remark for remark in in_json(template) if not remark.is_note)
    said = f"{message}: inside quotation marks it arrives as JSON text, not as JSON."
    assert remark.message == f"{said} Did you mean {span[1:-1]} without them?"
    assert (remark.instead, remark.span) == (span[1:-1], len(span))
    line = template.split("\n")[remark.line - 1]
    assert line[remark.column - 1 :].startswith(span)
    mended = template.replace(span, remark.instead)
    assert [remark for remark in in_json(mended) if not remark.is_note] == []


def test_an_object_among_other_words_is_warned_of_at_its_variable():
    (remark,) = [remark for remark in in_json('{"x": "All: {{attendees}}"}') if not remark.is_note]
    assert (remark.column, remark.instead, remark.span) == (15, None, 0)


@pytest.mark.parametrize(
    "template",
    [
        '{"x": {{attendees}}}',
        '{"x": "{{json attendees}}"}',
        '{"x": "{{attendees.0.name}}", "y": "{{attendees.length}}", "z": "{{responses.company.value}}"}',
        '{"x": "{{join team.members ", "}}"}',
        '{"x": "{{#each attendees}}{{name}}{{/each}}"}',
    ],
)
def test_a_value_that_is_text_or_written_on_purpose_is_no_warning(template):
    assert [remark for remark in in_json(template) if not remark.is_note] == []


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("{title}", "{{title}}"),
        ("{ title }", "{{title}}"),
        ("${title}", "{{title}}"),
        ("{attendees.0.name}", "{{attendees.0.name}}"),
        ("{attendees[0].name}", "{{attendees[0].name}}"),
        ("{metadata.user_id}", "{{metadata.user_id}}"),
        ("{booker.name}", "{{attendees.0.name}}"),
    ],
)
def test_a_variable_in_one_brace_is_a_hint_with_its_exact_span(written, meant):
    template = f'{{"a": "é😀",\n "b": "x {written} y {{{{uid}}}}"}}'
    (remark,) = in_json(template)
    assert remark.is_note
    assert remark.message == f"{written} is sent as it is written: a variable takes two braces. Did you mean {meant}?"
    assert (remark.line, remark.instead, remark.span) == (2, meant, len(written))
    assert template.split("\n")[1][remark.column - 1 :].startswith(written)


@pytest.mark.parametrize(
    "template",
    [
        "{hello}",
        "{0}",
        "{}",
        "{Event type title}",
        "{{title}}",
        "{{{title}}}",
        "\\{{title}}",
        "{{! {title} }}",
        "{ {{title}} }",
    ],
)
def test_other_braces_are_no_hint(template):
    assert said(template) == []


def test_inside_a_loop_one_brace_means_the_item():
    (remark,) = said("{{#each attendees}}{firstName} {{/each}}")
    assert remark.instead == "{{firstName}}"
    (remark,) = said("{{#each attendees}}{title} {{/each}}")
    assert remark.instead == "{{@root.title}}"


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("https://example.com/{{uid}}", "{{uid}}"),
        ("https://example.com/?id={{ metadata.user_id }}&x=1", "{{ metadata.user_id }}"),
        ("https://example.com/%7B%7Buid%7D%7D", "%7B%7Buid%7D%7D"),
        ("https://example.com/{uid}", "{uid}"),
    ],
)
def test_a_variable_in_the_url_is_a_warning(url, written):
    remark = remark_about_url(url)
    assert remark
    assert remark.in_url
    assert remark.message == f"Variables are not replaced in the URL: {written} is sent as it is written."


@pytest.mark.parametrize("url", ["", "https://example.com/hook", "https://example.com/{tenant}/hook"])
def test_an_ordinary_url_is_none(url):
    assert remark_about_url(url) is None


@pytest.mark.parametrize(
    ("condition", "message", "instead"),
    [
        ("(eq metadata.user_id abc)", 'There is no abc. For a text, write "abc".', '"abc"'),
        (
            "(in triggerEvent BOOKING_CREATED title)",
            'There is no BOOKING_CREATED. For a text, write "BOOKING_CREATED".',
            '"BOOKING_CREATED"',
        ),
        (
            '(not (eq triggerEvent "BOOKING_CANCELED"))',
            'No event has "BOOKING_CANCELED" as triggerEvent. Did you mean "BOOKING_CANCELLED"?',
            '"BOOKING_CANCELLED"',
        ),
        (
            '(eq triggerEvent "invitee.canceled")',
            'No event has "invitee.canceled" as triggerEvent. Did you mean "BOOKING_CANCELLED"?',
            '"BOOKING_CANCELLED"',
        ),
        ('(eq status "accepted")', 'No event has "accepted" as status. Did you mean "ACCEPTED"?', '"ACCEPTED"'),
        ('(ne status "CONFIRMED")', 'No event has "CONFIRMED" as status. Did you mean "ACCEPTED"?', '"ACCEPTED"'),
        ('(ne "deleted" triggerEvent)', 'No event has "deleted" as triggerEvent.', None),
        ("(eq tilte title)", "There is no tilte. Did you mean title?", "title"),
        ("(and titel length)", "There is no titel. Did you mean title?", "title"),
    ],
)
def test_a_value_that_nothing_is_equal_to_is_a_warning(condition, message, instead):
    (remark,) = said(f"{{{{#if {condition}}}}}x{{{{/if}}}}")
    assert (remark.message, remark.instead) == (message, instead)


def test_names_in_with_and_in_named_items_are_those_of_their_value():
    assert warnings("{{#with organizer}}{{name}}{{#with language}}{{locale}}{{../email}}{{/with}}{{/with}}") == []
    assert warnings("{{#each attendees as |person number|}}{{person.name}}{{number}}{{/each}}") == []
    assert warnings("{{#with organizer}}{{nmae}}{{/with}}") == ["There is no nmae. Did you mean name?"]
    assert warnings("{{#each attendees as |person|}}{{#with this}}{{person.nmae}}{{/with}}{{/each}}") == [
        "There is no person.nmae. Did you mean person.name?"
    ]
    assert warnings("{{#each attendees as |person|}}{{person.title}}{{/each}}") == [
        "There is no person.title. Did you mean @root.title?"
    ]
    assert warnings('{{#if (and (eq type "x") (in title metadata))}}{{/if}}') == []


def test_the_values_that_a_status_can_have_are_those_of_bookings():
    assert set(CHOICES["status"]) == set(BookingStatus)
    assert set(CHOICES["schedulingType"]) == set(SchedulingType)
    assert said('{{#if (eq status "")}}x{{/if}}{{#if (eq schedulingType null)}}x{{/if}}') == []


@pytest.mark.parametrize(
    ("form", "meant"),
    [
        ("dd/mm/yyyy", "dd/MM/yyyy"),
        ("mm/dd/yy HH:MM", "MM/dd/yy HH:mm"),
        ("yyyy-mm-dd 'at' h:MM a", "yyyy-MM-dd 'at' h:mm a"),
        ("HH:mm dd.MM.yyyy", None),
        ("yyyyMMdd'T'HHmmss", None),
        ("dd mm:ss", None),
        ("HH MMM", None),
        ("'am' d MMMM", None),
    ],
)
def test_a_month_written_as_minutes_is_a_warning(form, meant):
    found = said(f'{{{{date startTime format="{form}"}}}}')
    assert [(remark.instead, remark.span) for remark in found] == ([(f'"{meant}"', len(form) + 2)] if meant else [])


def test_objects_joined_to_a_text_are_a_warning():
    assert warnings('{{join attendees ", "}}') == [
        'The items of attendees are objects: say what to write of each, as in {{join attendees field="name"}}.'
    ]
    assert warnings('{{join attendees field="name"}}{{join team.members}}{{join metadata}}') == []


def test_a_tag_of_another_engine_is_a_warning():
    (remark,) = said("{{title}} {% if x %}a{% endif %}")
    assert (remark.column, remark.message.partition(":")[0]) == (11, "{% if x %} is sent as it is written")
    assert len(said("<%= title %>")) == 1
    assert said("100 % of {{title}}, 5 <% 6") == []


def test_what_cal_com_has_and_is_nowhere_here_is_not_taken_for_what_is_only_alike():
    for name in ("recurringEvent", "conferenceData.url", "appsStatus", "additionalInformation", "assignmentReason"):
        assert warnings(f"{{{{{name}}}}}") == [f"There is no {name}."]


def test_a_whole_answer_in_a_text_of_json_is_a_warning_that_offers_its_value():
    template = compile_template('{"a": "{{responses.company}} {{responses.name}} {{responses.budget}}"}')
    found = [
        (remark.message.rpartition(". ")[0] or remark.message, remark.instead)
        for remark in remarks(template, DEFAULT, KNOWN)
    ]
    told = "is an object: inside quotation marks it arrives as JSON text, not as JSON"
    assert found == [
        (f"responses.company {told}", "responses.company.value"),
        (f"responses.name {told}", "responses.name.value"),
        ("No event type asks “budget”, so this is empty.", None),
    ]


def test_a_form_field_that_begins_as_json_and_is_not_is_said_to_be_text_with_the_mistake():
    form = "application/x-www-form-urlencoded"
    broken = remarks(compile_template('a=1\n&payload={"text":"{{title}}",}', form), DEFAULT, KNOWN)
    assert [(remark.line, remark.column, remark.is_note) for remark in broken] == [(2, 30, False)]
    assert broken[0].message.endswith("values are not escaped for JSON. Remove the comma before }.")
    assert remarks(compile_template('payload={"text":"{{title}}"}', form), DEFAULT, KNOWN) == []
