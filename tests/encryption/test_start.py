"""Tests of real processes whose SECRET_KEY is not the one that the database was written with."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from calhooks.encryption.check import open_database
from tests.encryption.helpers import NEW_KEY
from tests.running import ROOT, free_port

LINE = (
    "SECRET_KEY is not the key that encrypted the secrets in this database;"
    " set that key, or add it to SECRET_KEY_FALLBACKS."
    " If it is lost, run: flask rotate-secrets --discard-unreadable"
)
COMMANDS = {
    "everything": ("app.py",),
    "web server": ("-m", "gunicorn", "app:app"),
    "worker": ("app.py", "flask", "worker"),
    "scheduler": ("app.py", "flask", "scheduler"),
    "migration": ("-m", "flask", "--app", "app.py:background", "db", "upgrade"),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_wrong_key_is_one_line_at_the_start(app: Flask, environ: dict[str, str], command: tuple[str, ...]) -> None:
    with app.app_context():
        open_database(app)
    port = str(free_port())
    variables = {"PATH": os.environ["PATH"], "CALHOOKS_PORT": port, "PORT": port} | environ
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=variables | {"SECRET_KEY": NEW_KEY},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = [line for line in done.stderr.splitlines() if LINE in line]
    assert done.returncode != 0
    assert len(said) == 1, done.stderr
    # The command at its end can be copied, and nothing else is said to be wrong.
    assert re.fullmatch(rf"(calhooks: |Error: )?{re.escape(LINE)}", said[0])
    assert "Traceback" not in done.stderr + done.stdout
    assert NEW_KEY not in done.stderr + done.stdout


def test_what_decrypts_is_not_loaded_before_there_is_something_to_decrypt(environ: dict[str, str]) -> None:
    # redis looks whether the package is there, which costs nothing.
    code = "import sys, app; app.background; print('cryptography.hazmat.bindings._rust' in sys.modules)"
    variables = {"PATH": os.environ["PATH"]} | environ
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=variables, capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr


def test_the_key_of_a_data_directory_is_kept_beside_the_database(app: Flask, tmp_path: Path) -> None:
    """What docs/self-hosting.md says of backups: without this file a copy of the database is worth nothing."""
    variables = {"PATH": os.environ["PATH"], "CALHOOKS_DATA_DIR": str(tmp_path / "own")}
    command = [sys.executable, "app.py", "flask", "reset-password", "rick@example.com"]
    for _ in range(2):
        done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)
        assert "Nobody has an account" in done.stderr
    (tmp_path / "own" / "secret_key").unlink()
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)
    assert done.stderr == f"Error: {LINE}\n"
