import pytest
from sqlalchemy.orm import Session

from calhooks.db import writing
from calhooks.scheduling.bookings.cancel import cancel
from calhooks.scheduling.bookings.confirm import confirm, reject
from calhooks.scheduling.errors import InvalidInput, NotAllowed, NotFound, SlotTaken
from calhooks.scheduling.models.bookings import Booking, BookingStatus
from calhooks.scheduling.models.event_types import EventType
from tests import factories
from tests.scheduling.conftest import Watch
from tests.scheduling.helpers import at, book_at, bookable, last_payload, move, told

pytestmark = pytest.mark.usefixtures("watch")


@pytest.fixture
def event_type(session: Session) -> EventType:
    return bookable(requires_confirmation=True)


def confirmed(booking: Booking) -> Booking:
    with writing() as session:
        return confirm(session, booking.uid, booking.host)


def test_confirming_a_request_creates_the_booking(session: Session, event_type: EventType) -> None:
    request = book_at(event_type, at(9), metadata={"a": "1"})
    confirmed(request)
    assert request.status == BookingStatus.ACCEPTED
    assert told(session) == [("BOOKING_REQUESTED", request.uid), ("BOOKING_CREATED", request.uid)]
    assert last_payload(session)["metadata"] == {"a": "1"}


def test_of_two_requests_for_one_slot_one_is_confirmed(session: Session, event_type: EventType) -> None:
    first, second = book_at(event_type, at(9)), book_at(event_type, at(9), email="bob@example.com")
    confirmed(second)
    with pytest.raises(SlotTaken, match="Another booking overlaps"):
        confirmed(first)
    session.expire_all()
    assert (first.status, second.status) == (BookingStatus.PENDING, BookingStatus.ACCEPTED)


def test_a_request_that_moves_a_booking_a_little_is_confirmed(session: Session) -> None:
    event_type = bookable(requires_confirmation=True, slot_interval=15, buffer_before=15)
    old = confirmed(book_at(event_type, at(9)))
    new = confirmed(move(old, at(9, 15)))
    assert (old.status, new.status) == (BookingStatus.CANCELLED, BookingStatus.ACCEPTED)


def test_a_request_is_answered_once(session: Session, event_type: EventType) -> None:
    accepted, rejected, withdrawn = (book_at(event_type, at(hour)) for hour in (9, 10, 11))
    confirmed(accepted)
    with writing() as inner:
        reject(inner, rejected.uid, event_type.owner, reason="")
    with writing() as inner:
        cancel(inner, withdrawn.uid, reason="", by=None)
    before = told(session)
    for booking, word in ((accepted, "confirmed"), (rejected, "rejected"), (withdrawn, "withdrawn")):
        with pytest.raises(NotAllowed, match=word):
            confirmed(booking)
        with pytest.raises(NotAllowed, match=word), writing() as inner:
            reject(inner, booking.uid, event_type.owner, reason="")
    assert told(session) == before


def test_a_request_whose_time_has_come_can_only_be_rejected(
    session: Session, event_type: EventType, watch: Watch
) -> None:
    request = book_at(event_type, at(9))
    watch.set(at(9))
    with pytest.raises(NotAllowed, match="passed"):
        confirmed(request)
    with writing() as inner:
        reject(inner, request.uid, event_type.owner, reason="I was away")
    assert (request.status, request.rejection_reason) == (BookingStatus.REJECTED, "I was away")
    assert told(session)[-1] == ("BOOKING_REJECTED", request.uid)


def test_a_reason_that_is_too_long_is_refused(session: Session, event_type: EventType) -> None:
    request = book_at(event_type, at(9))
    with pytest.raises(InvalidInput) as refused, writing() as inner:
        reject(inner, request.uid, event_type.owner, reason="x" * 2_001)
    assert list(refused.value.errors) == ["rejectionReason"]


def test_nobody_but_the_host_answers(session: Session, event_type: EventType) -> None:
    request = book_at(event_type, at(9))
    stranger = factories.create_user()
    with pytest.raises(NotFound), writing() as inner:
        confirm(inner, request.uid, stranger)
    with pytest.raises(NotFound), writing() as inner:
        reject(inner, request.uid, stranger, reason="")
    assert len(told(session)) == 1
