"""Tests of who is told what by mail, read as they arrive at a mail server."""

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Event
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from calhooks import create_app
from calhooks.accounts.models import User
from calhooks.config import Config
from calhooks.db import Base, db, writing
from calhooks.mail.models import Mail
from calhooks.scheduling.bookings.cancel import cancel
from calhooks.scheduling.bookings.confirm import confirm, reject
from calhooks.scheduling.bookings.prepared import book_prepared
from calhooks.scheduling.calendars.ics import entry_uid
from calhooks.scheduling.models.bookings import Booking
from calhooks.scheduling.models.event_types import EventType
from calhooks.scheduling.notifications.reminders import owe_reminders
from tests import factories
from tests.mail.letters import pump
from tests.mail.smtp_server import MailServer, ReceivedMail
from tests.scheduling.bookings.prepared import judged_again, prepare, statements
from tests.scheduling.conftest import Watch
from tests.scheduling.helpers import at, book_at, move

pytestmark = pytest.mark.usefixtures("watch")

ANN, BOB, RICK = "ann@example.com", "bob@example.net", "rick@example.com"


def chat(**values: Any) -> EventType:
    """Rick's event type; he lives in London."""
    rick = factories.create_user("rick")
    return factories.create_event_type(rick, **({"slug": "chat", "title": "Quick chat"} | values))


def sent(server: MailServer) -> list[ReceivedMail]:
    """Send what is owed and return it; the server forgets it."""
    pump()
    mails, server.mails = server.mails, []
    return mails


def subjects(mails: list[ReceivedMail]) -> dict[str, str]:
    return {mail.recipient: str(mail.message["Subject"]) for mail in mails}


def entry(mail: ReceivedMail) -> Event:
    """Return the one entry of a mail's calendar part."""
    assert mail.calendar is not None
    (event,) = mail.calendar.events
    return event


def to(mails: list[ReceivedMail], address: str) -> ReceivedMail:
    (mail,) = [mail for mail in mails if mail.recipient == address]
    return mail


def test_everybody_hears_of_a_booking_on_their_own_clock(session: Session, server: MailServer) -> None:
    booking = book_at(chat(location="https://meet.example.com/rick"), at(9), guests=(BOB,), notes="About the garden")
    mails = sent(server)
    assert subjects(mails) == {
        ANN: "Confirmed: Quick chat with Rick, Tue 3 Mar, 14:30",
        BOB: "Invitation: Quick chat with Rick, Tue 3 Mar, 14:30",
        RICK: "New booking: Quick chat with Ann Lee, Tue 3 Mar, 09:00",
    }
    ann, bob, rick = to(mails, ANN), to(mails, BOB), to(mails, RICK)
    assert "When: Tuesday 3 March 2026, 14:30 – 15:00\n    Asia/Kolkata (GMT+5:30)" in ann.text
    assert "When: Tuesday 3 March 2026, 09:00 – 09:30\n    Europe/London (GMT+0)" in rick.text
    assert "Where: https://meet.example.com/rick" in ann.text
    assert 'href="https://meet.example.com/rick"' in ann.html
    assert "Ann Lee has invited you to a meeting with Rick." in bob.text
    assert "Who: Rick (host)\n    Ann Lee\n    bob@example.net" in bob.text
    for mail in (ann, rick):
        assert f"Reschedule:\nhttp://localhost/reschedule/{booking.uid}\n" in mail.text
        assert f"Cancel:\nhttp://localhost/booking/{booking.uid}?cancel=true\n" in mail.text
        assert f'href="http://localhost/booking/{booking.uid}?cancel=true"' in mail.html
    assert ann.message["Reply-To"] == "Rick <rick@example.com>"
    assert rick.message["Reply-To"] == "Ann Lee <ann@example.com>"


def test_a_guest_is_not_given_the_address_that_lets_its_holder_cancel(session: Session, server: MailServer) -> None:
    booking = book_at(chat(), at(9), guests=(BOB,))
    bob = to(sent(server), BOB)
    assert bob.calendar is not None
    everything = bob.data.decode() + bob.text + bob.html + bob.calendar.to_ical().decode()
    assert booking.uid not in everything
    assert entry(bob).get("url") is None


def test_what_the_booker_writes_reaches_the_host_alone(session: Session, server: MailServer) -> None:
    booking = book_at(chat(), at(9), guests=(BOB,), notes="Buy <b>pills</b>")
    mails = sent(server)
    with writing():
        cancel(session, booking.uid, reason="Buy more pills", by=None)
    later = sent(server)
    assert "Notes: Buy <b>pills</b>" in to(mails, RICK).text
    assert "Buy &lt;b&gt;pills&lt;/b&gt;" in to(mails, RICK).html
    assert "Reason: Buy more pills" in to(later, RICK).text
    for mail in (*mails, *later):
        if mail.recipient != RICK:
            assert mail.calendar is not None
            assert "pills" not in mail.text + mail.html + mail.calendar.to_ical().decode()


def test_an_invitation_goes_into_the_readers_calendar(session: Session, server: MailServer) -> None:
    booking = book_at(chat(description="A short call", location="Room 5"), at(9), guests=(BOB,))
    mails = sent(server)
    for mail in mails:
        part = mail.calendar_part
        assert part is not None
        assert part["Content-Type"].params["method"] == "REQUEST"
        types = [each.get_content_type() for each in mail.message.walk()]
        assert types == [
            "multipart/mixed",
            "multipart/alternative",
            "text/plain",
            "text/html",
            "text/calendar",
            "application/ics",
        ]
        attached = next(mail.message.iter_attachments())
        assert attached.get_filename() == "invite.ics"
        assert attached.get_payload(decode=True) == part.get_payload(decode=True)
        event = entry(mail)
        assert mail.calendar is not None
        assert mail.calendar["method"] == "REQUEST"
        assert (event["uid"], event["sequence"], event["status"]) == (entry_uid(booking), 0, "CONFIRMED")
        assert (event.start, event.end) == (at(9), at(9, 30))
        assert b"DTSTART:20260303T090000Z" in part.get_payload(decode=True)
        assert event["location"] == "Room 5"
        assert "A short call" in event["description"]
    ann = entry(to(mails, ANN))
    assert str(ann["organizer"]) == "mailto:rick@example.com"
    booker, guest = ann["attendee"]
    assert (str(booker), booker.params["PARTSTAT"]) == ("mailto:ann@example.com", "ACCEPTED")
    assert (str(guest), guest.params["PARTSTAT"]) == ("mailto:bob@example.net", "NEEDS-ACTION")
    assert guest.params["RSVP"] == "TRUE"


def test_the_host_is_invited_by_calhooks_since_organizers_get_no_entry(session: Session, server: MailServer) -> None:
    book_at(chat(), at(9))
    event = entry(to(sent(server), RICK))
    assert str(event["organizer"]) == "mailto:calendar@acme.example"
    assert [str(person) for person in event["attendee"]] == ["mailto:rick@example.com", "mailto:ann@example.com"]


def test_moving_and_cancelling_change_the_entry_that_is_there(session: Session, server: MailServer) -> None:
    first = book_at(chat(), at(9))
    mails = [to(sent(server), ANN)]
    second = move(first, at(11))
    mails.append(to(sent(server), ANN))
    third = move(second, at(14), by=first.host, reschedule_reason="Dentist")
    mails.append(to(sent(server), ANN))
    with writing():
        cancel(session, third.uid, reason="Ill", by=first.host)
    mails.append(to(sent(server), ANN))
    events = [entry(mail) for mail in mails]
    assert {event["uid"] for event in events} == {entry_uid(first)}
    assert [event["sequence"] for event in events] == sorted({event["sequence"] for event in events})
    assert [mail.calendar["method"] for mail in mails if mail.calendar] == ["REQUEST", "REQUEST", "REQUEST", "CANCEL"]
    assert [event.start for event in events] == [at(9), at(11), at(14), at(14)]
    assert [event["status"] for event in events] == ["CONFIRMED", "CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert mails[1].message["Subject"] == "Moved: Quick chat with Rick, Tue 3 Mar, 16:30"
    assert "You have moved the meeting." in mails[1].text
    assert "Before: Tuesday 3 March 2026, 14:30 – 15:00" in mails[1].text
    assert "Rick has moved the meeting." in mails[2].text
    assert "Reason: Dentist" in mails[2].text
    assert mails[3].message["Subject"] == "Cancelled: Quick chat with Rick, Tue 3 Mar, 19:30"
    assert "Rick has cancelled the meeting. It does not take place." in mails[3].text
    assert "Reason: Ill" in mails[3].text
    assert "Choose another time:\nhttp://localhost/rick/chat\n" in mails[3].text


def test_guests_that_are_left_out_or_added_by_a_move_are_told_so(session: Session, server: MailServer) -> None:
    booking = book_at(chat(), at(9), guests=(BOB, "cy@example.net"))
    sent(server)
    move(booking, at(11), guests=("cy@example.net", "di@example.net"))
    mails = sent(server)
    assert subjects(mails) == {
        ANN: "Moved: Quick chat with Rick, Tue 3 Mar, 16:30",
        "cy@example.net": "Moved: Quick chat with Rick, Tue 3 Mar, 16:30",
        "di@example.net": "Invitation: Quick chat with Rick, Tue 3 Mar, 16:30",
        RICK: "Moved: Quick chat with Ann Lee, Tue 3 Mar, 11:00",
        BOB: "Cancelled: Quick chat with Rick, Tue 3 Mar, 16:30",
    }
    bob = to(mails, BOB)
    assert bob.calendar is not None
    assert bob.calendar["method"] == "CANCEL"
    assert entry(bob)["uid"] == entry_uid(booking)
    assert str(entry(bob)["attendee"]) == "mailto:bob@example.net"


def test_a_request_is_no_entry_until_it_is_confirmed(session: Session, server: MailServer) -> None:
    event_type = chat(requires_confirmation=True)
    booking = book_at(event_type, at(9), guests=(BOB,))
    mails = sent(server)
    assert subjects(mails) == {
        ANN: "Request sent: Quick chat with Rick, Tue 3 Mar, 14:30",
        RICK: "Please confirm: Quick chat with Ann Lee, Tue 3 Mar, 09:00",
    }
    assert [mail.calendar for mail in mails] == [None, None]
    assert "Nothing is booked yet." in to(mails, ANN).text
    assert "Confirm or decline:\nhttp://localhost/bookings/unconfirmed\n" in to(mails, RICK).text
    with writing():
        confirm(session, booking.uid, event_type.owner)
    mails = sent(server)
    assert set(subjects(mails)) == {ANN, BOB, RICK}
    assert all(entry(mail)["status"] == "CONFIRMED" for mail in mails)


def test_a_declined_request_is_told_to_the_booker_with_the_reason(session: Session, server: MailServer) -> None:
    event_type = chat(requires_confirmation=True)
    booking = book_at(event_type, at(9), guests=(BOB,))
    sent(server)
    with writing():
        reject(session, booking.uid, event_type.owner, reason="On holiday")
    (mail,) = sent(server)
    assert (mail.recipient, mail.calendar) == (ANN, None)
    assert mail.message["Subject"] == "Declined: Quick chat with Rick, Tue 3 Mar, 14:30"
    assert "Reason: On holiday" in mail.text


def test_a_withdrawn_request_disturbs_no_guest(session: Session, server: MailServer) -> None:
    booking = book_at(chat(requires_confirmation=True), at(9), guests=(BOB,))
    sent(server)
    with writing():
        cancel(session, booking.uid, reason="", by=None)
    mails = sent(server)
    assert subjects(mails) == {
        ANN: "Withdrawn: Quick chat with Rick, Tue 3 Mar, 14:30",
        RICK: "Withdrawn: Quick chat with Ann Lee, Tue 3 Mar, 09:00",
    }
    assert [mail.calendar for mail in mails] == [None, None]


def test_a_withdrawn_request_takes_nothing_out_when_its_first_mails_are_purged(
    session: Session, server: MailServer
) -> None:
    event_type = chat(requires_confirmation=True)
    booking = book_at(event_type, at(9), guests=(BOB,))
    with writing():
        confirm(session, booking.uid, event_type.owner)
    asked = move(booking, at(11))
    sent(server)
    with writing():
        session.execute(delete(Mail))
        cancel(session, asked.uid, reason="", by=None)
    mails = sent(server)
    assert [(mail.recipient, mail.calendar) for mail in mails] == [(ANN, None), (RICK, None)]
    assert "The meeting stays at its old time." in to(mails, ANN).text


def test_asking_to_move_leaves_the_entry_until_it_is_confirmed(session: Session, server: MailServer) -> None:
    event_type = chat(requires_confirmation=True)
    booking = book_at(event_type, at(9))
    with writing():
        confirm(session, booking.uid, event_type.owner)
    sent(server)
    asked = move(booking, at(11))
    mails = sent(server)
    assert "Your meeting stays at its old time until Rick answers." in to(mails, ANN).text
    assert "Ann Lee would like to move your meeting." in to(mails, RICK).text
    assert "Before: Tuesday 3 March 2026, 09:00" in to(mails, RICK).text
    with writing():
        reject(session, asked.uid, event_type.owner, reason="")
    (declined,) = sent(server)
    assert "It stays at its old time." in declined.text
    assert f"See the booking:\nhttp://localhost/booking/{booking.uid}\n" in declined.text
    again = move(booking, at(12))
    sent(server)
    with writing():
        confirm(session, again.uid, event_type.owner)
    moved = to(sent(server), ANN)
    assert (entry(moved).start, entry(moved)["uid"]) == (at(12), entry_uid(booking))


def test_a_request_replaced_by_another_is_told_once(session: Session, server: MailServer) -> None:
    booking = book_at(chat(requires_confirmation=True), at(9))
    sent(server)
    move(booking, at(11))
    assert sorted(subjects(sent(server)).values()) == [
        "Please confirm: Quick chat with Ann Lee, Tue 3 Mar, 11:00",
        "Request sent: Quick chat with Rick, Tue 3 Mar, 16:30",
    ]


def test_a_booking_that_fails_owes_nothing(session: Session, server: MailServer) -> None:
    event_type = chat()
    book_at(event_type, at(9))
    sent(server)
    with pytest.raises(Exception, match="taken"):
        book_at(event_type, at(9), email="eve@example.com")
    assert sent(server) == []


def test_without_mail_url_nobody_is_told(environ: dict[str, str]) -> None:
    app = create_app(Config.from_env(environ | {"MAIL_URL": ""}))
    with app.app_context():
        booking = book_at(chat(reminder_hours=1), at(9), guests=(BOB,))
        with writing() as session:
            assert owe_reminders(session, at(8, 30)) == 0
        with writing() as session:
            cancel(session, booking.uid, reason="", by=None)
        assert db.session.scalar(select(func.count(Mail.id))) == 0
        db.engine.dispose()


def test_a_name_cannot_add_a_header_or_an_address(session: Session, server: MailServer) -> None:
    name = 'Ann", <eve@example.com>\r\nBcc: eve@example.com\r\n\r\nHello\u202e'
    book_at(chat(booking_name="{Scheduler} meets {Organiser}"), at(9), name=name)
    mails = sent(server)
    assert [mail.recipient for mail in mails] == [ANN, RICK]
    for mail in mails:
        assert mail.message["Bcc"] is None
        assert len(mail.message["To"].addresses) == 1
        assert len(mail.message["Reply-To"].addresses) == 1
        assert "\n" not in str(mail.message["Subject"])
    assert to(mails, ANN).message["To"].addresses[0].addr_spec == ANN
    assert to(mails, RICK).calendar is not None


def test_attendees_are_reminded_once_in_time(session: Session, server: MailServer, watch: Watch) -> None:
    booking = book_at(chat(reminder_hours=3), at(12), guests=(BOB,))
    assert booking.remind_at == at(9)
    sent(server)

    def sweep() -> list[ReceivedMail]:
        with writing():
            owe_reminders(session, watch.now)
        return sent(server)

    watch.set(at(8, 59))
    assert sweep() == []
    watch.set(at(9, 10))
    mails = sweep()
    assert subjects(mails) == {
        ANN: "Reminder: Quick chat with Rick, Tue 3 Mar, 17:30",
        BOB: "Reminder: Quick chat with Rick, Tue 3 Mar, 17:30",
    }
    assert sweep() == []


@pytest.mark.parametrize("change", ["cancelled", "moved", "begun"])
def test_nobody_is_reminded_of_what_does_not_come(
    session: Session, server: MailServer, watch: Watch, change: str
) -> None:
    booking = book_at(chat(reminder_hours=3), at(12))
    moment = at(9)
    if change == "cancelled":
        with writing():
            cancel(session, booking.uid, reason="", by=None)
    elif change == "moved":
        move(booking, at(16))
    else:
        moment = at(12)
    sent(server)
    watch.set(moment)
    with writing():
        owe_reminders(session, moment)
    assert sent(server) == []
    session.expire_all()
    assert session.scalars(select(Booking.remind_at).where(Booking.remind_at <= moment)).all() == []


def test_only_a_booking_that_will_take_place_has_a_reminder(session: Session) -> None:
    event_type = chat(reminder_hours=3, requires_confirmation=True)
    booking = book_at(event_type, at(12))
    assert booking.remind_at is None
    with writing() as inner:
        confirm(inner, booking.uid, event_type.owner)
    assert booking.remind_at == at(9)
    moved = move(booking, at(16), by=event_type.owner)
    assert (booking.remind_at, moved.remind_at) == (None, at(13))
    with writing() as inner:
        cancel(inner, moved.uid, reason="", by=None)
    assert moved.remind_at is None


def test_a_booking_shortly_before_the_meeting_needs_no_reminder(session: Session, server: MailServer) -> None:
    booking = book_at(chat(reminder_hours=24, minimum_notice=0), at(10, day=2))
    assert booking.remind_at is None


def test_a_reminder_that_could_not_be_sent_in_time_is_dropped(
    session: Session, server: MailServer, watch: Watch
) -> None:
    book_at(chat(reminder_hours=1), at(12))
    sent(server)
    watch.set(at(11))
    with writing():
        owe_reminders(session, watch.now)
    watch.set(at(12))
    assert sent(server) == []


def test_mail_about_a_meeting_expires_with_it(session: Session, server: MailServer, watch: Watch) -> None:
    event_type = chat(reminder_hours=1, requires_confirmation=True)
    requested = book_at(event_type, at(11), guests=(BOB,))
    declined = book_at(event_type, at(12))
    with writing() as inner:
        confirm(inner, requested.uid, event_type.owner)
        reject(inner, declined.uid, event_type.owner, reason="")
    earlier = move(requested, at(10), by=event_type.owner, guests=())
    with writing() as inner:
        owe_reminders(inner, at(9))
        cancel(inner, earlier.uid, reason="", by=None)
    found = session.execute(select(Mail.kind, Mail.about, Mail.expires_at).distinct()).all()
    assert {(kind, about, expires_at) for kind, about, expires_at in found} == {
        ("booking_requested", requested.uid, at(11)),
        ("booking_requested", declined.uid, at(12)),
        ("booking_created", requested.uid, at(11, 30)),
        ("booking_rejected", declined.uid, at(12, 30)),
        # Who has not heard of the new time comes at the former one.
        ("booking_rescheduled", earlier.uid, at(11, 30)),
        ("guest_uninvited", earlier.uid, at(11, 30)),
        ("reminder", earlier.uid, at(10)),
        ("booking_cancelled", earlier.uid, at(11, 30)),
    }


@pytest.mark.parametrize(("moment", "arrives"), [(at(9, 29), True), (at(9, 30), False)])
def test_a_confirmation_is_not_sent_after_the_meeting(
    session: Session, server: MailServer, watch: Watch, moment: datetime, arrives: bool
) -> None:
    book_at(chat(), at(9), guests=(BOB,))
    watch.set(moment)
    assert bool(sent(server)) == arrives
    states = session.scalars(select(Mail.state).distinct()).all()
    assert states == ["sent" if arrives else "dropped"]


def test_many_guests_of_strangers_delay_no_bookers_mail(session: Session, server: MailServer, watch: Watch) -> None:
    """Nine bookings with ten guests each used up the account's new addresses."""
    event_type = chat(buffer_after=0)
    for number in range(10):
        guests = [f"guest{number}-{each}@example.net" for each in range(10)]
        book_at(event_type, at(9 + number // 2, 30 * (number % 2)), email=f"eve{number}@example.net", guests=guests)
    book_at(event_type, at(15), guests=(BOB,))
    while mails := sent(server):
        if any(mail.recipient == ANN for mail in mails):
            break
    assert ANN in {mail.recipient for mail in mails}
    assert RICK in {mail.recipient for mail in mails}
    (bob,) = session.scalars(select(Mail).where(Mail.recipient == BOB))
    assert (bob.state, bob.due_at) == ("queued", watch.now + timedelta(days=1))


def test_a_host_who_books_the_own_page_gets_one_entry(session: Session, server: MailServer) -> None:
    book_at(chat(), at(9), name="Rick", email=RICK)
    mails = sent(server)
    assert [mail.recipient for mail in mails] == [RICK, RICK]
    assert [mail.calendar is not None for mail in mails] == [False, True]


def test_a_meeting_over_midnight_says_on_which_day_it_ends(session: Session, server: MailServer) -> None:
    zone = "Pacific/Auckland"
    book_at(chat(length=60, slot_interval=30), at(10, 30), time_zone=zone)
    ann = to(sent(server), ANN)
    start = at(10, 30).astimezone(ZoneInfo(zone))
    assert (start + timedelta(hours=1)).day == start.day + 1
    assert "When: Tuesday 3 March 2026, 23:30 – Wednesday 4 March, 00:30" in ann.text


def test_a_booking_is_the_same_in_every_column_whether_or_not_it_was_judged_before_its_lock(session: Session) -> None:
    event_type = chat(description="A talk", location="Room 1", reminder_hours=1, buffer_after=5, limit_day=3)
    factories.create_webhook(
        event_type.owner, payload_format="custom", payload_template='{"x": "{{attendees.1.email}}"}'
    )
    factories.create_webhook(event_type.owner, payload_format="custom", payload_template="{{#each")
    form = {"guests": ("bob@example.com", event_type.owner.email), "notes": "Hello", "answers": {}}
    said = []
    for judged_before in (True, False):
        prepared = prepare(event_type, **form)
        if not judged_before:
            with writing() as writer:
                writer.execute(update(User).values(locale=User.locale))
        with writing() as writer:
            with statements() as seen:
                uid = book_prepared(writer, prepared)
                writer.flush()
            said.append(every_row(writer, uid))
            # The second time begins with the same database.
            writer.rollback()
        assert judged_again(seen) is not judged_before
    assert {name: rows for name, rows in said[0].items() if rows != said[1][name]} == {}
    assert [len(said[0][name]) for name in ("bookings", "attendees", "deliveries", "mails")] == [1, 3, 2, 4]


def every_row(session: Session, uid: str) -> dict[str, list[dict[str, str]]]:
    """All tables, without the numbers of rows and what is random. Lines of calendar files are unfolded."""
    left_out = {"id", "booking_id", "event_id", "message_id", "calendar_version"}
    tables = {}
    for table in Base.metadata.sorted_tables:
        rows = session.execute(select(table)).mappings().all()
        tables[table.name] = [
            {
                name: re.sub(r'"bookingId":\d+|UID"?:"?\w+@', "", str(value).replace(r"\r\n ", "").replace(uid, "uid"))
                for name, value in row.items()
            }
            for row in ({name: value for name, value in row.items() if name not in left_out} for row in rows)
        ]
    return tables
