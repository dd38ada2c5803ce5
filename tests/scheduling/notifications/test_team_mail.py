"""Who of a team is told what by mail, and what happens to the entries in the calendars of its hosts."""

from collections.abc import Sequence

import pytest
from icalendar import Event
from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.accounts.teams.models import Membership, Team
from calhooks.db import db, writing
from calhooks.mail.models import Mail, MailState
from calhooks.scheduling.bookings.cancel import cancel
from calhooks.scheduling.bookings.confirm import confirm, reject
from calhooks.scheduling.bookings.reassign import Reassignment, reassign
from calhooks.scheduling.calendars import ics
from calhooks.scheduling.calendars.feeds import feed_bookings
from calhooks.scheduling.models.bookings import Booking
from calhooks.scheduling.models.event_types import EventType, SchedulingType
from calhooks.scheduling.notifications.reminders import owe_reminders
from tests import factories
from tests.mail.smtp_server import MailServer
from tests.scheduling.helpers import at, book_at, move
from tests.scheduling.notifications.test_mail import entry, sent, subjects, to

pytestmark = pytest.mark.usefixtures("session", "watch")

ANN, GUEST = "ann@example.com", "guy@example.net"
ALICE, BOB, CAROL = "alice@example.com", "bob@example.com", "carol@example.com"


def together(team: Team, hosts: Sequence[User], **values: object) -> EventType:
    return factories.create_team_event_type(team, hosts, SchedulingType.COLLECTIVE, **values)


def give(booking: Booking, by: User, to_whom: User, reason: str = "") -> None:
    query = select(Membership.id).filter_by(team_id=booking.team_id, user_id=to_whom.id)
    member_id = db.session.scalars(query).one()
    with writing() as session:
        reassign(session, booking.uid, Reassignment(member_id=member_id, reason=reason), by)


def leave(team: Team, user: User) -> None:
    with writing() as session:
        session.delete(session.scalars(select(Membership).filter_by(team_id=team.id, user_id=user.id)).one())


def invited(event: Event) -> list[str]:
    people = event["attendee"]
    return [str(person).removeprefix("mailto:") for person in (people if isinstance(people, list) else [people])]


def test_every_letter_names_all_hosts(team: Team, alice: User, bob: User, carol: User, server: MailServer) -> None:
    book_at(together(team, [alice, bob, carol]), at(9), guests=(GUEST,))
    mails = sent(server)
    assert subjects(mails) == {
        ANN: "Confirmed: Talk to sales with Alice, Bob and Carol, Tue 3 Mar, 14:30",
        GUEST: "Invitation: Talk to sales with Alice, Bob and Carol, Tue 3 Mar, 14:30",
        **dict.fromkeys((ALICE, BOB, CAROL), "New booking: Talk to sales with Ann Lee, Tue 3 Mar, 09:00"),
    }
    assert "You are meeting Alice, Bob and Carol." in to(mails, ANN).text
    for mail in mails:
        assert "Who: Alice (host)\n    Bob (host)\n    Carol (host)\n    Ann Lee\n    guy@example.net" in mail.text
    # The organizer invites attendees; the hosts are invited by calhooks. All of them are in every entry.
    assert str(entry(to(mails, ANN))["organizer"]) == f"mailto:{ALICE}"
    assert invited(entry(to(mails, ANN))) == invited(entry(to(mails, GUEST))) == [BOB, CAROL, ANN, GUEST]
    for host in (ALICE, BOB, CAROL):
        assert str(entry(to(mails, host))["organizer"]) == "mailto:calendar@acme.example"
        assert invited(entry(to(mails, host))) == [ALICE, BOB, CAROL, ANN, GUEST]
        assert to(mails, host).message["Reply-To"] == f"Ann Lee <{ANN}>"
    answers = {person.params["PARTSTAT"] for person in entry(to(mails, ANN))["attendee"][:2]}
    assert answers == {"ACCEPTED"}
    assert len({mail.message["Message-ID"] for mail in mails}) == len(mails)


def test_a_host_elsewhere_reads_their_own_clock(team: Team, alice: User, server: MailServer) -> None:
    mia = factories.create_user("mia", time_zone="America/New_York")
    factories.create_membership(team, mia)
    factories.create_schedule(mia, hours=(0, 24), days=range(7))
    book_at(together(team, [alice, mia]), at(10))
    assert subjects(sent(server))["mia@example.com"] == "New booking: Talk to sales with Ann Lee, Tue 3 Mar, 05:00"


def test_a_reassigned_booking_leaves_one_calendar_and_enters_another(
    team: Team, alice: User, bob: User, carol: User, server: MailServer
) -> None:
    booking = book_at(factories.create_team_event_type(team, [bob, carol]), at(9), guests=(GUEST,), notes="Secret")
    (before,) = [entry(mail) for mail in sent(server) if mail.recipient == BOB]
    give(booking, alice, carol, reason="Bob is ill")
    mails = sent(server)
    assert subjects(mails) == {
        ANN: "Host changed: Talk to sales with Carol, Tue 3 Mar, 14:30",
        GUEST: "Host changed: Talk to sales with Carol, Tue 3 Mar, 14:30",
        CAROL: "New booking: Talk to sales with Ann Lee, Tue 3 Mar, 09:00",
        BOB: "No longer yours: Talk to sales with Ann Lee, Tue 3 Mar, 09:00",
    }
    assert "You are meeting Carol instead of Bob. The time stays the same." in to(mails, ANN).text
    assert f"http://localhost/booking/{booking.uid}\n" in to(mails, ANN).text
    assert "Alice has given you this meeting, instead of Bob." in to(mails, CAROL).text
    assert "Notes: Secret" in to(mails, CAROL).text
    assert "Alice has given this meeting to Carol." in to(mails, BOB).text
    assert "Reply-To" not in to(mails, BOB).message
    # Why is the team's business, and the rest no longer Bob's.
    assert ["Bob is ill" in to(mails, who).text for who in (ANN, GUEST, CAROL, BOB)] == [False, False, True, True]
    bob_s = to(mails, BOB)
    assert bob_s.calendar
    everything = bob_s.text + bob_s.html + bob_s.calendar.to_ical().decode()
    assert booking.uid not in everything
    assert "Secret" not in everything
    events = {mail.recipient: entry(mail) for mail in mails}
    assert {event["uid"] for event in events.values()} == {before["uid"]}
    assert {who: event["status"] for who, event in events.items()} == {
        **dict.fromkeys((ANN, GUEST, CAROL), "CONFIRMED"),
        BOB: "CANCELLED",
    }
    assert bob_s.calendar["method"] == "CANCEL"
    assert invited(events[BOB]) == [BOB]
    assert all(event["sequence"] > before["sequence"] for event in events.values())
    assert str(events[ANN]["organizer"]) == f"mailto:{CAROL}"
    # Given back, it is above the cancellation that Bob has.
    give(booking, alice, bob)
    assert entry(to(sent(server), BOB))["sequence"] > events[BOB]["sequence"]


def test_who_takes_over_or_gives_away_reads_it_so(
    team: Team, alice: User, bob: User, carol: User, server: MailServer
) -> None:
    booking = book_at(factories.create_team_event_type(team, [bob, carol]), at(9))
    sent(server)
    give(booking, bob, carol)
    mails = sent(server)
    assert "You have given this meeting to Carol." in to(mails, BOB).text
    assert "Bob has given you this meeting.\n" in to(mails, CAROL).text
    give(booking, alice, alice)
    assert "You have taken this meeting over from Carol." in to(sent(server), ALICE).text


def test_the_other_hosts_read_who_attends_instead(
    team: Team, alice: User, bob: User, carol: User, server: MailServer
) -> None:
    booking = book_at(together(team, [alice, bob]), at(9))
    sent(server)
    give(booking, alice, carol)
    mails = sent(server)
    assert subjects(mails)[BOB] == "Host changed: Talk to sales with Ann Lee, Tue 3 Mar, 09:00"
    assert "Carol hosts this meeting instead of Alice." in to(mails, BOB).text
    assert invited(entry(to(mails, BOB))) == [CAROL, BOB, ANN]


def test_a_move_to_another_host_is_an_invitation_a_cancellation_and_an_update(
    team: Team, bob: User, carol: User, server: MailServer
) -> None:
    event_type = factories.create_team_event_type(team, [bob, carol])
    booking = book_at(event_type, at(9))
    factories.create_booking(factories.create_event_type(bob), at(11))
    sent(server)
    moved = move(booking, at(11), guests=(GUEST,))
    assert moved.host == carol
    mails = sent(server)
    assert subjects(mails) == {
        ANN: "Moved: Talk to sales with Carol, Tue 3 Mar, 16:30",
        GUEST: "Invitation: Talk to sales with Carol, Tue 3 Mar, 16:30",
        CAROL: "New booking: Talk to sales with Ann Lee, Tue 3 Mar, 11:00",
        # Bob's calendar has it at the old time.
        BOB: "No longer yours: Talk to sales with Ann Lee, Tue 3 Mar, 09:00",
    }
    events = {mail.recipient: entry(mail) for mail in mails}
    assert (events[BOB].start, events[BOB]["status"]) == (at(9), "CANCELLED")
    assert (events[CAROL].start, events[CAROL]["status"]) == (at(11), "CONFIRMED")
    assert events[BOB]["uid"] == events[ANN]["uid"]


def test_an_admin_who_cancels_or_moves_is_named(team: Team, alice: User, bob: User, server: MailServer) -> None:
    event_type = factories.create_team_event_type(team, [bob])
    booking = book_at(event_type, at(9))
    sent(server)
    moved = move(booking, at(10), by=alice, reschedule_reason="Fair")
    mails = sent(server)
    for who in (ANN, BOB):
        assert "Alice has moved the meeting." in to(mails, who).text
        assert "Reason: Fair" in to(mails, who).text
    with writing() as session:
        cancel(session, moved.uid, reason="No longer needed", by=alice)
    mails = sent(server)
    for who in (ANN, BOB):
        assert "Alice has cancelled the meeting." in to(mails, who).text
        assert "Reason: No longer needed" in to(mails, who).text
    assert "Choose another time:\nhttp://localhost/team/sales/talk\n" in to(mails, ANN).text
    assert ALICE not in subjects(mails)


def test_all_hosts_are_asked_and_hear_of_the_first_answer(
    team: Team, alice: User, bob: User, carol: User, server: MailServer
) -> None:
    event_type = together(team, [bob, carol], requires_confirmation=True)
    first, second = (book_at(event_type, at(hour), email=f"p{hour}@example.com") for hour in (9, 10))
    mails = sent(server)
    assert sum(str(mail.message["Subject"]).startswith("Please confirm") for mail in mails) == 4
    assert "Bob and Carol were asked. The first answer counts." in next(m for m in mails if m.recipient == BOB).text
    assert "Bob and Carol have been asked and will confirm or decline." in to(mails, "p9@example.com").text
    assert ALICE not in subjects(mails)
    with writing() as session:
        confirm(session, first.uid, carol)
        reject(session, second.uid, carol, reason="Full")
    mails = sent(server)
    declined = [mail for mail in mails if str(mail.message["Subject"]).startswith("Declined")]
    assert {mail.recipient for mail in declined} == {"p10@example.com", BOB}
    assert "Carol has declined the request of Ann Lee." in to(declined, BOB).text


def test_a_request_that_goes_to_another_host_is_asked_again(
    team: Team, alice: User, bob: User, carol: User, server: MailServer
) -> None:
    event_type = factories.create_team_event_type(team, [bob, carol], requires_confirmation=True)
    booking = book_at(event_type, at(9), guests=(GUEST,))
    sent(server)
    give(booking, alice, carol)
    mails = sent(server)
    assert subjects(mails) == {
        ANN: "Host changed: Talk to sales with Carol, Tue 3 Mar, 14:30",
        CAROL: "Please confirm: Talk to sales with Ann Lee, Tue 3 Mar, 09:00",
        BOB: "No longer yours: Talk to sales with Ann Lee, Tue 3 Mar, 09:00",
    }
    assert "Confirm or decline:\nhttp://localhost/bookings/unconfirmed\n" in to(mails, CAROL).text
    assert "Carol has been asked instead of Bob, and will confirm or decline." in to(mails, ANN).text
    assert "Alice has given this request to Carol." in to(mails, BOB).text
    # It is no entry yet.
    assert [mail.calendar for mail in mails] == [None] * 3


def test_who_has_left_is_told_no_more_than_to_clear_the_calendar(
    team: Team, alice: User, bob: User, carol: User, server: MailServer
) -> None:
    event_type = together(team, [alice, bob], reminder_hours=1)
    kept, given = book_at(event_type, at(9), notes="Secret"), book_at(event_type, at(11), notes="Secret")
    sent(server)
    leave(team, bob)
    give(given, alice, carol, reason="Bob has left")
    mails = sent(server)
    assert "Bob has left" not in to(mails, BOB).text
    assert "Carol" not in to(mails, BOB).text
    with writing() as session:
        cancel(session, kept.uid, reason="Secret too", by=alice)
    mails += sent(server)
    for mail in (mail for mail in mails if mail.recipient == BOB):
        assert mail.calendar
        assert mail.calendar["method"] == "CANCEL"
        assert "You no longer host this meeting\n\nThe attached file takes it out of your calendar." in mail.text
        assert "Secret" not in mail.text + mail.calendar.to_ical().decode()
    assert sum(mail.recipient == BOB for mail in mails) == 2


def test_answers_of_attendees_do_not_go_to_who_has_left(team: Team, alice: User, bob: User, server: MailServer) -> None:
    both = together(team, [bob, alice], reminder_hours=1)
    alone = factories.create_team_event_type(team, [bob], slug="bob")
    bookings = book_at(both, at(9)), book_at(alone, at(11), email="max@example.com")
    assert to(sent(server), ANN).message["Reply-To"] == f"Bob <{BOB}>"
    leave(team, bob)
    with writing() as session:
        owe_reminders(session, at(8, 30))
        for booking in bookings:
            cancel(session, booking.uid, reason="", by=alice)
    mails = sent(server)
    letters = {
        (mail.recipient, mail.message["Reply-To"]) for mail in mails if mail.recipient in (ANN, "max@example.com")
    }
    assert letters == {(ANN, f"Alice <{ALICE}>"), ("max@example.com", None)}
    assert sum(mail.recipient == ANN for mail in mails) == 2


def test_who_has_left_is_not_told_of_what_becomes_of_a_request(
    team: Team, alice: User, bob: User, server: MailServer
) -> None:
    event_type = together(team, [alice, bob], requires_confirmation=True)
    asked = [book_at(event_type, at(hour), email=f"p{hour}@example.com") for hour in (9, 10)]
    sent(server)
    leave(team, bob)
    with writing() as session:
        reject(session, asked[0].uid, alice, reason="")
        cancel(session, asked[1].uid, reason="", by=None)
    assert BOB not in subjects(sent(server))


def test_who_no_longer_hosts_reads_the_title_they_know_and_who_has_left_no_name_of_the_new_host(
    team: Team, alice: User, bob: User, carol: User, server: MailServer
) -> None:
    event_type = factories.create_team_event_type(team, [bob], booking_name="{Organiser} meets {Scheduler}")
    kept, left = book_at(event_type, at(9)), book_at(event_type, at(10))
    sent(server)
    give(kept, alice, carol)
    bob_s = to(sent(server), BOB)
    assert bob_s.message["Subject"] == "No longer yours: Bob meets Ann Lee, Tue 3 Mar, 09:00"
    assert entry(bob_s)["summary"] == "Bob meets Ann Lee"
    leave(team, bob)
    give(left, alice, carol)
    mails = sent(server)
    assert "Carol meets Ann Lee" in to(mails, ANN).text
    bob_s = to(mails, BOB)
    assert bob_s.calendar
    for text in (str(bob_s.message["Subject"]), bob_s.text, bob_s.html, bob_s.calendar.to_ical().decode()):
        assert "Carol" not in text
    assert b"carol" not in bob_s.data.lower()


def test_a_request_to_move_a_meeting_to_another_host_says_whose_it_is(
    team: Team, bob: User, carol: User, server: MailServer
) -> None:
    asked = _asked_to_move_to_carol(team, bob, carol, server)
    text = to(sent(server), CAROL).text
    assert "Ann Lee would like to move the meeting with Bob.\n" in text
    assert "The meeting with Bob stays at its old time until you confirm." in text
    with writing() as session:
        confirm(session, asked.uid, carol)
    mails = sent(server)
    assert "You have moved the meeting.\n\nYou are now meeting Carol." in to(mails, ANN).text
    assert entry(to(mails, BOB))["status"] == "CANCELLED"


def test_hosts_who_were_asked_hear_that_a_request_waits_no_more(
    team: Team, bob: User, carol: User, server: MailServer
) -> None:
    asked = _asked_to_move_to_carol(team, bob, carol, server)
    sent(server)
    # Bob, who has the meeting, is free then.
    again = move(asked, at(12))
    mails = sent(server)
    assert subjects(mails)[BOB].startswith("Please confirm")
    assert subjects(mails)[CAROL] == "Withdrawn: Talk to sales with Ann Lee, Tue 3 Mar, 11:00"
    assert "You no longer need to answer the request of Ann Lee." in to(mails, CAROL).text
    assert "Reason: Another time was chosen." in to(mails, CAROL).text
    last = move(again, at(11, 30))
    sent(server)
    assert last.host == carol
    with writing() as session:
        cancel(session, last.rescheduled_from.uid if last.rescheduled_from else "", reason="", by=None)
    mails = sent(server)
    assert subjects(mails)[BOB].startswith("Cancelled")
    assert "Reason: The booking was cancelled." in to(mails, CAROL).text
    assert [mail.calendar for mail in mails if mail.recipient == CAROL] == [None]


def test_a_host_who_was_only_asked_has_no_entry_to_clear(
    team: Team, bob: User, carol: User, server: MailServer
) -> None:
    event_type = factories.create_team_event_type(team, [bob, carol], requires_confirmation=True)
    request = book_at(event_type, at(9))
    assert request.host == bob
    factories.create_booking(factories.create_event_type(bob), at(11))
    sent(server)
    moved = move(request, at(11), by=bob)
    assert moved.host == carol
    mails = sent(server)
    assert "This request is no longer yours\n\nYou need not answer it." in to(mails, BOB).text
    assert to(mails, BOB).calendar is None
    assert entry(to(mails, CAROL))["status"] == "CONFIRMED"


def _asked_to_move_to_carol(team: Team, bob: User, carol: User, server: MailServer) -> Booking:
    """Return a request to move a meeting of Bob's to 11:00, when he is busy and Carol is not."""
    event_type = factories.create_team_event_type(team, [bob, carol], requires_confirmation=True)
    request = book_at(event_type, at(9))
    assert request.host == bob
    with writing() as session:
        confirm(session, request.uid, bob)
    factories.create_booking(factories.create_event_type(bob, length=60), at(11))
    sent(server)
    asked = move(request, at(11))
    assert asked.host == carol
    return asked


def test_reminders_name_all_hosts_and_feeds_have_what_one_attends(
    team: Team, alice: User, bob: User, session: Session, server: MailServer
) -> None:
    booking = book_at(together(team, [alice, bob], reminder_hours=1), at(9))
    sent(server)
    with writing() as inner:
        owe_reminders(inner, at(8, 30))
    assert "You are meeting Alice and Bob." in to(sent(server), ANN).text
    for host in (alice, bob):
        found = feed_bookings(session, host, clock.now())
        assert [each.uid for each in found] == [booking.uid]
        text = ics.feed(found, name="Bookings", now=clock.now(), base_url="").decode().replace("\r\n ", "")
        assert "Who: Alice\\, Bob\\, Ann Lee" in text
    leave(team, bob)
    assert feed_bookings(session, bob, clock.now()) == []


def test_fifty_hosts_are_told_at_once_whatever_the_limit(team: Team, session: Session, server: MailServer) -> None:
    hosts = [factories.create_user(f"h{number}") for number in range(50)]
    for host in hosts:
        factories.create_membership(team, host)
    event_type = together(team, hosts)
    for number in range(4):
        book_at(event_type, at(9 + number), email=f"p{number}@example.com")
    mails = session.scalars(select(Mail)).all()
    assert len(mails) == 4 * 51
    assert {(mail.state, mail.error) for mail in mails} == {(MailState.QUEUED, "")}
    letter = next(mail for mail in mails if mail.recipient == "p0@example.com")
    assert letter.subject == "Confirmed: Talk to sales with H0, H1 and 48 others, Tue 3 Mar, 14:30"
    assert letter.text.count("(host)") == 50


def test_a_hostile_name_of_a_team_or_a_member_is_text(bob: User, session: Session, server: MailServer) -> None:
    name = 'Eve", <eve@example.com>\r\nBcc: eve@example.com\r\n\r\n=?utf-8?q?x=0aX-Injected:_yes?=\u202e'
    eve, mallory = factories.create_user("eve2", name=name), factories.create_user("mallory", name=name)
    team = factories.create_team(bob, name=name, members=[eve, mallory])
    booking = book_at(together(team, [eve, bob], booking_name="{Organiser} meets"), at(9))
    give(booking, bob, mallory)
    with writing() as inner:
        cancel(inner, booking.uid, reason="", by=bob)
    mails = sent(server)
    assert {mail.recipient for mail in mails} == {ANN, BOB, "eve2@example.com", "mallory@example.com"}
    for mail in mails:
        assert (mail.message["Bcc"], mail.message["X-Injected"]) == (None, None)
        assert str(mail.message["To"]).count("@example.com") == 1 + str(mail.message["To"]).count("eve@example.com")
        calendar = mail.calendar_part
        assert calendar is not None
        lines = calendar.get_payload(decode=True).decode().split("\r\n")
        assert not [line for line in lines if line.startswith(("Bcc", "X-Injected"))]
