"""Static files are cached for ever: their address changes with their content."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask

ONE_YEAR_SECONDS = 365 * 86400


def init_app(app: Flask) -> None:
    """Add `v=<hash>` to every address of a static file."""
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = ONE_YEAR_SECONDS
    folder = Path(str(app.static_folder))

    @app.url_defaults
    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and "filename" in values:
            values["v"] = _version(folder / values["filename"])


@cache
def _version(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
