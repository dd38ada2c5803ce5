"""Passwords and tokens hidden in URLs that are shown in a terminal or a log, in malformed URLs too."""

import re

_MASK = "…"
SECRET_VARIABLES = ("SECRET_KEY", "SECRET_KEY_FALLBACKS")
# What may stand before the two slashes; also where the colon was forgotten.
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://|(?:smtps?|rediss?|postgres(?:ql)?|sqlite|unix|https?)//", re.IGNORECASE)
_SERVER = re.compile(r"(\[[^\]]*\]|[^:/?#\s]+)(?::\d{0,5})?")
_DATABASE_NUMBER = re.compile(r"/?\d*")
_URL_IN_TEXT = re.compile(r"[a-z][a-z0-9+.-]*://[^\s'\"<>`]+", re.IGNORECASE)
# Of all others the value is hidden: it may be a password under any name.
_SHOWN = """
    application_name channel_binding client_encoding connect_timeout db dbname health_check_interval host hostaddr mode
    port protocol socket_connect_timeout socket_timeout ssl_cert_reqs sslmode target_session_attrs timeout user
"""
_SHOWN_OPTIONS = frozenset(_SHOWN.split())
# Paths of this site whose next part lets somebody in; also inside a query, where slashes are encoded.
_TOKEN_IN_PATH = re.compile(r"((?:/|%2f)(?:auth(?:/|%2f)link|invitations|calendar)(?:/|%2f))[\w-]+", re.IGNORECASE)
_HIDDEN_OPTIONS = frozenset(("password", "passfile", "sslpassword", "username"))


def shown_value(variable: str, value: str) -> str:
    """Return the value of an environment variable as it may be shown."""
    if variable in SECRET_VARIABLES:
        return _MASK
    return without_passwords(value) if variable.endswith("_URL") or "://" in value else value


def without_passwords(url: str) -> str:
    """Return a URL without what is between its scheme and its host, and without options that may be passwords.

    What cannot be told from a password is hidden too, such as "secret" in smtp://me:secret, which has no host.
    """
    match = _SCHEME.match(url)
    scheme = match[0] if match else ""
    body, mark, tail = _split(url[len(scheme) :])
    if "@" in tail:
        # Whether the @ ends a password or is a part of an option cannot be told.
        return f"{scheme}{_MASK}{mark}{_MASK}"
    return scheme + _without_user(scheme, body) + mark + _without_secrets(mark, tail)


def without_passwords_in(text: str, *urls: str) -> str:
    """Return a text, such as the message of an error, with every URL in it `without_passwords`.

    `urls` are found although they have spaces or quotes in them.
    """
    for url in urls:
        text = text.replace(url, without_passwords(url))
    return _URL_IN_TEXT.sub(lambda found: without_passwords(found[0]), text)


def without_tokens(text: str) -> str:
    """Return a text, such as a line of the log, without the tokens of one-time links, invitations and feeds in it."""
    return _TOKEN_IN_PATH.sub(rf"\1{_MASK}", text)


def _split(rest: str) -> tuple[str, str, str]:
    """Split before the first ? or #."""
    match = re.search(r"[?#]", rest)
    return (rest, "", "") if match is None else (rest[: match.start()], match[0], rest[match.end() :])


def _without_user(scheme: str, body: str) -> str:
    if scheme.lower() == "sqlite://" and body.startswith("/"):
        # A path, which may have an @ in it; there are no users.
        return body
    if "@" in body:
        return f"{_MASK}@{body.rpartition('@')[2]}"
    if body.startswith("/") and _may_have_path(scheme):
        return body
    server = _SERVER.match(body)
    if server is None:
        return _MASK if body else ""
    path = body[server.end() :]
    if not path or (path.startswith("/") and (_may_have_path(scheme) or _DATABASE_NUMBER.fullmatch(path))):
        return body
    colon = ":" if body.startswith(f"{server[1]}:") else ""
    return f"{server[1]}{colon}{_MASK}"


def _may_have_path(scheme: str) -> bool:
    return not scheme.lower().startswith(("smtp", "redis"))


def _without_secrets(mark: str, tail: str) -> str:
    if mark != "?":
        return _MASK if tail else ""
    return "&".join(_option(part) for part in tail.split("&")) if tail else ""


def _option(text: str) -> str:
    name, equals, value = text.partition("=")
    if equals and name in _SHOWN_OPTIONS and not re.search(r"[#?;]", value):
        return text
    return f"{name}={_MASK}" if equals and name in _SHOWN_OPTIONS | _HIDDEN_OPTIONS else _MASK
