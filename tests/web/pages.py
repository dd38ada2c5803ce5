"""Use pages as a browser without JavaScript does: read a form with what stands in it, type over it, send it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from calhooks.accounts import sessions
from calhooks.accounts.models import User
from calhooks.db import writing

Typed = Mapping[str, str | Iterable[str] | None]


@dataclass
class Form:
    """A form of a page: the path it is sent to, its method in lower case, and every field that a browser would send."""

    path: str
    method: str
    fields: MultiDict[str, str] = field(default_factory=MultiDict)


def sign_in(client: FlaskClient, user: User) -> None:
    """Give the client a session of this account, without the login page and its slow password check."""
    with client.application.app_context(), writing() as database:
        token = sessions.begin_session(
            database, user.id, user.password_hash, sessions.Browser("Firefox on Linux", "192.0.2.1")
        )
    with client.session_transaction() as session:
        session.clear()
        session["_user_id"] = token
        session["_fresh"] = True


def submit(
    client: FlaskClient,
    path: str,
    typed: Typed | None = None,
    *,
    to: str | None = None,
    headers: Mapping[str, str] | None = None,
    **options: Any,
) -> TestResponse:
    """Fetch the page, type into its form and send it; the answer to that.

    The form is the page's POST form to its own path, or the one to the path `to`. A list of values stands for a
    field that is sent several times, None for one that is not sent. `headers` go with both requests, `options` (for
    example `follow_redirects`) with the second.
    """
    page = client.get(path, headers=headers)
    assert page.status_code == 200, f"GET {path} answered {page.status_code}"
    form = post_form(page, to)
    for name, value in (typed or {}).items():
        values = [value] if isinstance(value, str) else list(value or [])
        form.fields.setlist(name, values)
    return client.post(form.path, data=form.fields, headers=headers, **options)


def csrf_token(client: FlaskClient, path: str = "/login") -> str:
    """Return the CSRF token of any page with a form, for requests that are not a page's own form."""
    return next(form.fields["csrf_token"] for form in forms(client.get(path)) if "csrf_token" in form.fields)


def post_form(page: TestResponse, to: str | None = None) -> Form:
    """Return the page's POST form to its own path, or to `to`."""
    path = to or page.request.path
    found = [form for form in forms(page) if form.method == "post" and form.path.partition("?")[0] == path]
    assert found, f"{page.request.path} has no POST form to {path}"
    return found[0]


def forms(page: TestResponse) -> list[Form]:
    """Return the forms of a page."""
    return forms_in(page.request.url, page.text)


def forms_in(url: str, text: str) -> list[Form]:
    """Return the forms in the text of a page that was got from `url`."""
    parser = _FormParser(url)
    parser.feed(text)
    return parser.forms


class _FormParser(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.forms: list[Form] = []
        self.form: Form | None = None
        self.select: str | None = None
        self.options: list[tuple[str, bool]] = []
        self.textarea: str | None = None
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            parts = urlsplit(urljoin(self.url, values.get("action") or self.url))
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            self.form = Form(path, values.get("method", "get").lower())
            self.forms.append(self.form)
        elif self.form is None or "disabled" in values:
            return
        elif tag == "input":
            self._input(self.form, values)
        elif tag == "textarea":
            self.textarea, self.text = values.get("name", ""), ""
        elif tag == "select":
            self.select, self.options = values.get("name", ""), []
        elif tag == "option":
            self.options.append((values.get("value", ""), "selected" in values))

    def handle_data(self, data: str) -> None:
        if self.textarea is not None:
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif tag == "textarea" and self.form is not None and self.textarea:
            # HTML drops the line break right after the tag, and every line ends in a line feed.
            text = self.text.replace("\r\n", "\n").removeprefix("\n")
            self.form.fields.add(self.textarea, text)
            self.textarea = None
        elif tag == "select" and self.form is not None and self.select:
            chosen = [value for value, selected in self.options if selected] or [v for v, _ in self.options[:1]]
            for value in chosen:
                self.form.fields.add(self.select, value)
            self.select = None

    def _input(self, form: Form, values: dict[str, str]) -> None:
        kind = values.get("type", "text")
        if not values.get("name") or kind in ("submit", "button", "reset", "image", "file"):
            return
        if kind in ("checkbox", "radio"):
            if "checked" in values:
                form.fields.add(values["name"], values.get("value", "on"))
            return
        form.fields.add(values["name"], values.get("value", ""))
