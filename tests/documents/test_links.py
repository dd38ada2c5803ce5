"""Links in the documents lead to files and headings that exist."""

import re
from pathlib import Path

import pytest

from tests.documents.reading import ROOT


def documents() -> list[Path]:
    return [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_in_documents_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        target_page = (path.parent / file).resolve() if file else path
        assert target_page.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", target_page.read_text(), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings], target
