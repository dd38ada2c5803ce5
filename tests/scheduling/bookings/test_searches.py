from datetime import UTC, date
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from calhooks.db import db, writing
from calhooks.scheduling.availability.hindrances import Wanted
from calhooks.scheduling.availability.openings import free_times
from calhooks.scheduling.availability.slots import Days
from calhooks.scheduling.bookings.lookups import find_submitted
from calhooks.scheduling.bookings.meetings import announce_meetings
from calhooks.scheduling.bookings.reading.lists import BookingList, list_bookings
from tests.scheduling.helpers import NOW, at, book_at, bookable


@pytest.mark.only_on("sqlite", "PostgreSQL chooses plans by its statistics, and the tables are almost empty")
@pytest.mark.usefixtures("watch")
def test_no_search_for_bookings_reads_them_all(session: Session) -> None:
    event_type = bookable()
    booking = book_at(event_type, at(9), visitor="browser")
    searches: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "FROM booking" in statement:
            searches.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    with writing() as inner:
        announce_meetings(inner, at(20))
    for view in BookingList:
        list_bookings(session, event_type.belongs_to, view, NOW)
    free_times(session, event_type, Days(date(2026, 3, 1), date(2026, 3, 31), UTC), Wanted(now=NOW))
    find_submitted(session, booking.submission_key)
    event.remove(db.engine, "before_cursor_execute", note)

    assert len(searches) > 6
    for statement, parameters in searches:
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        assert not [step for *_, step in plan if step.startswith("SCAN booking")], statement
