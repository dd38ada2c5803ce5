"""Reading the documents: their sections, tables and examples."""

import re
from pathlib import Path

from calhooks.events import Trigger
from calhooks.webhooks.body.payload import template_context
from calhooks.webhooks.body.samples import sample_body
from calhooks.webhooks.template import compile_template

ROOT = Path(__file__).resolve().parent.parent.parent
README = (ROOT / "README.md").read_text()


def page(name: str) -> str:
    """Return a page of docs/webhooks/."""
    return (ROOT / "docs" / "webhooks" / f"{name}.md").read_text()


def section(text: str, heading: str) -> str:
    return text.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def first_column(text: str) -> list[str]:
    return re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)


def rendered(template: str, content_type: str) -> str:
    context = template_context(sample_body(Trigger.BOOKING_CREATED))
    return compile_template(template, content_type).render(context).decode()
