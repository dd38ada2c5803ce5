"""What is wrong with a template, and where."""

from typing import Self


class TemplateError(ValueError):
    """A template that cannot be used, or a rendering that went too far.

    `message` is one sentence or two for the person who wrote it; `line` and `column` count from 1, in characters.
    """

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(f"Line {line}, column {column}: {message}")
        self.message = message
        self.line = line
        self.column = column

    @classmethod
    def at(cls, source: str, offset: int, message: str) -> Self:
        """Make the error for a place in `source`, counted in characters from its start."""
        before = source[:offset]
        return cls(message, before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)


class Rejected(Exception):
    """A text or a variable that cannot stand where it does; `at` is a character offset in the source."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.message = message
        self.at = at
