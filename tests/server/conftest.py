"""A gunicorn with the worker of calhooks, whose application tells what reached it."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.server.client import Address
from tests.server.serving import serving


@pytest.fixture(scope="module")
def echo() -> Iterator[Address]:
    """The address of a server that the tests of a module share."""
    with serving() as (address, _):
        yield address


@pytest.fixture
def own_echo() -> Iterator[tuple[Address, subprocess.Popen[bytes]]]:
    """The address and the process of a server that a test may stop."""
    with serving() as server:
        yield server
