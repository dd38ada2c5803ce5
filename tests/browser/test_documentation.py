"""The documentation on a phone."""

from collections.abc import Callable

import pytest

from calhooks.web.operations.docs import DOCUMENT_TITLES, FIRST_PAGE

sync_api = pytest.importorskip("playwright.sync_api", reason="browser tests need Playwright for Python")
Page = sync_api.Page

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
HIDDEN = "wraps => wraps.map(wrap => wrap.scrollWidth - wrap.clientWidth).filter(hidden => hidden > 0)"


def test_no_column_of_a_table_is_hidden_on_a_phone(visitor: Callable[..., Page]) -> None:
    page = visitor(**PHONE)
    for name in DOCUMENT_TITLES:
        page.goto("/docs/webhooks" if name == FIRST_PAGE else f"/docs/webhooks/{name}")
        assert page.locator(".table-wrap").evaluate_all(HIDDEN) == [], name


def test_tables_are_scrolled_by_keyboard_where_they_are_wider_than_the_page(visitor: Callable[..., Page]) -> None:
    page = visitor(viewport={"width": 200, "height": 600})
    page.goto("/docs/webhooks/coming-from-calcom")
    table = page.locator(".table-wrap").first
    table.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("table => table.scrollLeft > 0", arg=table.element_handle())
