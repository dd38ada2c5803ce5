"""Warnings about variables that do not exist, and notes about those that are not always there."""

import time
from dataclasses import replace

import pytest

from calhooks.accounts.owners import owner_of
from calhooks.db import writing
from calhooks.events import Answer, Trigger
from calhooks.webhooks.body.samples import sample_event
from calhooks.webhooks.dispatch import dispatch
from calhooks.webhooks.editor.account_variables import Known, known_to, path_of
from calhooks.webhooks.editor.near import NearNames
from calhooks.webhooks.editor.remarks import remarks
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
        ("booking.title", "title"),
        ("event.startTime", "startTime"),
        ("user_id", "metadata.user_id"),
        ("[utm source]", "metadata.[utm source]"),
        ("company", "responses.company.value"),
        ("company.value", "responses.company.value"),
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
        "{{#each attendees}}{{name}} {{this.email}} {{@index}} {{../title}} {{@root.uid}}{{/each}}",
        "{{#each attendees}}{{#each ../attendees}}{{name}}{{../name}}{{/each}}{{/each}}",
        "{{#each metadata}}{{@key}} {{this}}{{/each}} {{metadata.anything_new}} {{metadata.x.length}}",
        "{{#each responses}}{{label}}: {{value}}{{/each}} {{responses.q.value.0}} {{responses.anything.label}}",
        "{{#each team.members}}{{this}}{{/each}}{{#each organizer}}{{this}}{{/each}}",
        '{{join attendees ", " field="name"}} {{date startTime for=attendees.0}} {{default location "x"}}',
    ],
)
def test_what_is_known_needs_no_warning(template):
    assert warnings(template) == []


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
    assert dict(known.questions) == {"size": ("Team size", ""), "company": ("Company", "Acme")}
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
