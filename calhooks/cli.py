"""The flask commands for servers."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Add the commands to the application."""
