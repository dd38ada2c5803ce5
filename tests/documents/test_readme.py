"""The README names every setting and its default."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from calhooks.config import Config
from tests.documents.reading import README


class Recorder(Mapping[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self, values: dict[str, str]) -> None:
        self.values_given = values
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self.values_given[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_given)

    def __len__(self) -> int:
        return len(self.values_given)


def documented_variables() -> dict[str, str]:
    """Return the README's variables with what it gives as their default."""
    text = README.split("## Configuration")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", text, re.MULTILINE)
    return dict(rows)


def test_the_readme_names_every_variable_that_is_read(tmp_path: Path) -> None:
    environ = Recorder({"CALHOOKS_DATA_DIR": str(tmp_path)})
    Config.from_env(environ)
    assert set(documented_variables()) == environ.asked


def test_the_readme_gives_the_defaults_that_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    printed = {name: value.strip("`") for name, value in documented_variables().items() if value.startswith("`")}
    assert Config.from_env(printed) == Config.from_env({})
