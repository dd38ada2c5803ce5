"""What the project promises about itself, so that no promise has to be remembered."""

import ast
import importlib.metadata
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "calhooks"
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST_MODULE_LINES = 300

# From the bottom up. A module may import from its own room and from those below.
ROOMS = (
    ("config", "datadir", "db", "clock", "ids", "events", "zones", "locales"),
    ("egress",),
    ("accounts",),
    ("mail",),
    ("delivery",),
    ("webhooks",),
    ("scheduling",),
    ("web", "cli", "jobs", "worker", "scheduler", "supervisor"),
    ("", "migrations"),
)
# Libraries that have their place, and the places.
KEPT_TO = {
    "redis": ("config.py", "delivery/queue/", "jobs.py", "worker.py", "scheduler.py", "web/site/rate_limits.py"),
    "rq": ("delivery/queue/", "jobs.py", "worker.py", "scheduler.py"),
    "requests": ("delivery/", "egress/"),
    "urllib3": ("delivery/", "egress/"),
    "flask_wtf": ("web/",),
    "wtforms": ("web/",),
    "flask.request": ("web/",),
    "flask.session": ("web/",),
    "flask.g": ("web/",),
}


def imports(path: Path) -> Iterator[str]:
    """Give the dotted name of everything that a module imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def floor_of(room: str) -> int:
    """Return how high a room lies."""
    found = [floor for floor, rooms in enumerate(ROOMS) if room in rooms]
    assert found, f"calhooks/{room} is in no room: give it one in ROOMS"
    return found[0]


def rooms_imported(path: Path) -> Iterator[str]:
    """Give the rooms of ours that a module imports from; the package itself counts for none."""
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "calhooks" and len(parts) > 1 and not parts[1].startswith("_") and parts[1] != "create_app":
            yield parts[1]


def inside(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def test_imports_go_down_only() -> None:
    upward = []
    for path in MODULES:
        own = path.relative_to(PACKAGE).with_suffix("").parts[0].replace("__init__", "")
        higher = [room for room in rooms_imported(path) if floor_of(room) > floor_of(own)]
        upward += [f"{inside(path)} imports {room}" for room in higher]
    assert upward == []


def test_libraries_stay_in_their_places() -> None:
    strays = []
    for path in MODULES:
        for name in imports(path):
            places = KEPT_TO.get(name) or KEPT_TO.get(name.split(".")[0])
            if places and not inside(path).startswith(places):
                strays.append(f"{inside(path)} imports {name}")
    assert strays == []


def test_only_the_settings_read_the_environment() -> None:
    readers = [path for path in MODULES if re.search(r"\bos\.(environ|getenv)\b|import environ", path.read_text())]
    assert [inside(path) for path in readers] == ["config.py"]


def test_every_module_can_be_held_in_the_head() -> None:
    lengths = {inside(path): len(path.read_text().splitlines()) for path in MODULES}
    long = {name for name, lines in lengths.items() if lines > LONGEST_MODULE_LINES}
    assert {name for name in long if not name.startswith("migrations/")} == set()


def test_every_ignore_carries_its_reason() -> None:
    reasoned = re.compile(r"# (type: ignore\[[\w, -]+\]|noqa: [A-Z0-9, ]+?)(  # | - | \()\S+")
    bare = [
        f"{inside(path)}: {line.strip()}"
        for path in MODULES
        for line in path.read_text().splitlines()
        if ("type: ignore" in line or "noqa" in line) and not reasoned.search(line)
    ]
    assert bare == []


def test_the_supervisor_does_not_load_the_application() -> None:
    code = "import sys, calhooks.supervisor; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert loaded & {"flask", "sqlalchemy", "redis", "requests", "jinja2"} == set()


def test_every_route_has_an_access_rule(app: Flask) -> None:
    rules = ("public", "signed_in", "admin_only")
    bare = [
        f"{rule} ({rule.endpoint})"
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static" and getattr(app.view_functions[rule.endpoint], "access_rule", None) not in rules
    ]
    assert bare == []


# Requirements


def pinned(name: str) -> list[Requirement]:
    lines = [line.strip() for line in (ROOT / name).read_text().splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-r "))]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned(name: str) -> None:
    for requirement in pinned(name):
        assert re.fullmatch(r"==[\w.]+", str(requirement.specifier)), requirement


def test_what_the_requirements_need_is_pinned_too() -> None:
    everything = pinned("requirements.txt") + pinned("requirements-dev.txt")
    ours = {canonicalize_name(requirement.name) for requirement in everything}
    missing = set()
    for requirement in everything:
        if requirement.marker is None or requirement.marker.evaluate():
            for text in importlib.metadata.requires(requirement.name) or []:
                needed = Requirement(text)
                if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                    missing.add(canonicalize_name(needed.name))
    assert missing - ours == set()


def test_what_is_installed_is_what_is_pinned() -> None:
    for requirement in pinned("requirements.txt") + pinned("requirements-dev.txt"):
        if requirement.marker is None or requirement.marker.evaluate():
            assert requirement.specifier.contains(importlib.metadata.version(requirement.name)), requirement
