from typing import Any

import pytest
from sqlalchemy.orm import Session

from calhooks.accounts.models import User
from calhooks.accounts.owners import owner_of
from calhooks.db import writing
from calhooks.scheduling.errors import InvalidInput, NotFound
from calhooks.scheduling.event_types.editing import (
    delete_event_type,
    duplicate_event_type,
    move_event_type,
)
from calhooks.scheduling.event_types.form import slug_of
from calhooks.scheduling.event_types.lookups import (
    find_bookable,
    find_event_type,
    list_event_types,
    list_public_event_types,
)
from tests import factories
from tests.scheduling.event_types.helpers import create, update


def errors(host: User, **values: Any) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refused:
        create(host, **values)
    return refused.value.errors


def test_an_event_type_gets_an_address_from_its_title_and_the_hosts_schedule(session: Session, host: User) -> None:
    event_type = create(host, title="  Quick   Chat, übermorgen! ")
    assert (event_type.title, event_type.slug) == ("Quick Chat, übermorgen!", "quick-chat-ubermorgen")
    assert event_type.schedule.owner_id == host.id
    assert (event_type.minimum_notice, event_type.slot_interval) == (120, None)


def test_new_event_types_come_last(session: Session, host: User) -> None:
    for title in ("One", "Two", "Three"):
        create(host, title=title, hidden=title == "Two")
    assert [each.title for each in list_event_types(session, owner_of(host))] == ["One", "Two", "Three"]
    assert [each.title for each in list_public_event_types(session, owner_of(host))] == ["One", "Three"]


def test_every_wrong_field_has_its_sentence_under_the_forms_own_name(session: Session, host: User) -> None:
    found = errors(
        host,
        title=" ",
        slug="no spaces",
        description="x" * 5_001,
        location="x" * 1_001,
        booking_name="x" * 501,
        length=None,
        minimum_notice=-1,
        slot_interval=4,
        buffer_before=1_441,
        buffer_after=None,
    )
    assert set(found) == {
        "title",
        "slug",
        "description",
        "location",
        "bookingName",
        "length",
        "minimumNotice",
        "slotInterval",
        "bufferBefore",
        "bufferAfter",
    }


@pytest.mark.parametrize("slug", ["a/b", "-a", "a-", "a--b", "é", "a?b", "a.b", "x" * 101, "a\0b"])
def test_an_address_is_made_of_plain_letters_digits_and_hyphens(session: Session, host: User, slug: str) -> None:
    assert list(errors(host, slug=slug)) == ["slug"]


def test_a_title_that_gives_no_address_asks_for_one(session: Session, host: User) -> None:
    assert list(errors(host, title="日本")) == ["slug"]
    assert create(host, title="日本", slug=" Japan ").slug == "japan"


def test_an_address_is_the_hosts_once(session: Session, host: User) -> None:
    first = create(host, slug="chat")
    assert list(errors(host, slug="chat")) == ["slug"]
    other = create(host, slug="other")
    with pytest.raises(InvalidInput):
        update(other, host, slug="chat")
    assert update(first, host, slug="chat", title="New").title == "New"
    another_host = factories.create_user()
    factories.create_schedule(another_host)
    assert create(another_host, slug="chat").slug == "chat"


def test_only_ones_own_schedule_can_be_chosen(session: Session, host: User) -> None:
    theirs = factories.create_schedule(factories.create_user())
    mine = factories.create_schedule(host)
    assert list(errors(host, schedule_id=theirs.id)) == ["schedule"]
    event_type = create(host, schedule_id=mine.id)
    assert event_type.schedule_id == mine.id
    update(event_type, host)
    assert event_type.schedule_id == mine.id


def test_someone_elses_event_type_does_not_exist(session: Session, host: User) -> None:
    event_type, stranger = create(host), factories.create_user()
    with pytest.raises(NotFound):
        find_event_type(session, owner_of(stranger), event_type.id)
    with pytest.raises(NotFound):
        update(event_type, stranger)
    with pytest.raises(NotFound), writing() as inner:
        delete_event_type(inner, owner_of(stranger), event_type.id)


def test_a_public_address_finds_it_in_any_case_and_also_when_hidden(session: Session, host: User) -> None:
    event_type = create(host, slug="chat", hidden=True)
    assert find_bookable(session, "Rick", "Chat") is event_type
    for username, slug in (("rick", "other"), ("nobody", "chat")):
        with pytest.raises(NotFound):
            find_bookable(session, username, slug)


def test_a_deleted_event_type_is_gone(session: Session, host: User) -> None:
    event_type = create(host)
    with writing() as inner:
        delete_event_type(inner, owner_of(host), event_type.id)
    assert list_event_types(session, owner_of(host)) == []


@pytest.mark.parametrize(
    ("title", "slug"),
    [("30 Min Meeting", "30-min-meeting"), ("Zoë & Co.", "zoe-co"), ("!?", ""), ("a" * 150, "a" * 100)],
)
def test_an_address_is_made_of_a_title(title: str, slug: str) -> None:
    assert slug_of(title) == slug


def test_a_copy_has_everything_but_the_address_and_is_hidden(session: Session, host: User) -> None:
    original = create(host, title="One", other_lengths="60", location_kind="in_person", location="Room 5")
    create(host, title="Two")
    for slug in ("one-copy", "one-copy-2"):
        with writing() as inner:
            copy = duplicate_event_type(inner, owner_of(host), original.id)
        assert (copy.slug, copy.title, copy.hidden) == (slug, "One (copy)", True)
    assert (copy.other_lengths, copy.location, copy.schedule_id) == ([60], "Room 5", original.schedule_id)
    assert [each.slug for each in list_event_types(session, owner_of(host))] == ["one", "one-copy-2", "one-copy", "two"]


def test_the_order_is_the_hosts(session: Session, host: User) -> None:
    one, two, three = (create(host, title=title) for title in ("One", "Two", "Three"))
    for event_type, places, order in (
        (three, -1, ["one", "three", "two"]),
        (one, 1, ["three", "one", "two"]),
        (two, 5, ["three", "one", "two"]),
        (three, -5, ["three", "one", "two"]),
    ):
        with writing() as inner:
            move_event_type(inner, owner_of(host), event_type.id, places)
        assert [each.slug for each in list_event_types(session, owner_of(host))] == order


def test_someone_elses_event_type_is_neither_copied_nor_moved(host: User) -> None:
    event_type, stranger = create(host), factories.create_user()
    with pytest.raises(NotFound), writing() as inner:
        duplicate_event_type(inner, owner_of(stranger), event_type.id)
    with pytest.raises(NotFound), writing() as inner:
        move_event_type(inner, owner_of(stranger), event_type.id, 1)
