"""The scripts import what they use, and only downwards."""

import re
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "static" / "js"
MODULES = {path.relative_to(FOLDER).as_posix(): path.read_text() for path in sorted(FOLDER.rglob("*.js"))}

STATIC_IMPORT = re.compile(r'^import (?:\{([^}]*)\} from )?"([^"]+)";$', re.MULTILINE)
LATER_IMPORT = re.compile(r'const \{([^}]*)\} = await import\("([^"]+)"\)')
EXPORT = re.compile(r"^export (?:async )?(?:function|const|let) (\w+)", re.MULTILINE)
ENTRY = re.compile(r'"((?:[\w-]+/)+[\w-]+\.js)"')


def imports(name: str) -> list[tuple[str, set[str]]]:
    """Return what a module imports: the module, named from the folder, and the names that it takes from there."""
    found = STATIC_IMPORT.findall(MODULES[name]) + LATER_IMPORT.findall(MODULES[name])
    # What these patterns do not read would be left out of every test here.
    assert len(found) == len(re.findall(r"\bimport\b", code(name))), f"{name} imports in a way that is not read here"
    return [
        (
            (FOLDER / name).parent.joinpath(address).resolve().relative_to(FOLDER).as_posix(),
            set(re.findall(r"\w+", names)),
        )
        for names, address in found
    ]


def code(name: str) -> str:
    """Return a module without its comments and texts."""
    without_comments = re.sub(r"(?m)(^|\s)//.*$", "", MODULES[name])
    return re.sub(r'"[^"\n]*"|\'[^\'\n]*\'', '""', without_comments)


def entries() -> set[str]:
    return {entry for page in (ROOT / "templates").rglob("*.html") for entry in ENTRY.findall(page.read_text())}


def test_every_import_is_of_something_that_a_module_exports() -> None:
    missing = [
        f"{name} imports {wanted or 'nothing'} from {other}"
        for name in MODULES
        for other, wanted in imports(name)
        if other not in MODULES or wanted - set(EXPORT.findall(MODULES[other]))
    ]
    assert missing == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = {name: [other for other, _ in imports(name)] for name in MODULES}
    assert set(TopologicalSorter(graph).static_order()) == set(MODULES)


def test_no_module_reaches_for_what_it_does_not_import() -> None:
    exported = {name for module in MODULES for name in EXPORT.findall(MODULES[module])}
    strays = []
    for module in MODULES:
        text = code(module)
        own = set(re.findall(r"(?:function|const|let|class) (\w+)", text)).union(
            *(names for _, names in imports(module))
        )
        strays += [f"{module}: {name}" for name in exported - own if re.search(rf"(?<![.\w]){name}\b(?!:)", text)]
    assert strays == []


def test_no_module_leaves_something_for_another_in_the_window() -> None:
    assert [name for name in MODULES if re.search(r"\b(?:window|globalThis|self)\.\w+ = ", code(name))] == []


def test_every_module_belongs_to_a_page_and_every_page_loads_what_all_of_them_do() -> None:
    assert entries() <= set(MODULES)
    reached: set[str] = set()
    for entry in entries():
        waiting, seen = [entry], {entry}
        while waiting:
            new = {other for other, _ in imports(waiting.pop())} - seen
            seen |= new
            waiting += new
        assert "site/page.js" in seen, entry
        reached |= seen
    assert set(MODULES) - reached == set()
