"""Somebody with a browser's cookies who never follows a redirect without looking at it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.web.pages import Form, forms_in

ANSWER_SECONDS = 20


@dataclass(frozen=True)
class Answer:
    """What came back: status 0 stands for a connection that broke or was never answered, with the reason as text."""

    asked: str
    status: int
    headers: Mapping[str, str]
    text: str
    seconds: float

    @property
    def is_page(self) -> bool:
        """Tell whether a browser would read it as HTML."""
        return self.headers.get("Content-Type", "").startswith("text/html")


class Visitor:
    """`account` is an e-mail address and a password; without one nobody is signed in."""

    def __init__(self, url: str, who: str, account: tuple[str, str] | None = None) -> None:
        self.url, self.who, self._account = url, who, account
        self._browser = requests.Session()
        self._browser.trust_env = False

    def ask(self, method: str, path: str, **what: Any) -> Answer:
        """Send a request; whatever happens, there is an answer."""
        asked, began = f"{method} {path[:200]} as {self.who}", time.monotonic()
        try:
            got = self._browser.request(method, self.url + path, allow_redirects=False, timeout=ANSWER_SECONDS, **what)
        except requests.RequestException as error:
            return Answer(asked, 0, {}, type(error).__name__, time.monotonic() - began)
        return Answer(asked, got.status_code, got.headers, got.text, time.monotonic() - began)

    def sign_in(self) -> bool:
        """Sign in by the login page, as a person does; tell whether the account is still as it was.

        Whoever is signed in after all, having asked for the login page itself, has no form there.
        """
        assert self._account is not None
        email, password = self._account
        form = next((form for form in self.forms("/login") if form.method == "post"), None)
        if form is None:
            return self.ask("GET", "/login").status == 303
        answer = self.ask("POST", form.path, data={**form.fields, "email": email, "password": password})
        return answer.status == 303

    def cookies(self) -> str:
        """Return the Cookie header that the browser would send."""
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._browser.cookies)

    def is_signed_out(self, answer: Answer) -> bool:
        """Tell whether an account's session is over, as an answer shows."""
        return self._account is not None and urlsplit(answer.headers.get("Location", "")).path == "/login"

    def forms(self, path: str) -> list[Form]:
        """Return the forms of a page."""
        return forms_in(self.url + path, self.ask("GET", path).text)

    def token(self) -> str:
        """Return a CSRF token of this session."""
        path = "/settings/password" if self._account else "/login"
        found = [form.fields["csrf_token"] for form in self.forms(path) if "csrf_token" in form.fields]
        return found[0] if found else ""
