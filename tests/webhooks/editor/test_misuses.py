"""Warnings about whole objects where a text is meant, about for= without a person, and about lost ampersands."""

import pytest

from calhooks.events import Trigger
from calhooks.webhooks.editor.account_variables import Known
from calhooks.webhooks.editor.remarks import remarks
from calhooks.webhooks.template import compile_template

KNOWN = Known({"user_id": "123"}, {"company": ("Company", "Acme")})
FORM = "application/x-www-form-urlencoded"


def said(template, content_type="text/plain"):
    found = remarks(compile_template(template, content_type), [Trigger.BOOKING_CREATED], KNOWN)
    return [(remark.message, remark.instead) for remark in found if "not always there" not in remark.message]


@pytest.mark.parametrize(
    ("template", "message", "instead"),
    [
        ("{{slack attendees}}", "attendees has no single value: slack writes it as JSON text.", "attendees.0.email"),
        ("{{html organizer}}", "organizer has no single value: html writes it as JSON text.", "organizer.email"),
        ("{{upper responses.company}}", "responses.company has no single value", "responses.company.value"),
        ("{{#each attendees}}{{markdown this}}{{/each}}", "this has no single value", "this.email"),
        ("{{truncate (slack attendees.[0]) 9}}", "attendees.0 has no single value", "attendees.[0].email"),
        ("{{#if (eq organizer 'Rick')}}x{{/if}}", "organizer has no single value to compare.", "organizer.email"),
        ("{{#if (gt attendees 1)}}x{{/if}}", "attendees has no single value to compare.", "attendees.length"),
        ("{{#if (in 'ann@example.com' attendees)}}x{{/if}}", "attendees has no single value", "attendees.0.email"),
        ("{{date startTime for=attendees.0.timeZone}}", "for= takes a person.", "attendees.0"),
        ("{{date startTime for=attendees}}", "for= takes a person.", "attendees.0"),
        ("{{#each attendees}}{{date ../startTime for=timeZone}}{{/each}}", "for= takes a person.", "this"),
        ("{{#each attendees}}{{date ../startTime for=email}}{{/each}}", "for= takes a person.", "this"),
    ],
)
def test_a_value_that_fits_nowhere_is_a_warning_with_the_one_that_was_meant(template, message, instead):
    (found,) = said(template)
    assert found[0].startswith(message)
    assert found == (f"{found[0].partition(' Did you mean')[0]} Did you mean {instead}?", instead)


@pytest.mark.parametrize(
    "template",
    [
        "{{json attendees}}",
        "{{slack (json organizer)}}",
        "{{slack metadata.any}}",
        "{{#if (ne videoCallData null)}}x{{/if}}",
        "{{#if (in 'Rick' team.members)}}x{{/if}}",
        "{{#if (in 'plan' metadata)}}x{{/if}}",
        "{{#if (and attendees (gt attendees.length 1))}}x{{/if}}",
        "{{date startTime for=organizer}}",
        "{{#each attendees}}{{date ../startTime for=this}}{{/each}}",
        "{{#each attendees as |who|}}{{date ../startTime for=who}}{{/each}}",
    ],
)
def test_values_that_fit_are_no_warning(template):
    assert [found for found in said(template) if "Only team" not in found[0]] == []


def test_a_variable_after_for_that_does_not_exist_is_said_once():
    assert said("{{date startTime for=attendee.0}}") == [
        ("There is no attendee.0. Did you mean attendees.0?", "attendees.0")
    ]


@pytest.mark.parametrize(
    ("template", "meant"),
    [
        ("a={{title}}\nb={{uid}}", "&b"),
        ("a=x\n  b_c[]={{uid}}", "&b_c[]"),
        ("a=1&\n{{#if location}}x=1\n{{/if}}b=2", None),
        ("a=1&\nb=2\n&c=3", None),
        ("a=1&\n{{#if location}}\nwhere={{location}}\n{{/if}}", None),
        ("a=one\ntwo = three", None),
    ],
)
def test_a_line_of_a_form_without_its_ampersand_is_a_hint(template, meant):
    told = [(f"This line belongs to the field before it. Did you mean {meant}?", meant)] if meant else []
    assert said(template, FORM) == told
    assert said(template) == []


def test_a_link_escaped_for_markdown_is_a_warning():
    assert said("[x]({{markdown bookingUrl}})") == [
        ("bookingUrl is no longer a link after markdown: write it without.", None)
    ]
    assert said("[{{markdown title}}]({{bookingUrl}}) {{slack bookingUrl}}") == []


def test_the_email_of_a_guest_is_not_that_of_a_host():
    assert said("{{guest.email}}")[0][1] == "attendees.1.email"


@pytest.mark.parametrize(
    ("template", "instead"),
    [
        ("{{json payload}}", "this"),
        ("{{$json}}", "this"),
        ("{{$json.body}}", "this"),
        ("{{#each attendees}}{{json @root.payload}}{{/each}}", "@root"),
    ],
)
def test_the_whole_event_by_another_name_is_this(template, instead):
    assert said(template)[0][1] == instead


def test_a_large_a_in_a_format_is_a_warning():
    (found,) = said('{{date startTime format="h:mm A"}}')
    assert found == ('In a format, M is a month, m a minute and a AM or PM. Did you mean "h:mm a"?', '"h:mm a"')
    assert said('{{date startTime format="h:mm a"}}') == []
