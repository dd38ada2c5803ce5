from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from calhooks.zones import UnknownZone, canonical_zone, zone_groups, zone_info

WINTER = datetime(2026, 1, 15, tzinfo=UTC)
SUMMER = datetime(2026, 7, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("Asia/Kolkata", "Asia/Kolkata"),
        ("Europe/Kiev", "Europe/Kyiv"),
        ("America/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("Asia/Katmandu", "Asia/Kathmandu"),
        ("US/Eastern", "America/New_York"),
        ("Etc/UTC", "UTC"),
        ("GMT", "UTC"),
        ("Etc/GMT+5", "Etc/GMT+5"),
        (" europe/london ", "Europe/London"),
    ],
)
def test_a_zone_is_stored_under_the_name_it_has_today(name: str, stored: str) -> None:
    assert canonical_zone(name) == stored


@pytest.mark.parametrize("name", ["Europe/Amsterdam", "Europe/Oslo", "Atlantic/Reykjavik", "Asia/Kuala_Lumpur"])
def test_a_country_keeps_its_own_name_though_it_shares_a_neighbours_rules(name: str) -> None:
    assert canonical_zone(name) == name


@pytest.mark.parametrize(("old", "today"), [("Iceland", "Atlantic/Reykjavik"), ("Pacific/Ponape", "Pacific/Pohnpei")])
def test_an_old_name_leads_to_its_own_country(old: str, today: str) -> None:
    assert canonical_zone(old) == today


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Mars/Olympus",
        "../../etc/passwd",
        "Factory",
        "localtime",
        "Europe/London\0",
        "x" * 10_000,
        "/",
        "Europe",
    ],
)
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(UnknownZone) as refused:
        canonical_zone(name)
    assert len(str(refused.value)) < 120


def test_the_picker_lists_every_place_once_under_its_region() -> None:
    groups = zone_groups(WINTER)
    names = [choice.name for group in groups for choice in group.choices]
    assert groups[0].choices[0].name == "UTC"
    assert len(names) == len(set(names)) > 400
    assert {"Europe/London", "Asia/Kolkata", "Europe/Amsterdam"} <= set(names)
    assert "Asia/Calcutta" not in names
    assert all(canonical_zone(name) == name for name in names)


def test_the_picker_shows_the_offsets_of_the_moment() -> None:
    def offsets(at: datetime) -> dict[str, str]:
        return {choice.name: choice.offset for group in zone_groups(at) for choice in group.choices}

    winter, summer = offsets(WINTER), offsets(SUMMER)
    assert (winter["Europe/London"], summer["Europe/London"]) == ("GMT+0", "GMT+1")
    assert winter["Asia/Kathmandu"] == "GMT+5:45"
    assert winter["America/St_Johns"] == "GMT-3:30"
    assert winter["Pacific/Marquesas"] == "GMT-9:30"


def test_the_picker_writes_places_as_people_read_them() -> None:
    places = {choice.name: choice.place for group in zone_groups(WINTER) for choice in group.choices}
    assert places["America/Argentina/Buenos_Aires"] == "Argentina, Buenos Aires"
    assert places["Asia/Ho_Chi_Minh"] == "Ho Chi Minh"


def test_the_rules_are_those_of_the_pinned_tzdata() -> None:
    assert zone_info("Asia/Calcutta") is zone_info("Asia/Kolkata")
    assert isinstance(zone_info("Europe/Berlin"), ZoneInfo)
    assert SUMMER.astimezone(zone_info("Europe/Berlin")).hour == 2
