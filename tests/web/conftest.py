from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from calhooks import clock, create_app
from calhooks.accounts.models import User
from calhooks.config import Config
from calhooks.db import db
from calhooks.scheduling.models.bookings import Booking
from calhooks.scheduling.models.event_types import EventType
from tests import factories
from tests.web.site.belongings import Belongings, give_everything

# A Monday morning; the factories' host has hours from 9 to 17 in London, where it is winter.
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


class Watch:
    """The clock of a test, which only the test moves."""

    def __init__(self) -> None:
        self.now = NOW


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """A clock that stands still at NOW until the test moves it."""
    watch = Watch()
    monkeypatch.setattr(clock, "now", lambda: watch.now)
    return watch


@pytest.fixture
def event_type(app: Flask, rick: User) -> EventType:
    """Half an hour with Rick."""
    with app.app_context():
        return factories.create_event_type(rick, slug="quick-chat", title="Quick chat")


@pytest.fixture
def secure_app(environ: dict[str, str]) -> Iterator[Flask]:
    """An application under https, behind a proxy."""
    app = create_app(Config.from_env(environ | {"CALHOOKS_BASE_URL": "https://localhost"}))
    app.config["TESTING"] = True
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def booked(app: Flask) -> Callable[[], list[Mapping[str, object]]]:
    """What has been booked, oldest first, as plain values."""

    def read() -> list[Mapping[str, object]]:
        with app.app_context():
            return [
                {
                    "uid": booking.uid,
                    "status": str(booking.status),
                    "start": booking.start_time,
                    "metadata": booking.metadata_,
                    "attendees": [(each.name, each.email, each.time_zone, each.locale) for each in booking.attendees],
                    "notes": booking.additional_notes,
                    "rescheduled_by": booking.rescheduled_by,
                    "cancelled_by": booking.cancelled_by,
                    "reason": booking.cancellation_reason or booking.reschedule_reason or booking.rejection_reason,
                }
                for booking in db.session.scalars(select(Booking).order_by(Booking.id))
            ]

    return read


@pytest.fixture
def ricks(app: Flask, rick: User) -> Belongings:
    """What belongs to Rick."""
    with app.app_context():
        return give_everything(rick)


@pytest.fixture
def anns(app: Flask, ann: User) -> Belongings:
    """What belongs to Ann."""
    with app.app_context():
        return give_everything(ann)
