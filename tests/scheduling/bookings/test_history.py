import csv
import io

import pytest
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.accounts.owners import owner_of
from calhooks.accounts.teams.models import Team
from calhooks.db import writing
from calhooks.scheduling.bookings.cancel import cancel
from calhooks.scheduling.bookings.confirm import confirm, reject
from calhooks.scheduling.bookings.lookups import find_booking
from calhooks.scheduling.bookings.no_show import set_no_show
from calhooks.scheduling.bookings.reading.export import bookings_csv, harmless
from calhooks.scheduling.bookings.reading.history import Story, story
from calhooks.scheduling.bookings.reading.lists import BookingList, Search, list_bookings
from calhooks.scheduling.errors import InvalidInput, NotFound
from calhooks.scheduling.models.bookings import Booking
from tests import factories
from tests.scheduling.conftest import Watch
from tests.scheduling.helpers import NOW, at, book_at, bookable, move, statements

pytestmark = pytest.mark.usefixtures("watch")


def told(session: Session, booking: Booking) -> Story:
    session.expire_all()
    return story(session, owner_of(booking.host), booking.uid)


def done(found: Story) -> list[tuple[str, str, str]]:
    """What was done, by whom, with which words."""
    changes = [moment.change for moment in found.moments if moment.change]
    return [(str(change.action), change.by_email, change.detail) for change in changes]


def test_a_long_story_takes_as_many_statements_as_a_short_one(session: Session, team: Team, alice: User) -> None:
    booking = book_at(factories.create_team_event_type(team, [alice]), at(9))
    counts = []
    for hour in (10, 11, 12, 13):
        booking = move(booking, at(hour), by=alice)
        uid = booking.uid
        session.expunge_all()
        with statements() as asked:
            assert len(story(session, owner_of(team), uid).chain) == hour - 8
        counts.append(len(asked))
        booking = find_booking(session, uid)
    assert counts == [counts[0]] * 4


def test_a_story_says_who_did_what_and_what_webhooks_heard_of_it(session: Session) -> None:
    event_type = bookable(requires_confirmation=True)
    host = event_type.owner.email
    booking = book_at(event_type, at(10))
    with writing() as inner:
        confirm(inner, booking.uid, event_type.owner)
    request = move(booking, at(12), reschedule_reason="Train")
    with writing() as inner:
        reject(inner, request.uid, event_type.owner, reason="Busy")
    moved = move(booking, at(14), by=event_type.owner)
    with writing() as inner:
        cancel(inner, moved.uid, reason="Ill", by=None)
    found = told(session, booking)
    assert done(found) == [
        ("requested", "ann@example.com", ""),
        ("confirmed", host, ""),
        ("move_requested", "ann@example.com", "Train"),
        ("rejected", host, "Busy"),
        ("moved", host, ""),
        ("cancelled", "ann@example.com", "Ill"),
    ]
    assert [moment.event.trigger for moment in found.moments if moment.event] == [
        "BOOKING_REQUESTED",
        "BOOKING_CREATED",
        "BOOKING_REQUESTED",
        "BOOKING_REJECTED",
        "BOOKING_RESCHEDULED",
        "BOOKING_CANCELLED",
    ]
    tellings = [telling for moment in found.moments for telling in moment.tellings]
    assert len(tellings) == 6
    assert all(telling.webhook_id for telling in tellings)
    assert [each.uid for each in found.chain] == [booking.uid, request.uid, moved.uid]


def test_what_follows_by_itself_is_nobodys_doing(session: Session) -> None:
    event_type = bookable(requires_confirmation=True)
    booking = book_at(event_type, at(10))
    with writing() as inner:
        confirm(inner, booking.uid, event_type.owner)
    move(booking, at(12))
    with writing() as inner:
        cancel(inner, booking.uid, reason="", by=event_type.owner)
    assert done(told(session, booking))[-1] == ("withdrawn", "", "The booking was cancelled.")


def test_absence_is_noted(session: Session, watch: Watch) -> None:
    booking = book_at(bookable(), at(10))
    watch.now = at(11)
    with writing() as inner:
        set_no_show(inner, booking.uid, booking.host, {booking.attendees[0].id})
    assert done(told(session, booking))[-1] == ("no_show", booking.host.email, "Ann Lee did not come.")


def test_what_fails_leaves_no_trace(session: Session) -> None:
    booking = book_at(bookable(), at(10))
    with pytest.raises(InvalidInput), writing() as inner:
        cancel(inner, booking.uid, reason="x" * 2_001, by=None)
    assert done(told(session, booking)) == [("booked", "ann@example.com", "")]


def test_someone_elses_story_does_not_exist(session: Session) -> None:
    booking = book_at(bookable(), at(10))
    with pytest.raises(NotFound):
        story(session, owner_of(factories.create_user()), booking.uid)


def test_bookings_are_found_by_words_and_event_type(session: Session) -> None:
    event_type = factories.create_event_type(factories.create_user(), title="Quick 100% chat")
    host = event_type.owner
    other = factories.create_event_type(host, slug="other", title="Deep dive", schedule=event_type.schedule)
    quick, deep = factories.create_booking(event_type, at(9)), factories.create_booking(other, at(10))

    def found(**search: object) -> list[str]:
        page = list_bookings(session, owner_of(host), BookingList.UPCOMING, NOW, search=Search(**search))
        return [booking.uid for booking in page.bookings]

    assert found(words="ANN quick") == [quick.uid]
    assert found(words="ann@example") == [quick.uid, deep.uid]
    assert found(words="0%") == [quick.uid]
    assert found(words="_") == []
    assert found(words=deep.uid) == [deep.uid]
    assert found(words="ann", event_type_id=other.id) == [deep.uid]
    assert found(words="nobody") == []
    assert found(event_type_id=999) == []


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "|calc", "%0A=1", "＝1"])
def test_a_cell_that_a_spreadsheet_would_run_is_text(cell: str) -> None:
    assert harmless(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["", "Ann", "a=b", "2026-03-03", "'quoted"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert harmless(cell) == cell


def test_a_table_has_every_page_of_the_list(session: Session) -> None:
    event_type = bookable(length=5)
    answers = {"size": {"label": "Size", "value": "=cmd|' /C calc'!A0"}}
    for number in range(45):
        book_at(event_type, at(9 + number // 12, number % 12 * 5), name="=1+1", answers=answers, notes='a\n"b"')
    text = "".join(bookings_csv(session, event_type.belongs_to, event_type.owner.time_zone, BookingList.UPCOMING, NOW))
    assert text.startswith("\ufeffuid,status,")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert len(rows) == 45
    assert rows[0]["name"] == "'=1+1"
    assert rows[0]["answers"] == "Size: =cmd|' /C calc'!A0"
    assert rows[0]["notes"] == 'a\n"b"'
    assert rows[0]["start"] == "2026-03-03T09:00:00+00:00"
