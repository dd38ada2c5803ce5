from collections.abc import Iterator

import pytest

from tests.mail.smtp_server import MailServer, mail_server


@pytest.fixture
def server() -> Iterator[MailServer]:
    """A mail server that takes everything."""
    with mail_server() as server:
        yield server


@pytest.fixture
def environ(environ: dict[str, str], server: MailServer) -> dict[str, str]:
    """The environment of an application that sends its mail to that server."""
    return environ | {"MAIL_URL": server.url, "MAIL_FROM": "Acme <calendar@acme.example>"}
