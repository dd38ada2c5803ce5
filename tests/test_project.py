"""What the project promises about itself, so that no promise has to be remembered."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "calhooks"
MODULES = sorted(PACKAGE.rglob("*.py"))
MAX_MODULE_LINES = 300
MAX_VIEW_LINES = 20
MAX_PARAMETERS = 6
# The same everywhere by convention: of Flask, of logging, of the packages in web/, and of the databases in db/.
NAMES_BY_CONVENTION = (
    *("blueprint", "init_app", "log", "PAGES", "TEAM_PAGES"),
    *("engine_options", "prepare_engine", "cannot_store"),
)

# From the bottom up. A package or module may import from its own floor and from those below.
FLOORS = (
    ("config", "datadir", "db", "clock", "ids", "events", "zones", "locales", "logs", "text"),
    ("server",),
    ("egress", "encryption"),
    ("accounts",),
    ("mail",),
    ("delivery",),
    ("webhooks",),
    ("scheduling",),
    ("web", "cli", "jobs", "worker", "scheduler", "supervisor"),
    ("", "migrations"),
)
# Inside a package the same, but for one thing: what lies on one floor does not import each other either.
INNER_FLOORS = {
    "delivery": (
        ("models", "counting", "sending", "pace"),
        ("tables", "notices", "queue", "endpoint_state", "run_counts", "processes", "key_pairs"),
        ("outbox", "by_hand"),
        ("endpoints", "status", "pump", "team_events"),
        ("upkeep", "lost_secrets", "resending", "pausing", "choosing"),
    ),
    "webhooks": (
        ("models", "template"),
        ("body", "notices", "slots"),
        ("filters",),
        ("settings",),
        ("dispatch", "resend", "editor", "run_progress", "elsewhere"),
        ("runs",),
    ),
    "webhooks/template": (("errors", "nodes"), ("values",), ("syntax", "proof"), ("render",)),
    "scheduling": (
        ("models", "errors"),
        ("fields", "locking", "calendars"),
        ("event_types", "notifications"),
        ("availability",),
        ("assignment",),
        ("bookings", "defaults", "teams"),
    ),
    "web": (
        ("http",),
        ("site", "forms"),
        ("accounts", "operations", "wording"),
        ("public", "scheduling", "teams", "webhooks"),
    ),
}
MAX_FILES_IN_A_FOLDER = 15
# Libraries that have their place, and the places.
KEPT_TO = {
    "redis": (
        *("config/", "delivery/queue/", "jobs.py", "worker.py", "scheduler.py"),
        *("web/site/rate_limits.py", "web/site/turns.py"),
    ),
    "email_validator": ("text.py",),
    "cryptography": ("encryption/",),
    "rq": ("delivery/queue/", "jobs.py", "worker.py", "scheduler.py"),
    "gunicorn": ("server/",),
    "requests": ("delivery/sending/", "egress/"),
    "urllib3": ("delivery/sending/", "egress/"),
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


def floor_of(name: str, floors: tuple[tuple[str, ...], ...]) -> int:
    """Return how high a package or module lies."""
    found = [floor for floor, names in enumerate(floors) if name in names]
    assert found, f"{name} is on no floor: give it one in FLOORS or INNER_FLOORS"
    return found[0]


def parts_imported(path: Path, package: str) -> Iterator[str]:
    """Give what a module imports of `package`, by the first name below it; the package itself counts for none."""
    above = ["calhooks", *package.split("/")] if package else ["calhooks"]
    for name in imports(path):
        parts = name.split(".")
        below = parts[len(above)] if parts[: len(above)] == above and len(parts) > len(above) else "_"
        if not below.startswith("_") and below not in ("create_app", "ROOT"):
            yield below


def part_of(path: Path, package: str) -> str:
    """Return the first name below `package` on the way to a module, empty for the package itself."""
    return path.relative_to(PACKAGE / package).with_suffix("").parts[0].replace("__init__", "")


def inside(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def test_imports_go_down_only() -> None:
    upward = []
    for path in MODULES:
        own = floor_of(part_of(path, ""), FLOORS)
        higher = [name for name in parts_imported(path, "") if floor_of(name, FLOORS) > own]
        upward += [f"{inside(path)} imports {name}" for name in higher]
    assert upward == []


@pytest.mark.parametrize("package", INNER_FLOORS)
def test_imports_go_down_inside_a_package_too(package: str) -> None:
    floors, sideways = INNER_FLOORS[package], []
    for path in MODULES:
        if PACKAGE / package not in path.parents or not (own := part_of(path, package)):
            continue
        others = [name for name in parts_imported(path, package) if name != own]
        wrong = [name for name in others if floor_of(name, floors) >= floor_of(own, floors)]
        sideways += [f"{inside(path)} imports {name}" for name in wrong]
    assert sideways == []


def test_no_folder_holds_more_than_can_be_seen_at_once() -> None:
    folders = Counter(
        path.parent.relative_to(ROOT).as_posix()
        for top in ("calhooks", "templates", "static", "tests")
        for path in (ROOT / top).rglob("*.*")
        if path.is_file() and path.name != "__init__.py" and path.suffix != ".pyc"
    )
    del folders["calhooks/migrations/versions"]
    assert {folder: count for folder, count in folders.items() if count > MAX_FILES_IN_A_FOLDER} == {}


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
    assert [inside(path) for path in readers] == ["config/__init__.py"]


def test_only_the_zones_read_the_rules_of_a_zone() -> None:
    readers = [path for path in MODULES if re.search(r"ZoneInfo[.(]|import zoneinfo|tzdata\"", path.read_text())]
    assert [inside(path) for path in readers] == ["zones.py"]


def test_filters_of_templates_are_added_in_one_place() -> None:
    adding = [path for path in MODULES if "template_filter" in path.read_text()]
    assert [inside(path) for path in adding] == ["web/wording/__init__.py"]


def test_no_template_has_a_length_of_its_own() -> None:
    pages = sorted((ROOT / "templates").rglob("*.html"))
    assert [page.name for page in pages if re.search(r"maxlength=[\"']?\d", page.read_text())] == []


def test_every_module_can_be_held_in_the_head() -> None:
    lengths = {inside(path): len(path.read_text().splitlines()) for path in MODULES}
    long = {name for name, lines in lengths.items() if lines > MAX_MODULE_LINES}
    assert {name for name in long if not name.startswith("migrations/")} == set()


def parameters(function: ast.FunctionDef) -> list[str]:
    """Return the names of a function's parameters, without the object it belongs to."""
    taken = function.args
    named = [*taken.posonlyargs, *taken.args, *taken.kwonlyargs, *filter(None, (taken.vararg, taken.kwarg))]
    return [each.arg for each in named if each.arg not in ("self", "cls")]


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Give every function of the package with where it is."""
    for path in MODULES:
        if "migrations" not in path.parts:
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef):
                    yield f"{inside(path)}: {node.name}", node


def test_no_function_takes_more_than_can_be_kept_apart() -> None:
    assert [name for name, function in functions() if len(parameters(function)) > MAX_PARAMETERS] == []


def test_views_read_from_top_to_bottom() -> None:
    views = [
        (name, function)
        for name, function in functions()
        if any("blueprint." in ast.unparse(decorator) for decorator in function.decorator_list)
    ]
    assert len(views) > 50
    long = [name for name, view in views if (view.end_lineno or 0) - view.lineno + 1 > MAX_VIEW_LINES]
    assert long == []


def public_names(path: Path) -> Iterator[str]:
    """Give the public names that a module defines, without its views."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            if not any("blueprint." in ast.unparse(decorator) for decorator in node.decorator_list):
                yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def test_one_name_means_one_thing() -> None:
    places: dict[str, list[str]] = {}
    for path in MODULES:
        if "migrations" not in path.parts:
            for name in public_names(path):
                places.setdefault(name, []).append(inside(path))
    several = {name: found for name, found in places.items() if len(found) > 1 and not name.startswith("_")}
    assert {name: found for name, found in several.items() if name not in NAMES_BY_CONVENTION} == {}


def test_limits_have_one_prefix() -> None:
    other = re.compile(r"(MOST|LONGEST|LARGEST|SHORTEST|DEEPEST|SMALLEST)(_|$)")
    assert [f"{inside(path)}: {name}" for path in MODULES for name in public_names(path) if other.match(name)] == []


def test_every_ignore_carries_its_reason() -> None:
    reasoned = re.compile(r"# (type: ignore\[[\w, -]+\]|noqa: [A-Z0-9, ]+?)(  # | - | \()\S+")
    bare = [
        f"{inside(path)}: {line.strip()}"
        for path in MODULES
        for line in path.read_text().splitlines()
        if ("type: ignore" in line or "noqa" in line) and not reasoned.search(line)
    ]
    assert bare == []


@pytest.mark.parametrize("module", ["supervisor", "server.worker"])
def test_what_starts_the_application_does_not_load_it(module: str) -> None:
    code = f"import sys, calhooks.{module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert loaded & {"flask", "sqlalchemy", "redis", "requests", "jinja2"} == set()


def test_every_step_of_the_database_names_the_one_before_it() -> None:
    steps = sorted((PACKAGE / "migrations" / "versions").glob("0*.py"))
    assert len(steps) > 20
    for step in steps[1:]:
        text = step.read_text()
        number, before = (
            re.search(rf'^{name} = "(\d+)"', text, re.MULTILINE) for name in ("revision", "down_revision")
        )
        assert number is not None
        assert before is not None
        assert f"\nRevision: {number[1]}, after {before[1]}\n" in text, step.name


def test_every_route_has_an_access_rule(app: Flask) -> None:
    rules = ("public", "signed_in", "admin_only", "sees_owners", "changes_owners")
    bare = [
        f"{rule} ({rule.endpoint})"
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static" and getattr(app.view_functions[rule.endpoint], "access_rule", None) not in rules
    ]
    assert bare == []


# Documents


def modules_in_the_documented_tree() -> Iterator[str]:
    """Give each module that docs/architecture.md shows, such as "web/site/htmx"."""
    tree = (ROOT / "docs" / "architecture.md").read_text().split("```text\ncalhooks/\n")[1].split("```")[0]
    folders: list[str] = []
    for line in tree.splitlines():
        words = line.split()
        # Names that need a second line are further to the right than any folder.
        if words[0].endswith("/"):
            depth = (len(line) - len(line.lstrip())) // 2 - 1
            folders[depth:] = [words.pop(0)]
        yield from ("".join(folders) + word for word in words)


def test_the_documented_tree_is_the_one_there_is() -> None:
    there = {inside(path).removesuffix(".py") for path in MODULES if path.name != "__init__.py"}
    shown = sorted(modules_in_the_documented_tree())
    assert shown == sorted(name for name in there if not name.startswith("migrations/"))
