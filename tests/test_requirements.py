"""Every requirement is pinned, with all that it needs in turn, and is what is installed."""

import importlib.metadata
import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.running import ROOT


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
