"""A browser's name in words, such as "Firefox on Windows", for people to recognise their sessions by."""

from calhooks.text import shortened

MAX_CLIENT_LENGTH = 60
UNKNOWN_CLIENT = "Unknown browser"

# The first match counts: most browsers name others, and Android names Linux.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Vivaldi", "Vivaldi"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("Chrom", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def client_name(user_agent: str) -> str:
    """Return the browser and system that a User-Agent header names; of any other program its own first word."""
    browser, system = _first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent)
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or shortened(user_agent.partition(" ")[0], MAX_CLIENT_LENGTH) or UNKNOWN_CLIENT


def _first(names: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for mark, name in names if mark in user_agent), "")
