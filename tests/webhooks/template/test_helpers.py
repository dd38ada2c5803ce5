import json

import pytest

from calhooks.webhooks.template import TemplateError, compile_template

CONTEXT = {
    "triggerEvent": "BOOKING_NO_SHOW_UPDATED",
    "title": "Straße & Co",
    "startTime": "2026-03-05T09:00:00Z",
    "createdAt": "2026-03-01T10:02:11.345Z",
    "odd": "next week",
    "location": "",
    "zero": 0,
    "flag": False,
    "organizer": {"name": "Rick", "timeZone": "Europe/London", "language": {"locale": "en-GB"}},
    "attendees": [
        {"name": "Ann", "email": "ann@x", "timeZone": "Asia/Kolkata", "language": {"locale": "en"}},
        {"name": "", "email": "bob@x", "timeZone": "Nowhere/Land", "language": {"locale": "xx-YY"}},
        {"name": "Cy", "email": "cy@x", "timeZone": "America/New_York", "language": {"locale": "de-AT"}},
    ],
    "tags": ["a", "", "b", 3],
    "metadata": {"x": "1", "y": "2"},
}


def text(template: str) -> str:
    return compile_template(template, "text/plain").render(CONTEXT).decode()


@pytest.mark.parametrize(
    ("template", "written"),
    [
        ("{{date startTime}}", "5 Mar 2026, 09:00"),
        ('{{date startTime format="full"}}', "Thursday, 5 March 2026, 09:00"),
        ('{{date startTime format="short" locale="en"}}', "3/5/26, 9:00 AM"),
        ("{{date startTime for=attendees.0}}", "Mar 5, 2026, 2:30 PM"),
        ("{{date startTime for=attendees.[2]}}", "05.03.2026, 04:00"),
        ("{{date startTime for=attendees.1}}", "Mar 5, 2026, 9:00 AM"),
        ('{{date startTime format="full" zone="Europe/Paris" locale="fr"}}', "jeudi 5 mars 2026, 10:00"),
        ("{{date startTime zone=attendees.0.timeZone}}", "5 Mar 2026, 14:30"),
        ('{{date startTime for=attendees.0 locale="de"}}', "05.03.2026, 14:30"),
        ('{{date startTime format="full date" locale="de"}}', "Donnerstag, 5. März 2026"),
        ('{{date startTime format="date"}}', "5 Mar 2026"),
        ('{{date startTime format="time"}}', "09:00"),
        ('{{date startTime format="unix"}}', "1772701200"),
        ('{{date startTime format="iso" zone="Asia/Kolkata"}}', "2026-03-05T14:30:00+05:30"),
        ('{{date startTime format="EEEE d MMMM y, HH:mm"}}', "Thursday 5 March 2026, 09:00"),
        ('{{date startTime format="h:mm b" locale="dua"}}', "9:00 morning"),
        ("{{date startTime format=\"yyyy-MM-dd 'at' HH:mm\"}}", "2026-03-05 at 09:00"),
        ('{{date createdAt format="HH:mm:ss"}}', "10:02:11"),
        ("{{date missing}}|{{date odd}}|{{date zero}}", "|next week|0"),
        (
            '{{#each attendees}}{{date ../startTime for=this format="time"}};{{/each}}',
            "2:30 PM;9:00 AM;04:00;",
        ),
        ('{{default location "to be agreed"}}', "to be agreed"),
        ('{{default title "x"}}', "Straße & Co"),
        ("{{default missing location title}}", "Straße & Co"),
        ('{{default zero "x"}}{{default flag "x"}}', "0false"),
        ("{{default attendees.1.name attendees.1.email}}", "bob@x"),
        ("{{default missing 5}}{{default missing true}}{{default missing null}}", "5true"),
        ("{{join tags}}", "a, b, 3"),
        ('{{join tags "-"}}', "a-b-3"),
        ('{{join tags "\\n"}}', "a\nb\n3"),
        ('{{join tags last=" and "}}', "a, b and 3"),
        ('{{join attendees ", " field="name"}}', "Ann, Cy"),
        ('{{join attendees ", " field="name" or="email" last=" & "}}', "Ann, bob@x & Cy"),
        ('{{join attendees "/" field="language.locale"}}', "en/xx-YY/de-AT"),
        ("{{join metadata}}|{{join missing}}|{{join title}}", "1, 2||Straße & Co"),
        ("{{upper title}} {{lower title}} {{upper missing}}{{upper zero}}", "STRASSE & CO straße & co 0"),
        ("{{json metadata}} {{json title}} {{json missing}}", '{"x":"1","y":"2"} "Straße & Co" '),
        ("{{{upper title}}}{{~ upper title ~}}", "STRASSE & COSTRASSE & CO"),
        ("{{words triggerEvent}}|{{words missing}}|{{words zero}}", "Booking no show updated||0"),
        (
            "{{truncate title 6}}|{{truncate title 11}}|{{truncate title 1}}|{{truncate zero 1}}",
            "Straß…|Straße & Co|…|0",
        ),
        ("{{upper @root.title}}{{default missing 'it\\'s'}}", "STRASSE & COit's"),
    ],
)
def test_a_helper_writes_what_a_person_would(template, written):
    assert text(template) == written


def test_a_helper_fits_its_place():
    template = '{"v": {{json metadata}}, "t": "{{json metadata}}", "u": {{upper title}}, "d": {{default missing 5}}}'
    assert json.loads(compile_template(template).render(CONTEXT)) == {
        "v": {"x": "1", "y": "2"},
        "t": '{"x":"1","y":"2"}',
        "u": "STRASSE & CO",
        "d": 5,
    }


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{upper title title}}", "upper is written like this: {{upper title}}."),
        ("{{truncate title}}", "truncate is written like this: {{truncate title 80}}."),
        ("{{truncate title 0}}", "at least 1"),
        ("{{truncate title length}}", "truncate takes how many characters"),
        ('{{truncate title "5"}}', "truncate takes how many characters"),
        ("{{truncate title 2.5}}", "truncate takes how many characters"),
        ("{{truncate title true}}", "truncate takes how many characters"),
        ("{{capitalize title}}", "write {{words triggerEvent}}."),
        ("{{ellipsis title 5}}", "write {{truncate title 80}}."),
        ("{{default title}}", "default is written like this"),
        ('{{default location="x"}}', "default is written like this"),
        ("{{join attendees 'a' 'b'}}", "join is written like this"),
        ('{{date startTime tz="UTC"}}', "date does not know tz=. It takes format= and zone= and locale= and for="),
        ('{{date startTime zone="Berlin"}}', "Berlin is not a time zone. Write one such as Europe/Paris."),
        ('{{date startTime locale="klingon"}}', "klingon is not a language."),
        ('{{date startTime format="YYYY-MM-DD"}}', "Write yyyy-MM-dd, with a small y and d."),
        ('{{date startTime format="qqqqqqqqq"}}', "is not a format. There are short, medium"),
        ('{{date startTime format="Full"}}', "“Full” is not a format. There are short, medium"),
        ('{{date startTime format="datetime"}}', "“datetime” is not a format"),
        ('{{date startTime format="d MMMM at HH:mm"}}', "words between single quotation marks"),
        ('{{date startTime format="HH:mm O"}}', "“HH:mm O” is not a format"),
        ("{{date startTime format=title}}", "format= takes a text in quotation marks"),
        ('{{date startTime for="attendee"}}', "for= takes a person, such as for=attendees.0"),
        ("{{date startTime zone=}}", "There is no value after zone=."),
        ('{{date startTime zone="UTC" zone="UTC"}}', "zone= appears twice."),
        ('{{date zone="UTC" startTime}}', "Values stand before name=value pairs."),
        ("{{upper ()}}", "Parentheses hold a helper with what it is given"),
        ("{{upper (title)}}", "There is no helper title"),
        ("{{(upper title)}}", "Parentheses hold a helper"),
        ("{{upper ((lower title))}}", "Parentheses hold a helper"),
        ("{{upper (lower title}}", "This ( is never closed"),
        ("{{upper title)}}", "There is no ( for this )."),
        ("{{upper (truncate title)}}", "truncate is written like this"),
        ("{{upper (lower ../title)}}", "../ leads out of {{#each}}"),
        ("{{upper (upper (upper (upper (upper title))))}}", "at most 4 deep"),
        ("{{upper ../title}}", "../ leads out of {{#each}}"),
    ],
)
def test_a_wrong_call_is_explained(template, message):
    with pytest.raises(TemplateError) as caught:
        text(template)
    assert message in caught.value.message
