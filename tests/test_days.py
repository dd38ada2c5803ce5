"""The days of tools/on-day, on which the other tests must pass too."""

import calendar
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.running import ROOT

ON_DAY = str(ROOT / "tools" / "on-day")
SAID = re.compile(r"(?P<name>[\w-]+): (?P<moment>\w+ \d+ \w+ \d{4}, \d\d:\d\d) UTC, TZ=(?P<zone>[\w/]+)")


def said(*arguments: str) -> str:
    """Return what tools/on-day prints."""
    return subprocess.run([ON_DAY, *arguments], capture_output=True, text=True, check=True).stdout.strip()


def day(name: str) -> tuple[datetime, str]:
    """Return the moment at which a day begins, and its zone."""
    found = SAID.fullmatch(said(name))
    assert found, said(name)
    return datetime.strptime(found["moment"], "%A %d %B %Y, %H:%M").replace(tzinfo=UTC), found["zone"]


def test_every_day_is_to_come_and_has_its_turn() -> None:
    names = said().split()
    assert said("--turn") in names
    assert all(day(name)[0] > datetime.now(UTC) for name in names)


def test_the_saturday_has_no_working_day_after_it_in_its_month() -> None:
    moment, _ = day("saturday-30")
    assert (moment.weekday(), moment.day) == (calendar.SATURDAY, 30)
    assert calendar.monthrange(moment.year, moment.month)[1] == 31


def test_the_year_and_february_end() -> None:
    assert f"{day('new-years-eve')[0]:%d %B %H:%M}" == "31 December 23:40"
    assert f"{day('leap-day')[0]:%d %B}" == "29 February"


@pytest.mark.parametrize(("name", "hours"), [("clocks-back", -1), ("clocks-forward", 1)])
def test_the_clocks_change_while_the_tests_run(name: str, hours: int) -> None:
    moment, zone = day(name)
    later = moment + timedelta(minutes=3)
    before, after = (each.astimezone(ZoneInfo(zone)).utcoffset() for each in (moment, later))
    assert (zone, after) == ("Europe/London", (before or timedelta()) + timedelta(hours=hours))


def test_in_kiritimati_it_is_tomorrow() -> None:
    moment, zone = day("kiritimati")
    assert zone == "Pacific/Kiritimati"
    assert moment.astimezone(ZoneInfo(zone)).date() > moment.date()


@pytest.mark.skipif(shutil.which("faketime") is None, reason="faketime is not installed")
@pytest.mark.only_on("the machine's clock", "faketime does not run below itself")
def test_a_command_runs_on_its_day_and_what_it_starts_too() -> None:
    command = "import subprocess; subprocess.run(['date', '+%F %Z'])"
    moment, _ = day("clocks-back")
    assert said("clocks-back", "python3", "-c", command) == f"{moment:%F} BST"
