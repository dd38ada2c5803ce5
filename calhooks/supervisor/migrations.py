"""Bringing the database up to date before anything uses it."""

import re
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote

from calhooks.config import Config
from calhooks.config.redaction import without_passwords_in
from calhooks.encryption.keys import WrongKey, keyring_of
from calhooks.supervisor.child import follow_parent
from calhooks.supervisor.commands import flask
from calhooks.supervisor.output import show
from calhooks.supervisor.preflight import CannotStart

# More than a small database takes on a slow machine.
LONG_SECONDS = 10.0
VERSIONS = Path(__file__).resolve().parent.parent / "migrations" / "versions"
REVISION = re.compile(r"^(revision|down_revision)\b[^=]*= *[\"'](\w+)[\"']", re.MULTILINE)


def migrate(settings: Config) -> None:
    """Run `flask db upgrade` unless the database is seen to need nothing. Raises CannotStart."""
    if _stored(settings.database_url, "SELECT version_num FROM alembic_version") == [newest_revision()]:
        return _check_keys(settings)
    returncode, said = _upgrade()
    if returncode:
        said = without_passwords_in(said, settings.database_url)
        if str(WrongKey()) in said:
            raise CannotStart(str(WrongKey()))
        if "Can't locate revision" in said:
            raise CannotStart("a newer calhooks has changed the database; run that one, or put back an older copy.")
        if str(VERSIONS) in said and "OperationalError" not in said:
            # Not a database that is away, full or something else, but a migration to look into.
            show(said)
        raise CannotStart(f"the database could not be brought up to date: {_reason(said)}.")


def _upgrade() -> tuple[int, str]:
    """Run the command, mention it when it takes long, and return its status and all that it printed."""
    # In our process group, so that Ctrl-C ends it too: it is all or nothing.
    with subprocess.Popen(  # noqa: S603 - our own command
        flask("db", "upgrade"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=follow_parent(signal.SIGTERM),
    ) as process:
        try:
            return _ended(process)
        except BaseException:
            process.kill()
            raise


def _ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    try:
        said, _ = process.communicate(timeout=LONG_SECONDS)
    except subprocess.TimeoutExpired:
        show("Bringing the database up to date. A large one takes minutes; if interrupted, it stays as it was.")
        said, _ = process.communicate()
    return process.returncode, said


def _reason(said: str) -> str:
    """Pick the line that names the error from a traceback: SQLAlchemy adds hints below it."""
    named = re.findall(r"^[\w.]+(?:Error|Exception)[^:]*: (.+)", said, re.MULTILINE)
    lines = named or said.split("\n") if said.strip() else ["no reason was given"]
    return [line for line in lines if line.strip()][-1].strip().rstrip(".")


def newest_revision() -> str:
    """Read from the files which revision has no successor: far quicker than importing Alembic at every start."""
    made: set[str] = set()
    replaced: set[str] = set()
    for path in VERSIONS.glob("*.py"):
        for kind, revision in REVISION.findall(path.read_text()):
            (made if kind == "revision" else replaced).add(revision)
    return " ".join(made - replaced)


def _check_keys(settings: Config) -> None:
    """Make sure that the secrets in an SQLite file can be decrypted; an upgrade does so itself. Raises CannotStart."""
    try:
        keyring_of(settings).check(_stored(settings.database_url, "SELECT key_id FROM encryption_keys"))
    except WrongKey as error:
        raise CannotStart(str(error)) from error


def _stored(database_url: str, query: str) -> list[str]:
    """Return the first column of what is in an SQLite file, or nothing where it cannot be seen so simply."""
    path = Path(unquote(database_url.removeprefix("sqlite:///")))
    if not database_url.startswith("sqlite:///") or not path.is_absolute() or not path.exists():
        return []
    try:
        with closing(sqlite3.connect(path)) as connection:
            return [str(value) for (value,) in connection.execute(query)]
    except sqlite3.Error:
        return []
