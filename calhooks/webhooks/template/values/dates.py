"""Write a time the way people in a place write it, by the Unicode Consortium's tables (babel)."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import PATTERN_CHARS, format_date, format_datetime, format_time, get_datetime_format

from calhooks.zones import UnknownZone, zone_info

STYLES = ("short", "medium", "long", "full")
NAMES = {*STYLES, "iso", "unix", *(f"{style} {part}".lstrip() for style in ("", *STYLES) for part in ("date", "time"))}
# What babel has a value for; for O it writes None.
PATTERN_LETTERS = set(PATTERN_CHARS) - {"O"}
MAX_FORMAT_LENGTH = 100
QUOTED = re.compile(r"'[^']*'")
FIELDS = re.compile(r"([A-Za-z])\1*")
QUOTED_PART = re.compile(r"('[^']*')")
DAY_OR_YEAR, HOUR, SECOND = "dyE", "hHkK", "s"
# What AM or PM is written after; M is there for minutes by mistake.
AFTER_CLOCK = "hHkKmsM"
# What a named format counts for.
NAMED_FIELDS = 6
# What babel raises for a pattern that it does not know, a word that a language lacks, and a week that has no date.
BABEL_FAILS = (ValueError, LookupError, ArithmeticError, AttributeError, TypeError, NotImplementedError)
SAMPLE = datetime(2026, 3, 5, 9, tzinfo=UTC)
ACCEPTED_FORMATS = (
    "short, medium, long, full, date, time, iso, unix, one of the styles with date or time (“full date”), "
    "or a pattern such as EEEE d MMMM y 'at' HH:mm, with words between single quotation marks"
)


def format_problem(form: str) -> str | None:
    """Say what is wrong with a format, or None."""
    letters = QUOTED.sub("", form)
    if "Y" in letters or "D" in letters:
        return f"In a format, Y and D count weeks and days of the year. Write {_small(form)}, with a small y and d."
    unknown = set(re.findall("[A-Za-z]", letters)) - PATTERN_LETTERS
    if len(form) <= MAX_FORMAT_LENGTH and (form in NAMES or not unknown):
        try:
            if _write(SAMPLE, Locale("en"), form):
                return None
        except BABEL_FAILS:
            pass
    return f"“{form[:MAX_FORMAT_LENGTH]}” is not a format. There are {ACCEPTED_FORMATS}."


def _small(form: str) -> str:
    """Return a pattern with its years and days in small letters, an example where that is no format."""
    parts = QUOTED_PART.split(form)
    parts[::2] = [part.replace("Y", "y").replace("D", "d") for part in parts[::2]]
    small = "".join(parts)
    return "yyyy-MM-dd" if format_problem(small) else probable_format(small) or small


def probable_format(form: str) -> str | None:
    """Return what a pattern probably means that has minutes for a month, a month for minutes or A for a, or None."""
    if form in NAMES:
        return None
    letters = QUOTED.sub(lambda quoted: "'" * len(quoted[0]), form)
    fields = [(" ", 0, 0), *((found[1], *found.span()) for found in FIELDS.finditer(letters)), (" ", 0, 0)]
    meant = form
    for (before, _, end), (letter, start, stop), (after, _, _) in zip(fields, fields[1:], fields[2:], strict=False):
        beside = before + after
        is_timed = before in HOUR or after in SECOND
        if letter == "m" and not is_timed and any(other in DAY_OR_YEAR for other in beside):
            meant = f"{meant[:start]}{'M' * (stop - start)}{meant[stop:]}"
        elif letter == "M" and stop - start <= 2 and before in HOUR and letters[end:start] == ":":
            meant = f"{meant[:start]}{'m' * (stop - start)}{meant[stop:]}"
        elif letter == "A" and stop - start == 1 and before in AFTER_CLOCK:
            meant = f"{meant[:start]}a{meant[stop:]}"
    return None if meant == form else meant


def zone_problem(zone: str) -> str | None:
    """Say what is wrong with the name of a time zone, or None."""
    return None if _zone(zone) else f"{zone} is not a time zone. Write one such as Europe/Paris."


def locale_problem(locale: str) -> str | None:
    """Say what is wrong with the name of a locale, or None."""
    return None if _known_locale(locale) else f"{locale} is not a language. Write one such as en, en-GB or de."


@lru_cache(1024)
def count_fields(form: str) -> int:
    """Return how many parts of a date a format writes."""
    return NAMED_FIELDS if form in NAMES else len(FIELDS.findall(QUOTED.sub("", form)))


@lru_cache(4096)
def write_time(text: str, zone: str, locale: str, form: str) -> str:
    """Return the ISO 8601 time `text` in a zone and locale; unknown ones, and words a locale lacks, are UTC and en.

    `text` comes back unchanged when it is not a time, or one that babel cannot write, such as a week after year 9999.
    """
    try:
        moment = datetime.fromisoformat(text)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(_zone(zone) or UTC)
    except (ValueError, OverflowError):
        return text
    english = Locale("en")
    for language in (_known_locale(locale) or english, english):
        with suppress(*BABEL_FAILS):
            return _write(moment, language, form)
    return text


def _write(moment: datetime, locale: Locale, form: str) -> str:
    """Return a moment in its own zone. Raises one of BABEL_FAILS."""
    if form == "iso":
        return moment.isoformat(timespec="seconds")
    if form == "unix":
        return str(int(moment.timestamp()))
    # English has a narrow space before AM, which many a chat and terminal shows as a box.
    return _by_babel(moment, locale, form).replace("\u202f", " ")


def _by_babel(moment: datetime, locale: Locale, form: str) -> str:
    style, _, part = form.rpartition(" ")
    if form in STYLES:
        joined = str(get_datetime_format("medium", locale)).replace("'", "")
        date, time = format_date(moment, form, locale), format_time(moment, "short", moment.tzinfo, locale)
        return joined.replace("{1}", date).replace("{0}", time)
    if part == "date" and style in ("", *STYLES):
        return format_date(moment, style or "medium", locale)
    if part == "time" and style in ("", *STYLES):
        return format_time(moment, style or "short", moment.tzinfo, locale)
    return format_datetime(moment, form, moment.tzinfo, locale)


@lru_cache(1024)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return zone_info(name)
    except UnknownZone:
        return None


@lru_cache(1024)
def _known_locale(name: str) -> Locale | None:
    """Return the closest locale there is: for xx-YY also plain xx."""
    for candidate in (name, name.partition("-")[0]):
        try:
            return Locale.parse(candidate, sep="-")
        except (ValueError, UnknownLocaleError, TypeError, AttributeError):
            continue
    return None
