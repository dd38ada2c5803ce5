"""Static files are cached for ever: their address changes with their content.

A script module imports others by relative addresses, which carry no version. So the version of all modules together is
a folder in front of them, `/static/v-<hash>/js/…`, and what one imports is as new as itself.
"""

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response

FILE_MAX_AGE_SECONDS = 365 * 86400
MODULES = "js"
IMPORT = re.compile(r'^(?:import|export)\b[^;]*?"(\.[^"]+)";$', re.MULTILINE)


def init_app(app: Flask) -> None:
    """Add a version to every address of a static file, and tell templates what a page's script imports."""
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = FILE_MAX_AGE_SECONDS
    folder = Path(str(app.static_folder))

    @app.url_defaults
    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint != "static" or "filename" not in values:
            return
        if values["filename"].startswith(f"{MODULES}/"):
            values["version"] = _modules_version(folder)
        else:
            values["v"] = _version(folder / values["filename"])

    def send(filename: str, version: str = "") -> Response:
        answer = app.send_static_file(filename)
        if version and version != _modules_version(folder):
            # A page from before an update asks: what is new must not be kept under the old address.
            answer.headers["Cache-Control"] = "no-cache"
        return answer

    app.view_functions["static"] = send
    app.add_url_rule(f"{app.static_url_path}/v-<version>/<path:filename>", "static")
    app.add_template_global(lambda entry: modules_imported(folder, entry), "modules_imported")


@cache
def modules_imported(folder: Path, entry: str) -> list[str]:
    """Return the files that a module of `folder` needs at once, all named from there, so that a browser can ask for
    them together instead of one after the other. What is loaded later, by `import()`, is not among them.
    """
    found: list[str] = []
    waiting = [entry]
    while waiting:
        name = waiting.pop(0)
        path = folder / name
        for address in IMPORT.findall(path.read_text()):
            imported = (path.parent / address).resolve().relative_to(folder.resolve()).as_posix()
            if imported not in found:
                found.append(imported)
                waiting.append(imported)
    return found


@cache
def _modules_version(folder: Path) -> str:
    paths = sorted((folder / MODULES).rglob("*.js"))
    named = "".join(f"{path.relative_to(folder)} {_version(path)}" for path in paths)
    return hashlib.sha256(named.encode()).hexdigest()[:12]


@cache
def _version(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
