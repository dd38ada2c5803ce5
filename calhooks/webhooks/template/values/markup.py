"""Escapes for where a text is read: HTML, Slack, Markdown, an address, a spreadsheet.

The escape for the body (JSON, form) comes on top of these. What each service reads as markup is in api.slack.com on
formatting text and github.com/slackhq/slack-api-docs/issues/34, spec.commonmark.org 2.4, core.telegram.org/bots/api on
formatting options, github.com/mattermost/marked, owasp.org on CSV injection, and RFC 4180.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import quote

from calhooks.webhooks.template.values.meter import cost_of_form_value, cost_of_text

# Invisible, and neither a letter nor a space for what looks for markup.
BREAK = "\u200b"
SURROGATE = re.compile("[\ud800-\udfff]")
# An @ that begins a name, and one that calls a whole channel wherever it is. The one in an email address is neither.
MENTION = re.compile(r"(?<![\w.+-])@(?=[\w!&])|@(?=(?:everyone|channel|here|all)(?!\w|[.-]\w))", re.IGNORECASE)
# No backslash escapes these in Slack. Between two letters only ` is read as markup.
SLACK_MARKUP = re.compile(r"(?<![^\W_])[*_~]+|[*_~]+(?![^\W_])|`+|^>", re.MULTILINE)
# What CommonMark, Discord, Mattermost and Telegram read as markup, and what Telegram refuses elsewhere.
MARKDOWN_MARKUP = str.maketrans({letter: f"\\{letter}" for letter in "\\`*_{}[]()<>#+-=|~.!"})
ENTITY = re.compile(r"&(?=\w+;)")
# A spreadsheet calculates what begins so; full-width signs too.
FORMULA = re.compile(r"[\s\0]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n\0]")
# Units for one character that patterns look at, and for one that may be written anew.
LOOK_UNITS, CHANGE_UNITS = 2, 5


class Markup(NamedTuple):
    """An escape, with what it costs."""

    escape: Callable[[str], str]
    cost: Callable[[str], int]


def _html(text: str) -> str:
    for letter, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;")):
        text = text.replace(letter, entity)
    return text


def _slack(text: str) -> str:
    text = SLACK_MARKUP.sub(rf"{BREAK}\g<0>{BREAK}", MENTION.sub(f"@{BREAK}", text))
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _markdown(text: str) -> str:
    return ENTITY.sub(r"\&", MENTION.sub(f"@{BREAK}", text).translate(MARKDOWN_MARKUP))


def _url(text: str) -> str:
    return quote(SURROGATE.sub("\ufffd", text), safe="")


def _csv(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"\'{doubled}"' if FORMULA.match(text) else f'"{doubled}"'


def _cost_of_patterns(letters: str) -> Callable[[str], int]:
    def cost(text: str) -> int:
        return 1 + LOOK_UNITS * len(text) + CHANGE_UNITS * sum(map(text.count, letters))

    return cost


def _cost_of_replacing(text: str) -> int:
    return 1 + CHANGE_UNITS * cost_of_text(text)


MARKUPS: Mapping[str, Markup] = {
    "html": Markup(_html, _cost_of_replacing),
    "slack": Markup(_slack, _cost_of_patterns("*_~`>@")),
    "markdown": Markup(_markdown, _cost_of_patterns("@&")),
    "url": Markup(_url, cost_of_form_value),
    "csv": Markup(_csv, _cost_of_replacing),
}
