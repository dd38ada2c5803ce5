"""The calhooks that is attacked: a real `python app.py`, a mail server and a receiver, and accounts with everything."""

import re
import secrets
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from calhooks import create_app
from calhooks.accounts import passwords
from calhooks.config import Config
from calhooks.db import db
from tests import factories
from tests.attack.pages.visitors import Visitor
from tests.faults.witness import Witness
from tests.mail.smtp_server import MailServer, mail_server
from tests.running import Running
from tests.web.site.belongings import Belongings, everything_kept, give_everything

# 127.0.0.1 is where the receiver is; everything else on this machine is as forbidden as it would be in the field.
RECEIVERS = "127.0.0.1/32"
# Of `give_everything`: what nobody may ever be shown again.
SECRET = "whsec_bmV3IHNlY3JldA=="


@dataclass
class People:
    """Whom the pages are tried as, and what belongs to the owner."""

    owner: Visitor
    other: Visitor
    stranger: Visitor
    things: Belongings

    @property
    def all(self) -> tuple[Visitor, Visitor, Visitor]:
        """Everybody."""
        return self.owner, self.other, self.stranger


class Target:
    """`python app.py` with an empty data directory. Leaving the block ends all of it."""

    def __init__(self, directory: Path, **environ: str) -> None:
        self.directory = directory
        self._environ = {"CALHOOKS_EGRESS_ALLOW": RECEIVERS, "CALHOOKS_RATE_LIMITS": "off"} | environ
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as until_ready:
            until_ready.push(self._stack)
            self.mail: MailServer = self._stack.enter_context(mail_server())
            self.receiver = Witness("receiver")
            self._stack.callback(self.receiver.close)
            self._environ |= {"CALHOOKS_DATA_DIR": str(self.directory), "MAIL_URL": self.mail.url}
            self.running = Running(self._environ | {"MAIL_FROM": "Acme <calendar@acme.example>"})
            self._stack.enter_context(self.running).wait_until_ready()
            # A second application on the same database, to put rows there and to look at them.
            self.app = create_app(Config.from_env(self.running.environ))
            self._stack.callback(self._let_go)
            until_ready.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def url(self) -> str:
        """Where it listens, without a trailing slash."""
        return self.running.url

    def people(self, **fields: Any) -> People:
        """Make two new accounts of which each has a row in every table, and sign them in."""
        password, number = secrets.token_urlsafe(12), secrets.token_hex(4)
        hashed = passwords.hash_password(password)
        with self.app.app_context():
            owner = factories.create_user(f"owner-{number}", password_hash=hashed, is_admin=True, **fields)
            other = factories.create_user(f"other-{number}", password_hash=hashed)
            things = give_everything(owner)
            give_everything(other)
            emails = owner.email, other.email
        visitors = [
            Visitor(self.url, who, (email, password)) for who, email in zip(("owner", "other"), emails, strict=True)
        ]
        for visitor in visitors:
            assert visitor.sign_in()
        return People(*visitors, Visitor(self.url, "stranger"), things)

    def rows(self) -> dict[str, list[Any]]:
        """Return every row of every table."""
        with self.app.app_context():
            return everything_kept()

    def complaints(self) -> list[str]:
        """Return what was printed that a good server never prints: a trace, a secret, what moves a cursor."""
        return [
            f"printed {line[:120]!r}"
            for line in self.running.output.splitlines()
            if line.startswith("Traceback") or SECRET in line or re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", line)
        ]

    def _let_go(self) -> None:
        with self.app.app_context():
            db.engine.dispose()
