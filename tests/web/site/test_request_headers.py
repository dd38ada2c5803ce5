"""Whatever a request's headers say, the answer is never an error of the server's."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web import pages
from tests.web.site.belongings import Belongings

NAMES = [
    "Accept",
    "Accept-Charset",
    "Accept-Encoding",
    "Accept-Language",
    "Authorization",
    "Cache-Control",
    "Content-Length",
    "Cookie",
    "Expect",
    "Forwarded",
    "Host",
    "HX-Boosted",
    "HX-Current-URL",
    "HX-History-Restore-Request",
    "HX-Prompt",
    "HX-Request",
    "HX-Target",
    "HX-Trigger",
    "HX-Trigger-Name",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "If-Unmodified-Since",
    "Origin",
    "Range",
    "Referer",
    "Transfer-Encoding",
    "User-Agent",
    "X-CSRFToken",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Proto",
    "X-HTTP-Method-Override",
    "X-Real-IP",
    "X-Requested-With",
]
VALUES = [
    "",
    " ",
    "http://[",
    "http://[::1",
    "https://a:b@c:99999999/\\x",
    "//",
    "[",
    "]",
    "[::1",
    "::",
    "a:b:c",
    "x:99999999",
    "a b",
    "a/b",
    "a,b,,;q=x;q=2",
    "*",
    "*;q=1e999",
    "en;q=nan, de-\xff;q=-1",
    "bytes=0-",
    "bytes=-1-,9-3",
    "bytes=x",
    'W/"',
    '"',
    "=?utf-8?q?x=0d=0a?=",
    "\xff\xfe\x80",
    "\x1b[31mred",
    "\t",
    "a" * 60_000,
    "a;" * 20_000,
    "=;" * 20_000,
    "Basic",
    "Basic \xff",
    "Basic ====",
    "Bearer",
    "Digest a=b,c",
    "Negotiate \x01",
    "-1",
    "9" * 5_000,
    "0x1f",
    "١",
    "Thu, 99 Foo 2026 25:61:61 GMT",
    "Mon, 01 Jan 0001 00:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:59 -9999",
    "chunked",
    "calhooks_session=x; calhooks_session=.eJw.x.y",
    "calhooks_zone=../../etc/passwd",
    'calhooks_zone="\\377\\012"',
    'calhooks_zone="\\000"; calhooks_clock="\\000"; calhooks_session="\\000"',
    "calhooks_clock=24; =; ;;; a",
    "remember_token=x|y",
    "true",
    "127.0.0.1, \x1b",
    'for="[',
    "javascript:alert(1)",
    "é".encode().decode("latin-1"),
    "../..",
    "\\\\evil.example",
    "%",
    "%00",
    "%ff%fe",
    "xn--\xff",
    "a..b",
    ".",
    "-",
]
CONTENT_TYPES = [
    "",
    ";",
    "/",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    'multipart/form-data; boundary="',
    "multipart/form-data; boundary=\xff",
    f"multipart/form-data; boundary={'x' * 60_000}",
    "multipart/form-data; boundary=x",
    "multipart/mixed; boundary=x",
    "application/x-www-form-urlencoded; charset=utf-7",
    "application/x-www-form-urlencoded; charset=idna",
    "application/x-www-form-urlencoded; charset=rot13",
    "application/x-www-form-urlencoded; charset=\xff",
    "application/json",
    "application/json; charset=utf-32",
    "\xff/\xff",
    "text/plain; charset*=utf-8''%ff",
    "text/html; " + "a=b;" * 10_000,
]
BODIES = [
    b"",
    b"\xff\xfe",
    b"csrf_token=%ff&name=%",
    b"{",
    b"--x",
    b"--x--",
    b"--x\r\n\r\n\r\n--x--\r\n",
    b'--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: text/x; charset=idna\r\n\r\n\xff\r\n--x--\r\n',
    b"--x\r\nContent-Disposition: form-data; name*=utf-8''%ff\r\n\r\nx\r\n--x--\r\n",
    b'--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n--x--\r\n',
    b"&" * 2_000,
    b"=" * 2_000,
    b"a[b]=c&a[b]=d&metadata[%ff]=%ff",
]
PAGES = [
    "/",
    "/login",
    "/rick/quick-chat",
    "/rick",
    "/event-types",
    "/bookings/upcoming",
    "/integrations/webhooks/new",
    "/settings/profile",
    "/booking/{accepted}",
    "/calendar/{feed}.ics",
    "/static/css/site/tokens.css",
    "/no/such/page",
    "/auth/link/x",
    "/metrics",
    "/healthz",
]
FORMS = ["/login", "/logout", "/rick/quick-chat", "/event-types/new", "/integrations/webhooks/preview", "/auth/forgot"]


BOTH = pytest.mark.parametrize("proxies", ["0", "1"], ids=["direct", "proxied"])


@pytest.fixture
def proxies() -> str:
    """How many proxies are trusted: the headers of one are believed."""
    return "0"


@pytest.fixture
def environ(environ: dict[str, str], proxies: str) -> dict[str, str]:
    """Mail is set up, since without it there is no page for a forgotten password."""
    return environ | {"CALHOOKS_TRUSTED_PROXIES": proxies, "MAIL_URL": "smtp://127.0.0.1:9"}


@pytest.fixture
def browsers(app: Flask, owner: FlaskClient, client: FlaskClient) -> list[FlaskClient]:
    """Signed in and signed out; errors are answered as they are in production."""
    app.testing = False
    return [owner, client]


def check(browser: FlaskClient, address: str, headers: dict[str, str], **options: object) -> None:
    answer = browser.open(address, headers=headers, **options)  # type: ignore[arg-type]
    assert answer.status_code < 500, (address, headers, options)
    for _, value in answer.headers:
        assert not set(value) & {"\r", "\n", "\0"}


@BOTH
def test_no_header_breaks_a_page(browsers: list[FlaskClient], ricks: Belongings) -> None:
    for number, name in enumerate(NAMES):
        for place, value in enumerate(VALUES):
            address = PAGES[(number + place) % len(PAGES)].format(**ricks)
            htmx = {"HX-Request": "true"} if place % 2 else {}
            check(browsers[(number + place // 2) % 2], address, htmx | {name: value})


@pytest.mark.parametrize(
    "url", ["http://[", "http://[::1", "//[", "http://]/", "\xff", "http://a]b/c", "http://[::1]x/"]
)
def test_no_current_url_breaks_the_way_to_the_login(browsers: list[FlaskClient], url: str) -> None:
    answer = browsers[1].get("/event-types", headers={"HX-Request": "true", "HX-Current-URL": url})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"].partition("?")[0] == "/login"


@BOTH
@pytest.mark.parametrize(
    "referer", ["", "http://[", "http://[::1", "https://[localhost/", "https://localhost/[", "\xff", "//"]
)
def test_no_referer_breaks_a_form(browsers: list[FlaskClient], referer: str) -> None:
    https = {"X-Forwarded-Proto": "https", "Referer": referer}
    data = {"csrf_token": pages.csrf_token(browsers[1]), "email": "ann@example.com", "password": "x"}
    answer = browsers[1].post("/login", data=data, headers=https)
    assert answer.status_code in (400, 422)


@BOTH
@pytest.mark.parametrize("host", ["a" * 300, "a..b", ".", f"{'a' * 64}.example"])
@pytest.mark.parametrize("path", ["/login", "/event-types", "/no/such/page", "/rick//x"])
def test_a_host_that_is_none_is_a_bad_request(browsers: list[FlaskClient], host: str, path: str) -> None:
    for browser in browsers:
        assert browser.get(path, headers={"Host": host}).status_code < 500


def test_no_content_type_breaks_a_form(browsers: list[FlaskClient], ricks: Belongings) -> None:
    for number, content_type in enumerate(CONTENT_TYPES):
        for place, body in enumerate(BODIES):
            browser, address = browsers[place % 2], FORMS[(number + place) % len(FORMS)]
            check(browser, address, {"Content-Type": content_type}, method="POST", data=body)
            check(browser, "/rick/quick-chat", {"Content-Type": content_type}, method="POST", data=body)
            check(browser, "/rick/quick-chat", {"Content-Type": content_type}, method="GET", data=body)


@pytest.mark.parametrize(
    "name", ["If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "Range", "Accept-Encoding"]
)
def test_no_condition_breaks_a_file(browsers: list[FlaskClient], ricks: Belongings, name: str) -> None:
    for place, value in enumerate(VALUES):
        more = {"Range": "bytes=1-2"} if place % 2 else {}
        for address in ("/static/css/site/tokens.css", f"/calendar/{ricks['feed']}.ics"):
            check(browsers[place % 2], address, more | {name: value})


@BOTH
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_mix_of_headers_breaks_a_page(browsers: list[FlaskClient], ricks: Belongings, data: st.DataObject) -> None:
    letters = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=40)
    headers = data.draw(st.dictionaries(st.sampled_from(NAMES), letters | st.sampled_from(VALUES), max_size=6))
    address = data.draw(st.sampled_from(PAGES)).format(**ricks)
    for browser in browsers:
        check(browser, address, headers)
