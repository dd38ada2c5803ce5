"""Every test of mail has an application that sends through a real mail server on loopback."""

from collections.abc import Iterator

import pytest

from tests.mail.smtp_server import MailServer, mail_server


@pytest.fixture
def server() -> Iterator[MailServer]:
    """The mail server of `app`."""
    with mail_server() as server:
        yield server


@pytest.fixture
def environ(environ: dict[str, str], server: MailServer) -> dict[str, str]:
    """The environment of an application that sends mail."""
    return environ | {"MAIL_URL": server.url, "MAIL_FROM": "Acme <calendar@acme.example>"}
