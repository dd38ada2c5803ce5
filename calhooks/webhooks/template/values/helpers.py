"""The helpers: date, default, join, upper, lower, words, truncate, json."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from calhooks.webhooks.template.errors import TemplateError
from calhooks.webhooks.template.nodes import Argument, BodyPlace, Call, Literal, Path
from calhooks.webhooks.template.values import dates
from calhooks.webhooks.template.values.frames import Frame
from calhooks.webhooks.template.values.values import MISSING, json_text, lookup, text_of

Getter = Callable[[Frame], object]
DEFAULT_FORMAT = "medium"
# What a helper counts for in a loop, where printing a variable counts 1.
HELPER_STEPS = 10


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
}


def check_call(source: str, call: Call) -> None:
    """Refuse a call that does not fit its helper. Raises TemplateError."""
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


def _is_length(argument: Argument) -> bool:
    return isinstance(argument, Literal) and type(argument.value) is int and argument.value > 0


def compile_call(call: Call, place: BodyPlace) -> Getter:
    """Return what computes the helper's value."""
    values = [_getter(argument) for argument in call.arguments]
    options = {name: _getter(argument) for name, argument in call.options.items()}
    first = values[0]
    if call.helper == "date":
        return _date(first, options)
    if call.helper == "default":
        return _default(values)
    if call.helper == "join":
        return _join(values, options)
    if call.helper == "upper":
        return _change(first, str.upper)
    if call.helper == "lower":
        return _change(first, str.lower)
    if call.helper == "words":
        return _change(first, _words)
    if call.helper == "truncate":
        return _truncate(first, values[1])
    return first if place is BodyPlace.JSON_VALUE else lambda frame: _json(first(frame))


def path_getter(path: Path) -> Getter:
    """Return what looks a path up."""
    if path.depth or path.data or path.from_root:
        return lambda frame: frame.find(path)
    segments = path.segments
    return lambda frame: lookup(frame.this, segments)


def _getter(argument: Argument) -> Getter:
    if isinstance(argument, Path):
        return path_getter(argument)
    value = argument.value
    return lambda _frame: value


def _date(value: Getter, options: dict[str, Getter]) -> Getter:
    def date(frame: Frame) -> object:
        moment = value(frame)
        if not isinstance(moment, str):
            return moment
        person = options["for"](frame) if "for" in options else lookup(frame.root, ("organizer",))
        zone = options["zone"](frame) if "zone" in options else lookup(person, ("timeZone",))
        locale = options["locale"](frame) if "locale" in options else lookup(person, ("language", "locale"))
        form = options["format"](frame) if "format" in options else DEFAULT_FORMAT
        return dates.write_time(moment, text_of(zone), text_of(locale), text_of(form))

    return date


def _default(values: list[Getter]) -> Getter:
    def default(frame: Frame) -> object:
        value: object = MISSING
        for get in values:
            value = get(frame)
            if not _is_empty(value):
                break
        return value

    return default


def _join(values: list[Getter], options: dict[str, Getter]) -> Getter:
    fields = [options[name] for name in ("field", "or") if name in options]

    def name(item: object, frame: Frame) -> str:
        for option in fields:
            text = text_of(lookup(item, tuple(text_of(option(frame)).split("."))))
            if text:
                return text
        return "" if fields else text_of(item)

    def join(frame: Frame) -> object:
        value = values[0](frame)
        items = list(value.values()) if isinstance(value, dict) else value
        if not isinstance(items, list):
            return value
        names = [text for text in (name(item, frame) for item in items) if text]
        separator = text_of(values[1](frame)) if len(values) > 1 else ", "
        if "last" in options and len(names) > 1:
            names[-2:] = [names[-2] + text_of(options["last"](frame)) + names[-1]]
        return separator.join(names)

    return join


def _change(value: Getter, change: Callable[[str], str]) -> Getter:
    def changed(frame: Frame) -> object:
        found = value(frame)
        return change(found) if isinstance(found, str) else found

    return changed


def _words(name: str) -> str:
    """Return a name such as BOOKING_CREATED as people say it."""
    return name.replace("_", " ").lower().capitalize()


def _truncate(value: Getter, most: Getter) -> Getter:
    def truncated(frame: Frame) -> object:
        found, length = value(frame), most(frame)
        if not isinstance(found, str) or not isinstance(length, int) or len(found) <= length:
            return found
        return f"{found[: length - 1]}…"

    return truncated


def _json(value: object) -> str:
    return "" if value is MISSING else json_text(value)


def _is_empty(value: object) -> bool:
    return value is MISSING or value is None or value == "" or value == [] or value == {}
