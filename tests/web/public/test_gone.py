"""Event types that are deleted at the very moment at which somebody books them."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, event

from calhooks.db import db
from calhooks.scheduling.models.event_types import EventType
from tests.web import pages
from tests.web.markup import hook

pytestmark = pytest.mark.usefixtures("watch", "event_type")


def delete_before_the_next_change() -> None:
    """Have somebody else delete all event types once the next request has read what it needs."""

    @event.listens_for(db.session, "after_commit", once=True)
    def delete_all(_session: object) -> None:
        with db.engine.begin() as connection:
            connection.execute(delete(EventType))


@pytest.mark.parametrize("address", ["", "/hold"], ids=["book", "hold"])
def test_who_books_what_is_being_deleted_is_told_that_it_is_not_there(
    client: FlaskClient, booking_page: str, slot_page: str, address: str
) -> None:
    form = pages.post_form(client.get(slot_page))
    typed = form.fields.to_dict() | {"name": "Ann Lee", "email": "ann@example.com"}
    delete_before_the_next_change()
    answer = client.post(booking_page + address, data=typed)
    assert answer.status_code == 404
    assert hook(answer, "404-page")


def test_who_moves_a_booking_of_what_is_being_deleted_is_told_too(
    client: FlaskClient, booking_page: str, slot_page: str
) -> None:
    typed = {"name": "Ann Lee", "email": "ann@example.com"}
    uid = pages.submit(client, slot_page, typed).location.partition("/booking/")[2]
    form = pages.post_form(client.get(f"{booking_page}?rescheduleUid={uid}&slot=2026-03-04T10:00:00Z"))
    delete_before_the_next_change()
    answer = client.post(form.path, data=form.fields)
    assert answer.status_code == 404
