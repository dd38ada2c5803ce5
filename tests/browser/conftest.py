"""A real Chromium against the real pages.

Where Chromium or Playwright is missing these tests are skipped and say so; CALHOOKS_REQUIRE_BROWSER=1 makes that a
failure. CALHOOKS_CHROMIUM names the program where it is not on the path.
"""

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from calhooks.accounts import sessions
from calhooks.accounts.models import User
from calhooks.db import writing
from tests.browser.inbox import Inbox
from tests.running import Running, on_another_day

try:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright
except ImportError:
    sync_playwright = None  # type: ignore[assignment]

PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update"]
# Nothing takes as long; a machine that is busy with other tests does.
PATIENCE_MS = 30_000
LOOPBACK = "127.0.0.0/8,::1/128"
# Chromium reports every answer of 4xx as an error of the page; these are the ones that a page asks for knowingly.
EXPECTED = re.compile(r"the server responded with a status of (404|409|422|429)\b")


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """Chromium, one for all tests. `browser.new_context()` is a person with cookies of their own."""
    program = os.environ.get("CALHOOKS_CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    missing = "Playwright for Python is not installed" if sync_playwright is None else ""
    if not program:
        missing = f"no Chromium was found ({', '.join(PROGRAMS)} on the path, or CALHOOKS_CHROMIUM)"
    if missing and os.environ.get("CALHOOKS_REQUIRE_BROWSER") == "1":
        pytest.fail(f"browser tests are required, but {missing}")
    if missing:
        pytest.skip(f"browser tests need Chromium: {missing}")
    expect.set_options(timeout=PATIENCE_MS)
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            # On another day Chromium keeps the machine's clock; its pages are given that of the server.
            patch.delenv("LD_PRELOAD", raising=False)
            playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def site(app: Flask) -> Iterator[str]:
    """The address of `app`, served by threads of this process."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """All of calhooks on a fresh data directory."""
    environ = {
        "CALHOOKS_DATA_DIR": str(tmp_path / "data"),
        "CALHOOKS_EGRESS_ALLOW": LOOPBACK,
        "CALHOOKS_RETRY_SCHEDULE": ",".join(["1s"] * 60),
    }
    with Running(environ) as running:
        yield running.wait_until_ready()


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with closing(Inbox()) as inbox:
        yield inbox


@pytest.fixture
def visitor(browser: "Browser", site: str) -> "Iterator[Callable[..., Page]]":
    """Open a page as somebody new: `visitor()`, or `visitor(java_script_enabled=False)`, with any option of a context.

    At the end no console may have shown an error, and no script may have failed.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def on_console(message: "ConsoleMessage") -> None:
        if message.type in ("error", "warning") and not EXPECTED.search(message.text):
            complaints.append(f"{message.text} ({message.page.url if message.page else 'no page'})")

    def open_page(**options: Any) -> "Page":
        context = browser.new_context(base_url=site, **options)
        context.set_default_timeout(PATIENCE_MS)
        context.on("console", on_console)
        context.on("weberror", lambda failure: complaints.append(str(failure.error)))
        if on_another_day():
            context.clock.install(time=datetime.now(UTC))
        contexts.append(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def signed_in(app: Flask, site: str, visitor: "Callable[..., Page]") -> "Callable[..., Page]":
    """Open a page as somebody with an account: `signed_in(user)`, with the options of `visitor`."""

    def open_page(user: User, **options: Any) -> "Page":
        page = visitor(**options)
        serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        with app.app_context(), writing() as database:
            browser = sessions.Browser("Chrome on Linux", "127.0.0.1")
            token = sessions.begin_session(database, user.id, user.password_hash, browser)
        session = serializer.dumps({"_user_id": token, "_fresh": True})
        page.context.add_cookies([{"name": app.config["SESSION_COOKIE_NAME"], "value": session, "url": site}])
        return page

    return open_page
