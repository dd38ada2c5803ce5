"""A copy of the database that was made before an upgrade comes back with the commands of docs/self-hosting.md."""

import getpass
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.running import ROOT

BACK_UP = (ROOT / "docs" / "self-hosting.md").read_text().split("\n## Back up\n")[1].split("\n## ")[0]
COPYING, RESTORING = BACK_UP.split("To restore,")
BEFORE = "0012"
MAKE_RICK = ("create-user", "--name=Rick", "--username=rick", "--email=rick@example.com", "--password=never gonna give")


def commands(text: str, *programs: str) -> list[str]:
    """Return the commands of these programs that a text shows, as they are written."""
    return re.findall(rf"^    ((?:{'|'.join(programs)}) .+)$", text, re.MULTILINE)


class Server:
    """What an operator types on one."""

    def __init__(self, variables: dict[str, str], written: dict[str, str]) -> None:
        self.variables = {"PATH": os.environ["PATH"]} | variables
        self.written = written

    def flask(self, *arguments: str) -> str:
        """Run one of our commands."""
        command = [sys.executable, "app.py", "flask", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def type(self, command: str) -> None:
        """Run a command of the document with this server's names and folders."""
        for theirs, ours in self.written.items():
            command = command.replace(theirs, ours)
        done = subprocess.run(["sh", "-ec", command], env=self.variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.fixture
def server(tmp_path: Path, postgres_url: str) -> Iterator[Server]:
    """A server with a database of its own, as an older calhooks has left it."""
    data = tmp_path / "data"
    variables = {"CALHOOKS_DATA_DIR": str(data)}
    written = {"/backup": str(tmp_path), "/var/lib/calhooks": str(data), "owner=calhooks": f"owner={getpass.getuser()}"}
    if not postgres_url:
        yield older(Server(variables, written), "sqlite3")
        return
    base, _, query = postgres_url.partition("?")
    name = f"{base.rpartition('/')[2]}_backup"
    url = f"{base.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")
    known = conninfo_to_dict(postgres_url)
    words = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD"}
    login = {words[key]: str(value) for key, value in known.items() if key in words}
    written |= {"--owner calhooks": f"--owner {known['user']}", "template0 calhooks": f"template0 {name}"}
    written |= {"dropdb calhooks": f"dropdb {name}"}
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        yield older(Server(variables | login | {"DATABASE_URL": url}, written), "pg_restore")
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def older(server: Server, needed: str) -> Server:
    """Make the tables as they were."""
    if shutil.which(needed) is None:
        pytest.skip(f"{needed} is not installed")
    server.flask("db", "upgrade", BEFORE)
    server.flask("db", "upgrade")
    server.flask(*MAKE_RICK)
    server.flask("db", "downgrade", BEFORE)
    return server


def test_a_copy_made_before_an_upgrade_comes_back(server: Server, postgres_url: str) -> None:
    copying = ("pg_dump",) if postgres_url else ("sqlite3",)
    restoring = ("dropdb", "createdb", "pg_restore") if postgres_url else ("cd", "rm", "install")
    (copy,) = commands(COPYING, *copying)
    server.type(copy)
    server.flask("db", "upgrade")
    server.flask("create-user", "--name=Ann", "--username=ann", "--email=ann@example.com", "--password=somebody else")
    restore = commands(RESTORING, *restoring)
    assert len(restore) == len(restoring)
    server.type("\n".join(restore))
    server.flask("db", "upgrade")
    assert "Rick can choose a new password" in server.flask("reset-password", "rick@example.com")
    with pytest.raises(AssertionError, match="Nobody has an account"):
        server.flask("reset-password", "ann@example.com")
