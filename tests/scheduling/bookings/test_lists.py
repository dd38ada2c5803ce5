from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from calhooks.accounts.owners import owner_of
from calhooks.scheduling.bookings.lookups import find_booking, find_booking_of
from calhooks.scheduling.bookings.reading import lists
from calhooks.scheduling.bookings.reading.lists import BookingList, count_bookings, list_bookings
from calhooks.scheduling.errors import NotFound
from calhooks.scheduling.models.bookings import BookingStatus
from tests import factories
from tests.scheduling.helpers import at


def everything(session: Session, host, view: BookingList, now) -> list[str]:
    uids: list[str] = []
    cursor = None
    while True:
        page = list_bookings(session, host, view, now, cursor)
        uids += [booking.uid for booking in page.bookings]
        cursor = page.next_cursor
        if cursor is None:
            return uids


def test_each_booking_is_in_the_one_list_where_it_belongs(session: Session) -> None:
    event_type = factories.create_event_type(factories.create_user())
    host, now = event_type.belongs_to, at(12)
    bookings = {
        "over": factories.create_booking(event_type, at(9)),
        "unanswered": factories.create_booking(event_type, at(10), status=BookingStatus.PENDING),
        "under way": factories.create_booking(event_type, at(11, 45)),
        "tomorrow": factories.create_booking(event_type, at(9, day=4)),
        "asked for": factories.create_booking(event_type, at(9, day=4), status=BookingStatus.PENDING),
        "cancelled": factories.create_booking(event_type, at(9, day=4), status=BookingStatus.CANCELLED),
        "rejected": factories.create_booking(event_type, at(9), status=BookingStatus.REJECTED),
    }
    factories.create_booking(factories.create_event_type(factories.create_user()), at(15))
    names = {booking.uid: name for name, booking in bookings.items()}
    shown = {view: [names[uid] for uid in everything(session, host, view, now)] for view in BookingList}
    assert shown == {
        BookingList.UPCOMING: ["under way", "tomorrow"],
        BookingList.UNCONFIRMED: ["asked for"],
        BookingList.PAST: ["unanswered", "over"],
        BookingList.CANCELLED: ["cancelled", "rejected"],
    }
    assert [count_bookings(session, host, view, now) for view in BookingList] == [2, 1, 2, 2]


@pytest.mark.parametrize("view", [BookingList.UNCONFIRMED, BookingList.CANCELLED])
def test_pages_follow_one_another_without_gaps_or_repeats(
    session: Session, monkeypatch: pytest.MonkeyPatch, view: BookingList
) -> None:
    monkeypatch.setattr(lists, "PAGE_SIZE", 3)
    event_type = factories.create_event_type(factories.create_user())
    status = BookingStatus.PENDING if view is BookingList.UNCONFIRMED else BookingStatus.CANCELLED
    made = [factories.create_booking(event_type, at(9 + index // 3, day=4), status=status).uid for index in range(8)]
    expected = made if view is BookingList.UNCONFIRMED else made[::-1]
    assert everything(session, event_type.belongs_to, view, at(8)) == expected


@pytest.mark.parametrize("cursor", ["", "x", "2026-03-04T09:00:00_", "_", f"2026-03-04T09:00:00_{10**30}", "\0_1"])
def test_what_is_no_cursor_gives_the_first_page(session: Session, cursor: str) -> None:
    event_type = factories.create_event_type(factories.create_user())
    booking = factories.create_booking(event_type, at(9))
    page = list_bookings(session, event_type.belongs_to, BookingList.UPCOMING, at(9) - timedelta(days=1), cursor)
    assert [each.uid for each in page.bookings] == [booking.uid]
    assert page.next_cursor is None


def test_a_booking_is_found_by_whoever_holds_its_uid_and_in_lists_by_its_host_alone(session: Session) -> None:
    event_type = factories.create_event_type(factories.create_user())
    booking = factories.create_booking(event_type, at(9))
    assert find_booking(session, booking.uid) is booking
    assert find_booking_of(session, event_type.belongs_to, booking.uid) is booking
    with pytest.raises(NotFound):
        find_booking(session, "unknown")
    with pytest.raises(NotFound):
        find_booking_of(session, owner_of(factories.create_user()), booking.uid)
