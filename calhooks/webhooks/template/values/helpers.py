"""The helpers: date, default, join, upper, lower, words, truncate, json, and the escapes of markup.py."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from calhooks.webhooks.template.errors import TemplateError
from calhooks.webhooks.template.nodes import Argument, BodyPlace, Call, Literal, Path
from calhooks.webhooks.template.values import dates
from calhooks.webhooks.template.values.frames import Frame
from calhooks.webhooks.template.values.markup import MARKUPS, Markup
from calhooks.webhooks.template.values.meter import (
    DATE_FIELD_UNITS,
    DATE_UNITS,
    FIELD_CHARACTERS,
    STEP_UNITS,
    cost_of_case,
    cost_of_segments,
    cost_of_text,
)
from calhooks.webhooks.template.values.values import MISSING, json_text, lookup, text_of

Getter = Callable[[Frame], object]
DEFAULT_FORMAT = "medium"
# More than any moment, name of a time zone or language tag has.
MAX_DATE_ARGUMENT_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Signature:
    """How a helper is called. `options` are checked when they are written as text: they return what is wrong."""

    usage: str
    least: int
    most: int
    options: Mapping[str, Callable[[str], str | None]] = field(default_factory=dict)


def _anything(_text: str) -> None:
    return None


SIGNATURES = {
    "date": Signature(
        '{{date startTime format="full" zone="Europe/Paris" locale="fr"}} or {{date startTime for=attendees.0}}',
        1,
        1,
        {
            "format": dates.format_problem,
            "zone": dates.zone_problem,
            "locale": dates.locale_problem,
            "for": lambda _text: "for= takes a person, such as for=attendees.0, without quotation marks.",
        },
    ),
    "default": Signature('{{default location "to be agreed"}}', 2, 10),
    "join": Signature(
        '{{join attendees ", " field="name"}}',
        1,
        2,
        dict.fromkeys(("field", "or", "last"), _anything),
    ),
    "upper": Signature("{{upper title}}", 1, 1),
    "lower": Signature("{{lower title}}", 1, 1),
    "words": Signature("{{words triggerEvent}}", 1, 1),
    "truncate": Signature("{{truncate title 80}}", 2, 2),
    "json": Signature("{{json metadata}}", 1, 1),
    **{name: Signature(f"{{{{{name} title}}}}", 1, 1) for name in MARKUPS},
}


def check_call(source: str, call: Call) -> None:
    """Refuse a call that does not fit its helper, and calls inside it. Raises TemplateError."""
    signature = SIGNATURES[call.helper]
    if not signature.least <= len(call.arguments) <= signature.most:
        raise TemplateError.at(source, call.at, f"{call.helper} is written like this: {signature.usage}.")
    if call.helper == "truncate" and not _is_length(call.arguments[1]):
        usage = f"truncate takes how many characters to keep, at least 1: {signature.usage}."
        raise TemplateError.at(source, call.arguments[1].at, usage)
    for name, value in call.options.items():
        if name not in signature.options:
            known = " and ".join(f"{option}=" for option in signature.options) or "no options"
            message = f"{call.helper} does not know {name}=. It takes {known}: {signature.usage}."
            raise TemplateError.at(source, value.at, message)
        if isinstance(value, Literal):
            problem = signature.options[name](text_of(value.value))
            if problem:
                raise TemplateError.at(source, value.at, problem)
        elif name == "format":
            raise TemplateError.at(source, value.at, 'format= takes a text in quotation marks, such as format="full".')
    for argument in (*call.arguments, *call.options.values()):
        if isinstance(argument, Call):
            check_call(source, argument)


def _is_length(argument: Argument) -> bool:
    return isinstance(argument, Literal) and type(argument.value) is int and argument.value > 0


def compile_call(call: Call, place: BodyPlace) -> Getter:
    """Return what computes the helper's value. Its work is charged to the meter of its frame."""
    values = [_getter(argument) for argument in call.arguments]
    options = {name: _getter(argument) for name, argument in call.options.items()}
    first, at = values[0], call.at
    if call.helper == "date":
        return _date(first, options, at)
    if call.helper == "default":
        return _default(values)
    if call.helper == "join":
        return _join(values, options, at)
    if call.helper in _CHANGES:
        return _change(first, _CHANGES[call.helper], at)
    if call.helper == "truncate":
        return _truncate(first, values[1], at)
    if call.helper in MARKUPS:
        return _markup(first, MARKUPS[call.helper], at)
    return first if place in (BodyPlace.JSON_VALUE, BodyPlace.FORM_JSON_VALUE) else _as_json(first, at)


def path_getter(path: Path) -> Getter:
    """Return what looks a path up."""
    if path.depth or path.data or path.from_root:
        return lambda frame: frame.find(path)
    segments = path.segments
    return lambda frame: lookup(frame.this, segments)


def _getter(argument: Argument) -> Getter:
    if isinstance(argument, Path):
        return path_getter(argument)
    if isinstance(argument, Call):
        return compile_call(argument, BodyPlace.TEXT)
    value = argument.value
    return lambda _frame: value


def _date(value: Getter, options: dict[str, Getter], at: int) -> Getter:
    def date(frame: Frame) -> object:
        moment = value(frame)
        if not isinstance(moment, str) or len(moment) > MAX_DATE_ARGUMENT_LENGTH:
            return moment
        person = options["for"](frame) if "for" in options else lookup(frame.root, ("organizer",))
        zone = options["zone"](frame) if "zone" in options else lookup(person, ("timeZone",))
        locale = options["locale"](frame) if "locale" in options else lookup(person, ("language", "locale"))
        form = text_of(options["format"](frame)) if "format" in options else DEFAULT_FORMAT
        wanted = moment, _date_argument(zone), _date_argument(locale), form
        if wanted not in frame.meter.dates:
            frame.meter.spend(DATE_UNITS + DATE_FIELD_UNITS * dates.count_fields(form), at)
            frame.meter.dates.add(wanted)
        return dates.write_time(*wanted)

    return date


def _date_argument(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= MAX_DATE_ARGUMENT_LENGTH else ""


def _default(values: list[Getter]) -> Getter:
    def default(frame: Frame) -> object:
        value: object = MISSING
        for get in values:
            value = get(frame)
            if not _is_empty(value):
                break
        return value

    return default


def _join(values: list[Getter], options: dict[str, Getter], at: int) -> Getter:
    fields = [options[name] for name in ("field", "or") if name in options]

    def join(frame: Frame) -> object:
        value = values[0](frame)
        items = list(value.values()) if isinstance(value, dict) else value
        if not isinstance(items, list):
            return value
        meter, written = frame.meter, [text_of(field(frame)) for field in fields]
        meter.spend(sum(map(len, written)) // FIELD_CHARACTERS, at)
        paths = [tuple(text.split(".")) for text in written]
        meter.spend(len(items) * (STEP_UNITS + sum(map(cost_of_segments, paths))), at)
        names = []
        for item in items:
            text = _name(item, paths)
            meter.spend(cost_of_text(text), at)
            names += [text] if text else []
        separator = text_of(values[1](frame)) if len(values) > 1 else ", "
        meter.spend(cost_of_text(separator) * (1 + len(names)), at)
        if "last" in options and len(names) > 1:
            names[-2:] = [names[-2] + text_of(options["last"](frame)) + names[-1]]
        return separator.join(names)

    return join


def _name(item: object, paths: list[tuple[str, ...]]) -> str:
    """Return the first text that one of the paths leads to, or the item itself where there are none."""
    for path in paths:
        text = text_of(lookup(item, path))
        if text:
            return text
    return "" if paths else text_of(item)


def _change(value: Getter, change: Callable[[str], str], at: int) -> Getter:
    def changed(frame: Frame) -> object:
        found = value(frame)
        if not isinstance(found, str):
            return found
        frame.meter.spend(cost_of_case(found), at)
        return change(found)

    return changed


def _words(name: str) -> str:
    """Return a name such as BOOKING_CREATED as people say it."""
    return name.replace("_", " ").lower().capitalize()


_CHANGES: Mapping[str, Callable[[str], str]] = {"upper": str.upper, "lower": str.lower, "words": _words}


def _truncate(value: Getter, most: Getter, at: int) -> Getter:
    def truncated(frame: Frame) -> object:
        found, length = value(frame), most(frame)
        if not isinstance(found, str) or not isinstance(length, int) or len(found) <= length:
            return found
        kept = found[: length - 1]
        frame.meter.spend(cost_of_text(kept), at)
        return f"{kept}…"

    return truncated


def _markup(value: Getter, markup: Markup, at: int) -> Getter:
    def escaped(frame: Frame) -> object:
        found = value(frame)
        if isinstance(found, dict | list | tuple):
            found = text_of(found)
            frame.meter.spend(cost_of_text(found), at)
        if not isinstance(found, str):
            return found
        frame.meter.spend(markup.cost(found), at)
        written = markup.escape(found)
        frame.meter.spend(cost_of_text(written), at)
        return written

    return escaped


def _as_json(value: Getter, at: int) -> Getter:
    def json(frame: Frame) -> str:
        found = value(frame)
        text = "" if found is MISSING else json_text(found)
        frame.meter.spend(cost_of_text(text), at)
        return text

    return json


def _is_empty(value: object) -> bool:
    return value is MISSING or value is None or value == "" or value == [] or value == {}
