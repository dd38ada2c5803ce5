"""Time zones: the names that are accepted, under the one name that is stored, and the list to pick from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from types import MappingProxyType
from zoneinfo import ZoneInfo

# Old names that tzdata.zi links to a neighbour with the same clock; IANA's `backward` file notes their own new ones.
RENAMED = {
    "Africa/Asmera": "Africa/Asmara",
    "Africa/Timbuktu": "Africa/Bamako",
    "America/Coral_Harbour": "America/Atikokan",
    "America/Virgin": "America/St_Thomas",
    "Antarctica/South_Pole": "Antarctica/McMurdo",
    "Atlantic/Jan_Mayen": "Arctic/Longyearbyen",
    "Iceland": "Atlantic/Reykjavik",
    "Pacific/Ponape": "Pacific/Pohnpei",
    "Pacific/Truk": "Pacific/Chuuk",
    "Pacific/Yap": "Pacific/Chuuk",
}
UTC_NAMES = ("Etc/UTC", "Etc/GMT")
NOT_A_PLACE = "Factory"


class UnknownZone(ValueError):
    """A name that is no IANA time zone."""


@dataclass(frozen=True, slots=True)
class ZoneChoice:
    """One entry of the picker: the name to submit, the place, and its offset from UTC at the moment ("GMT+5:30")."""

    name: str
    place: str
    offset: str


@dataclass(frozen=True, slots=True)
class ZoneGroup:
    """The entries of one region ("Africa")."""

    region: str
    choices: tuple[ZoneChoice, ...]


def canonical_zone(name: str) -> str:
    """Return the name under which a zone is stored: today's for an old one (Asia/Calcutta), "UTC" for its many names.

    Letter case does not matter. Raises UnknownZone.
    """
    try:
        return _canonical()[name.strip().lower()]
    except KeyError:
        raise UnknownZone(f"“{name[:64]}” is not a time zone.") from None


def zone_info(name: str) -> ZoneInfo:
    """Return the rules of a zone, from the pinned tzdata and not from the machine's own. Raises UnknownZone."""
    return _load(canonical_zone(name))


def zone_groups(at: datetime) -> list[ZoneGroup]:
    """Return every place's zone, grouped by region and sorted, with the offsets of one moment. UTC comes first."""
    groups: dict[str, list[ZoneChoice]] = {}
    for name in sorted(_places()):
        region, _, place = name.partition("/")
        groups.setdefault(region, []).append(
            ZoneChoice(name, place.replace("_", " ").replace("/", ", "), offset_label(name, at))
        )
    utc = ZoneGroup("UTC", (ZoneChoice("UTC", "UTC", "GMT+0"),))
    return [utc, *(ZoneGroup(region, tuple(choices)) for region, choices in groups.items())]


def offset_label(name: str, at: datetime) -> str:
    """Return a zone's offset at a moment as people write it: "GMT+5:30", "GMT-3", "GMT+0"."""
    offset = at.astimezone(zone_info(name)).utcoffset()
    minutes = 0 if offset is None else int(offset.total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return f"GMT{sign}{hours}:{rest:02}" if rest else f"GMT{sign}{hours}"


@cache
def _load(name: str) -> ZoneInfo:
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as rules:
        return ZoneInfo.from_file(rules, key=name)


@cache
def _places() -> frozenset[str]:
    """The zones of zone.tab: one or more for each country, each under its own name even where two share their rules."""
    lines = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8").splitlines()
    return frozenset(line.split("\t")[2] for line in lines if not line.startswith("#"))


@cache
def _canonical() -> Mapping[str, str]:
    """Every accepted name in lower case, with the one that is stored."""
    places = _places()
    names: dict[str, str] = {place: place for place in places}
    links: dict[str, str] = {}
    for line in resources.files("tzdata").joinpath("zoneinfo", "tzdata.zi").read_text("utf-8").splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "Z":
            zone = rest.split()[0]
            names.setdefault(zone, zone)
        elif kind == "L":
            target, alias = rest.split()
            links[alias] = target
    del names[NOT_A_PLACE]
    for alias in links.keys() - places:
        target = RENAMED.get(alias, links[alias])
        while target in links and target not in places:
            target = links[target]
        names[alias] = target
    return MappingProxyType({name.lower(): "UTC" if target in UTC_NAMES else target for name, target in names.items()})
