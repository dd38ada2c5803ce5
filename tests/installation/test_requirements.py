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


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_what_is_installed_has_the_hashes_of_what_is_pinned(name: str) -> None:
    text = (ROOT / f"{name}.lock").read_text()
    entries = re.findall(
        r"^([\w.-]+==[^\\\n]+?) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", text, re.MULTILINE
    )
    # Nothing else is in it: no line without a hash, no other source of packages.
    rest = re.sub(r"^#.*\n|^-r requirements\.lock\n", "", text, flags=re.MULTILINE)
    assert rest == "".join(f"{entry} \\\n{hashes}" for entry, hashes in entries)
    assert {normalised(Requirement(entry)) for entry, _ in entries} == set(map(normalised, pinned(f"{name}.txt")))
    assert ("-r requirements.lock\n" in text) == ("-r requirements.txt" in (ROOT / f"{name}.txt").read_text())


def normalised(requirement: Requirement) -> tuple[str, str, str]:
    return canonicalize_name(requirement.name), str(requirement.specifier), str(requirement.marker or "")
