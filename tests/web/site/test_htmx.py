"""The answers that views share: the same thing done for htmx, and for a browser without JavaScript."""

import json

import pytest
from flask import Flask, get_flashed_messages
from jinja2 import DictLoader

from calhooks.web.site.htmx import asked_by, done, go_to, page_or_part, refused

HTMX = {"HX-Request": "true"}
BROWSER: dict[str, str] = {}
BACK = HTMX | {"HX-History-Restore-Request": "true"}


@pytest.fixture
def room(app: Flask) -> Flask:
    """An application with one page, its part and another part beside it."""
    app.jinja_env.loader = DictLoader(
        {
            "room/thing.html": "page of {{ name }}",
            "room/_thing.html": "part of {{ name }}",
            "room/_list.html": "list of {{ name }}",
        }
    )
    return app


def not_drawn() -> str:
    raise AssertionError("a part that nobody sees was drawn")


@pytest.mark.parametrize(("headers", "shown"), [(BROWSER, "page"), (HTMX, "part"), (BACK, "page")])
def test_htmx_gets_the_part_and_whoever_has_nothing_yet_the_page(
    room: Flask, headers: dict[str, str], shown: str
) -> None:
    with room.test_request_context(headers=headers):
        assert page_or_part("room/thing", name="Rick") == f"{shown} of Rick"


@pytest.mark.parametrize(("headers", "shown"), [(BROWSER, "page"), (HTMX, "list")])
def test_the_part_of_a_page_can_have_a_name_of_its_own(room: Flask, headers: dict[str, str], shown: str) -> None:
    with room.test_request_context(headers=headers):
        assert page_or_part("room/thing", "_list", name="Rick") == f"{shown} of Rick"


def test_htmx_is_led_on_by_a_header_and_a_browser_by_a_redirect(app: Flask) -> None:
    with app.test_request_context(headers=HTMX):
        answer = go_to("/bookings?q=Müller")
        assert (answer.status_code, answer.location) == (200, None)
        assert answer.headers["HX-Redirect"] == "/bookings?q=Müller"
    with app.test_request_context():
        answer = go_to("/bookings")
        assert (answer.status_code, answer.location) == (303, "/bookings")
        assert "HX-Redirect" not in answer.headers


def test_what_is_done_is_shown_to_htmx_in_place_with_a_toast(app: Flask) -> None:
    with app.test_request_context(headers=HTMX):
        answer = done("“Chat” is gone.", part=lambda: "<ul></ul>", to="/list", closes=True, event="listChanged")
        assert (answer.status_code, answer.get_data(as_text=True)) == (200, "<ul></ul>")
        assert json.loads(answer.headers["HX-Trigger"]) == {
            "toast": {"message": "“Chat” is gone."},
            "closeModal": True,
            "listChanged": True,
        }
        # Else the message would come once more, on the next page.
        assert get_flashed_messages() == []


def test_only_the_box_that_is_done_with_closes(app: Flask) -> None:
    with app.test_request_context(headers=HTMX):
        answer = done("Saved.", part=lambda: "", to="/list")
        assert json.loads(answer.headers["HX-Trigger"]) == {"toast": {"message": "Saved."}}


def test_without_javascript_the_next_page_says_what_is_done(app: Flask) -> None:
    with app.test_request_context():
        answer = done("Saved.", part=not_drawn, to="/list", closes=True, event="listChanged")
        assert (answer.status_code, answer.location) == (303, "/list")
        assert get_flashed_messages(with_categories=True) == [("success", "Saved.")]
        assert "HX-Trigger" not in answer.headers


def test_what_speaks_for_itself_is_not_spoken_of(app: Flask) -> None:
    with app.test_request_context(headers=HTMX):
        assert "HX-Trigger" not in done("", part=lambda: "<p></p>", to="/list").headers
    with app.test_request_context():
        assert done("", part=not_drawn, to="/list").status_code == 303
        assert get_flashed_messages() == []


def test_a_refusal_shows_how_things_are_with_a_toast_that_warns(app: Flask) -> None:
    with app.test_request_context(headers=HTMX):
        answer = refused("It is taken.", part=lambda: "<ul></ul>", to="/list")
        assert (answer.status_code, answer.get_data(as_text=True)) == (409, "<ul></ul>")
        assert json.loads(answer.headers["HX-Trigger"]) == {"toast": {"message": "It is taken.", "tone": "danger"}}
        assert refused("It is taken.", part=lambda: "", to="/list", status=200).status_code == 200


def test_without_javascript_the_next_page_says_why_something_was_refused(app: Flask) -> None:
    with app.test_request_context():
        answer = refused("It is taken.", part=not_drawn, to="/list", closes=True)
        assert (answer.status_code, answer.location) == (303, "/list")
        assert get_flashed_messages(with_categories=True) == [("danger", "It is taken.")]


@pytest.mark.parametrize(("headers", "asked"), [(HTMX | {"HX-Target": "modal"}, True), (HTMX, False), (BROWSER, False)])
def test_an_answer_can_depend_on_where_htmx_puts_it(app: Flask, headers: dict[str, str], asked: bool) -> None:
    with app.test_request_context(headers=headers):
        assert asked_by("modal") is asked
