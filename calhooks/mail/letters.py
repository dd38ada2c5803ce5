"""What a mail says, in the order in which a person reads it, written as plain text and as HTML."""

from dataclasses import dataclass

from flask import current_app


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterFact:
    """One line of the summary: "When" and the time. With a `url` the value is a link to it."""

    label: str
    value: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Something to do, and where."""

    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail's words. The first link is the one that most people want; `closing` is small print."""

    subject: str
    heading: str
    paragraphs: tuple[str, ...]
    facts: tuple[LetterFact, ...] = ()
    links: tuple[Link, ...] = ()
    closing: str = ""


def letter_as_text(letter: Letter) -> str:
    """Return a letter for a reader that shows no HTML."""
    return current_app.jinja_env.get_template("mail/letter.txt").render(letter=letter)


def as_html(letter: Letter) -> str:
    """Return a letter as a whole HTML document that loads nothing from anywhere."""
    return current_app.jinja_env.get_template("mail/letter.html").render(letter=letter)
