"""Tests of passwords in what is shown at the start: none is, however a URL is written."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from calhooks.config import Config, ConfigError
from calhooks.config.redaction import shown_value, without_passwords, without_passwords_in

# Letters that are in secrets alone, between all that means something in a URL.
SECRET_LETTERS = "QXZ"
secrets = st.text(alphabet=SECRET_LETTERS + "@:/?#&=%[]; '.0\\", min_size=1, max_size=30)
schemes = st.sampled_from(["smtp", "smtps", "redis", "rediss", "unix", "postgres", "postgresql", "sqlite", "mysql"])
servers = st.sampled_from(["host", "host:25", "mail.example.com/0", "[::1]:6379/1", "host/name?sslmode=require", ""])
# No value of an option has an & in it: what follows is another option.
option_secrets = secrets.map(lambda secret: secret.replace("&", "%26"))
option_names = st.sampled_from(["password", "sslpassword", "pass", "token", "options", "api_key", "PASSWORD", "p%61ss"])


def gives_away(shown: str) -> bool:
    return any(letter in shown for letter in SECRET_LETTERS)


@given(schemes, st.sampled_from(["://", "//"]), secrets, servers)
def test_what_is_between_scheme_and_host_is_hidden(scheme: str, slashes: str, secret: str, server: str) -> None:
    # What follows sqlite:/// is a path.
    assume(scheme != "sqlite" or not secret.startswith("/"))
    shown = without_passwords(f"{scheme}{slashes}{secret}@{server}")
    assert not gives_away(shown)
    assert shown.startswith(f"{scheme}{slashes}") or (scheme, slashes) == ("mysql", "//")


@given(schemes, servers, option_names, option_secrets, st.booleans())
def test_options_that_may_be_passwords_are_hidden(
    scheme: str, server: str, name: str, secret: str, is_first: bool
) -> None:
    option = f"{name}={secret}"
    query = f"{option}&host=db" if is_first else f"host=db&{option}"
    assert not gives_away(without_passwords(f"{scheme}://{server}{'&' if '?' in server else '?'}{query}"))


@given(
    variable=st.sampled_from(["MAIL_URL", "REDIS_URL", "DATABASE_URL"]), scheme=schemes, secret=secrets, server=servers
)
def test_no_error_about_the_settings_repeats_a_password(
    tmp_path_factory: pytest.TempPathFactory, variable: str, scheme: str, secret: str, server: str
) -> None:
    assume(scheme != "sqlite" or not secret.startswith("/"))
    environ = {"CALHOOKS_DATA_DIR": str(tmp_path_factory.getbasetemp()), variable: f"{scheme}://{secret}@{server}"}
    refused = ""
    try:
        Config.from_env(environ)
    except ConfigError as error:
        refused = str(error)
    assert not gives_away(refused)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://rick:p@ss@host/name", "postgresql://…@host/name"),
        ("postgresql://rick@host/name", "postgresql://…@host/name"),
        ("redis://:pass@host:6379/0", "redis://…@host:6379/0"),
        ("redis://secret@h", "redis://…@h"),
        ("smtp://me:secret", "smtp://me:…"),
        ("smtp://me:sec/ret?x", "smtp://me:…?…"),
        ("smtp//rick:p@ss/word@mailhost:587", "smtp//…@mailhost:587"),
        ("rick:secret@mailhost", "…@mailhost"),
        ("redis://host:6379/0?db=1&password=pass", "redis://host:6379/0?db=1&password=…"),
        ("postgresql:///name?user=rick&password=p&host=/run", "postgresql:///name?user=rick&password=…&host=/run"),
        ("postgresql://host/name?password=p@ss", "postgresql://…?…"),
        ("redis://host/0#secret", "redis://host/0#…"),
        ("redis://localhost:6379/0", "redis://localhost:6379/0"),
        ("smtp://[::1]:25", "smtp://[::1]:25"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock"),
        ("sqlite:////home/rick@example.com/calhooks.sqlite3", "sqlite:////home/rick@example.com/calhooks.sqlite3"),
        ("", ""),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert without_passwords(url) == shown


def test_a_url_in_the_message_of_a_library_is_shown_without_its_password() -> None:
    url = "postgresql://rick:it's a secret@host/name"
    text = f"could not connect to '{url}' nor to redis://:secret@host, see https://example.com/help"
    assert without_passwords_in(text, url) == (
        "could not connect to 'postgresql://…@host/name' nor to redis://…@host, see https://example.com/help"
    )


@pytest.mark.parametrize(
    ("variable", "value", "shown"),
    [
        ("SECRET_KEY", "short", "…"),
        ("SECRET_KEY_FALLBACKS", "a,b", "…"),
        ("CALHOOKS_HOST", "smtp://me:secret@host", "smtp://…@host"),
        ("MAIL_FROM", "a@example.com, b@example.com", "a@example.com, b@example.com"),
        ("CALHOOKS_PORT", "http", "http"),
    ],
)
def test_the_value_of_a_variable_is_shown_unless_it_is_secret(variable: str, value: str, shown: str) -> None:
    assert shown_value(variable, value) == shown
