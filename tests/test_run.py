"""`python app.py` as a person meets it: real processes, real signals, one clear line for what is in the way."""

import os
import re
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import psycopg
import pytest

from calhooks import datadir
from calhooks.supervisor import redis_server
from calhooks.supervisor.preflight import CannotStart
from tests.running import ROOT, START_SECONDS, Running, descendants, free_port, is_running, wait_until_gone

KILL_EVERYTHING_SECONDS = 10.0

on_embedded_redis = pytest.mark.only_on("embedded redis", "about the embedded Redis")


@pytest.fixture
def settings(environ: dict[str, str]) -> dict[str, str]:
    """A database of this test's own, and the embedded Redis unless the tests run on a server."""
    embedded = {} if "TEST_REDIS_URL" in os.environ else {"REDIS_URL": ""}
    own_address = {name: value for name, value in environ.items() if name != "CALHOOKS_BASE_URL"}
    return own_address | embedded


@contextmanager
def started(environ: dict[str, str]) -> Iterator[Running]:
    """Run calhooks, ready, for as long as the block."""
    with Running(environ) as running:
        yield running.wait_until_ready()


def first_answer(url: str) -> int:
    """Return the status of the first answer of a server that is starting."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urlopen(url, timeout=30) as response:
                return int(response.status)
        except HTTPError as error:
            return error.code
        except URLError:
            time.sleep(0.05)
    raise TimeoutError(url)


def wait_for_status(running: Running, path: str, status: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while running.status_of(path) != status:
        assert time.monotonic() < deadline, running.output
        time.sleep(0.1)


def command_of(pid: int) -> str:
    return subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True).stdout


def one_line(environ: dict[str, str], *arguments: str) -> str:
    """Return the only line that a start in vain prints."""
    variables = {"PATH": os.environ["PATH"], "CALHOOKS_PORT": str(free_port())} | environ
    done = subprocess.run(
        [sys.executable, ROOT / "app.py", *arguments],
        env=variables,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_a_servers_own_processes_make_the_tables_of_a_new_database(tmp_path: Path, redis_url: str) -> None:
    port = free_port()
    variables = {"PATH": os.environ["PATH"], "CALHOOKS_DATA_DIR": str(tmp_path), "REDIS_URL": redis_url}
    commands = (("gunicorn", "--bind", f"127.0.0.1:{port}", "app:app"), ("flask", "worker"), ("flask", "scheduler"))
    processes = [
        subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, env=variables, stderr=subprocess.PIPE, text=True)
        for command in commands
    ]
    try:
        assert first_answer(f"http://127.0.0.1:{port}/setup") == 200
    finally:
        for process in processes:
            process.terminate()
        said = [process.communicate(timeout=START_SECONDS)[1] for process in processes]
    assert not any("Traceback" in text for text in said), said


def test_the_first_start_makes_the_database_and_says_where_to_go_and_what_runs(tmp_path: Path) -> None:
    with started({"CALHOOKS_DATA_DIR": str(tmp_path / "new" / "data")}) as running:
        said = running.output
        assert running.url in said
        assert f"Make your account: {running.url}/setup" in said
        for name in ("redis", "web", "worker 1", "worker 2", "scheduler"):
            assert is_running(running.pid_of(name))
        assert running.status_of("/healthz") == 200
        assert running.status_of("/readyz") == 200
        # What is too long is for a page of ours to say, not for the web server.
        assert running.status_of("/healthz?metadata[a]=" + "x" * 20_000) == 200
        assert (tmp_path / "new" / "data").stat().st_mode & 0o777 == 0o700
        assert re.search(r"/setup \(one-time code, if asked: [2-9A-Z]{4}-[2-9A-Z]{4}\)$", said, re.MULTILINE)
        assert "chmod" not in said


def test_every_file_is_its_owners_alone_whatever_the_umask(tmp_path: Path, redis_url: str) -> None:
    tmp_path.chmod(0o777)
    environ = {"CALHOOKS_DATA_DIR": str(tmp_path), "REDIS_URL": redis_url}
    with Running(environ, command=("sh", "-c", 'umask 0; exec "$@"', "sh")) as calhooks:
        calhooks.wait_until_ready()
        files = {path.name: path.stat().st_mode & 0o077 for path in tmp_path.iterdir()}
    assert "lock" in files
    assert {name for name, others in files.items() if others} == set()


def test_an_upgrade_that_takes_long_is_mentioned(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "calhooks.sqlite3", isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("BEGIN IMMEDIATE")
        with Running({"CALHOOKS_DATA_DIR": str(tmp_path)}) as calhooks:
            calhooks.wait_for("Bringing the database up to date.")
            other.execute("ROLLBACK")
            calhooks.wait_until_ready()


def test_a_data_directory_that_others_can_read_is_named(settings: dict[str, str]) -> None:
    directory = Path(settings["CALHOOKS_DATA_DIR"])
    directory.mkdir(exist_ok=True)
    directory.chmod(0o755)
    with started(settings) as running:
        assert f"Other users of this machine can open the data directory: chmod 700 {directory}\n" in running.output


@pytest.mark.timed
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_and_leaves_no_process(settings: dict[str, str], number: signal.Signals) -> None:
    with started(settings) as running:
        family = descendants(running.process.pid)
        seconds = running.stop(number)
        assert running.process.returncode == 0
        assert seconds < KILL_EVERYTHING_SECONDS
        assert [pid for pid in family if is_running(pid)] == []
        assert "Stopped after" in running.output


@pytest.mark.timed
def test_sigint_stops_also_what_a_script_has_started_in_the_background(settings: dict[str, str]) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with started(settings) as running:
            signal.signal(signal.SIGINT, before)
            assert running.stop(signal.SIGINT) < KILL_EVERYTHING_SECONDS
            assert running.process.returncode == 0
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_terminal_without_some_letters_is_no_obstacle(settings: dict[str, str], tmp_path: Path) -> None:
    odd = {"CALHOOKS_DATA_DIR": str(tmp_path / "größer"), "PYTHONIOENCODING": "ascii"}
    with started(settings | odd) as running:
        assert f"{tmp_path}/gr??er" in running.output


@pytest.mark.timed
def test_it_runs_with_every_standard_descriptor_closed(settings: dict[str, str]) -> None:
    with Running(settings, command=("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh")) as running:
        assert first_answer(f"{running.url}/healthz") == 200
        assert running.stop() < KILL_EVERYTHING_SECONDS
        assert running.process.returncode == 0


@pytest.mark.timed
def test_sigint_stops_such_a_start_also_while_it_makes_the_tables(settings: dict[str, str], tmp_path: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Running(settings | {"CALHOOKS_DATA_DIR": str(tmp_path), "DATABASE_URL": ""}) as running:
            signal.signal(signal.SIGINT, before)
            deadline = time.monotonic() + START_SECONDS
            while not (tmp_path / "lock").exists():
                assert time.monotonic() < deadline
            assert running.stop(signal.SIGINT) < KILL_EVERYTHING_SECONDS
            assert running.process.returncode in (0, 130)
            assert "Traceback" not in running.output
    finally:
        signal.signal(signal.SIGINT, before)


INTERRUPT_IS_DROPPED = """
import os, signal, sys
import calhooks.supervisor as supervisor

class Interrupting:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)

def prepare(real=supervisor.prepare):
    Interrupting()
    return real()

supervisor.prepare = prepare
sys.exit(supervisor.main())
"""


def test_sigint_is_heeded_also_where_python_drops_its_exception(settings: dict[str, str], tmp_path: Path) -> None:
    environ = os.environ | settings | {"CALHOOKS_DATA_DIR": str(tmp_path), "CALHOOKS_PORT": str(free_port())}
    command = [sys.executable, "-c", INTERRUPT_IS_DROPPED]
    done = subprocess.run(
        command, env=environ, cwd=ROOT, timeout=START_SECONDS, capture_output=True, text=True, check=False
    )
    assert "Stopping on SIGINT" in done.stdout
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


@pytest.mark.timed
def test_a_worker_that_hangs_does_not_hold_up_the_stop(settings: dict[str, str]) -> None:
    with started(settings) as running:
        worker = running.pid_of("worker 1")
        os.kill(worker, signal.SIGSTOP)
        assert running.stop() < KILL_EVERYTHING_SECONDS
        assert not is_running(worker)


def test_a_second_signal_stops_everything_at_once(settings: dict[str, str]) -> None:
    with started(settings) as running:
        family = descendants(running.process.pid)
        os.kill(running.pid_of("worker 1"), signal.SIGSTOP)
        running.process.send_signal(signal.SIGTERM)
        running.wait_for("Stopping on SIGTERM")
        # The first half second of repeats counts as the same wish.
        deadline = time.monotonic() + 8
        while running.process.poll() is None and time.monotonic() < deadline:
            running.process.send_signal(signal.SIGTERM)
            time.sleep(0.1)
        wait_until_gone(family, 8)


def test_signals_that_never_cease_do_not_keep_it_from_stopping(settings: dict[str, str]) -> None:
    with started(settings) as running:
        deadline = time.monotonic() + KILL_EVERYTHING_SECONDS
        while running.process.poll() is None and time.monotonic() < deadline:
            running.process.send_signal(signal.SIGTERM)
        assert running.process.poll() == 0


def test_a_child_that_is_killed_runs_again_and_the_log_says_so(settings: dict[str, str]) -> None:
    with started(settings) as running:
        names = ["web", "worker 1", "scheduler"] + ["redis"] * ("TEST_REDIS_URL" not in os.environ)
        killed = {name: running.pid_of(name) for name in names}
        for name, pid in killed.items():
            os.kill(pid, signal.SIGKILL)
            running.wait_for(f"{name}: process {pid} was killed by SIGKILL; starting again")
        for name, pid in killed.items():
            running.wait_for(f"{name}: running again")
            assert is_running(running.pid_of(name))
            assert running.pid_of(name) != pid
        assert running.status_of("/healthz") == 200


@on_embedded_redis
def test_an_embedded_redis_whose_socket_or_directory_is_deleted_runs_again(tmp_path: Path) -> None:
    # Too long a path for a socket: it is in a directory beside other temporary files, which something may tidy.
    data_dir = tmp_path / ("long" * 40)
    socket_path = datadir.redis_socket(data_dir)
    with started({"CALHOOKS_DATA_DIR": str(data_dir)}) as running:
        for times, delete in enumerate((socket_path.unlink, lambda: shutil.rmtree(socket_path.parent)), start=1):
            former = running.pid_of("redis")
            delete()
            running.wait_for("redis: running again", times)
            assert not is_running(former)
            wait_for_status(running, "/readyz", 200)
        assert "redis: its socket was deleted; starting again." in running.output


@on_embedded_redis
def test_an_embedded_redis_that_hangs_is_started_again(settings: dict[str, str]) -> None:
    with started(settings) as running:
        former = running.pid_of("redis")
        os.kill(former, signal.SIGSTOP)
        running.wait_for("redis: it has not answered for 10 s; starting again.")
        running.wait_for("redis: running again")
        assert not is_running(former)
        wait_for_status(running, "/readyz", 200)


def test_a_child_that_cannot_be_started_again_at_once_is_tried_later(settings: dict[str, str]) -> None:
    with started(settings) as running:
        _, hard = resource.prlimit(running.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(running.process.pid, resource.RLIMIT_NOFILE, (3, hard))
        os.kill(running.pid_of("scheduler"), signal.SIGKILL)
        running.wait_for("cannot be started: Too many open files. Trying again in 1 s.")
        resource.prlimit(running.process.pid, resource.RLIMIT_NOFILE, (1024, hard))
        running.wait_for("scheduler: running again")
        assert is_running(running.pid_of("scheduler"))


def test_a_web_server_that_is_killed_before_it_is_ready_runs_again(settings: dict[str, str]) -> None:
    with Running(settings) as running:
        deadline = time.monotonic() + START_SECONDS
        while not (web := [pid for pid in descendants(running.process.pid) if "gunicorn" in command_of(pid)]):
            assert time.monotonic() < deadline
        os.kill(web[0], signal.SIGKILL)
        running.wait_for("web: running again")
        running.wait_until_ready()


def test_killing_the_parent_leaves_no_orphan_and_frees_port_and_directory(settings: dict[str, str]) -> None:
    with started(settings) as running:
        family = descendants(running.process.pid)
        assert len(family) >= 6
        running.process.kill()
        wait_until_gone(family, 20)
    with started(settings | {"CALHOOKS_PORT": str(running.port)}):
        pass


def test_a_second_calhooks_on_the_same_directory_is_told_which_process_has_it(settings: dict[str, str]) -> None:
    with started(settings) as running:
        said = one_line(settings)
        assert f"process id {running.process.pid}" in said
        assert settings["CALHOOKS_DATA_DIR"] in said


@on_embedded_redis
@pytest.mark.parametrize("name", ["long" * 40, "ours, 100%20 größer? @home:#1"])
def test_a_directory_with_an_odd_name_is_no_obstacle(tmp_path: Path, name: str) -> None:
    with started({"CALHOOKS_DATA_DIR": str(tmp_path / name)}) as running:
        assert running.status_of("/readyz") == 200
        assert (tmp_path / name / "calhooks.sqlite3").exists()


@on_embedded_redis
def test_a_directory_that_somebody_else_lets_us_write_to_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    redis_server.make_directory(f"unix://{tmp_path}/redis.sock", tmp_path)
    with pytest.raises(CannotStart, match="belongs to somebody else"):
        redis_server.make_directory(f"unix://{tmp_path}/redis.sock", tmp_path / "data")


def test_it_runs_from_any_directory(settings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with started(settings) as running:
        assert running.status_of("/healthz") == 200


def test_an_argument_is_one_line(tmp_path: Path) -> None:
    assert "takes no arguments" in one_line({"CALHOOKS_DATA_DIR": str(tmp_path)}, "--help")


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        said = one_line({"CALHOOKS_DATA_DIR": str(tmp_path / "data"), "CALHOOKS_PORT": str(port)})
    assert f"port {port} on 127.0.0.1 is already taken" in said


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CALHOOKS_PORT", "80 80"),
        ("CALHOOKS_WORKERS", "0"),
        ("CALHOOKS_EGRESS_ALLOW", "10.0.0.0/33"),
        ("CALHOOKS_RETRY_SCHEDULE", "soon"),
        ("CALHOOKS_HOST", "8.8.8.8"),
        ("CALHOOKS_HOST", "no-such-name.invalid"),
        ("CALHOOKS_HOST", "two..dots"),
        ("DATABASE_URL", "mysql://localhost/x"),
    ],
)
def test_a_bad_variable_is_one_line_with_its_name_and_value(tmp_path: Path, variable: str, value: str) -> None:
    said = one_line({"CALHOOKS_DATA_DIR": str(tmp_path / "data"), variable: value})
    assert variable in said
    assert value in said


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SECRET_KEY", "too-secret"),
        ("MAIL_URL", "smtp://me:too-secret"),
        ("REDIS_URL", "redis://too-secret@h/x"),
        ("DATABASE_URL", "mysql://me:too-secret@localhost/x"),
        ("DATABASE_URL", "postgresql://me:too-secret@ss:word@127.0.0.1:1/x"),
        ("DATABASE_URL", "postgresql://127.0.0.1:1/x?password=too-secret&no_such_option=too-secret"),
    ],
)
def test_a_password_is_not_in_the_line(tmp_path: Path, variable: str, value: str) -> None:
    said = one_line({"CALHOOKS_DATA_DIR": str(tmp_path / "data"), variable: value})
    assert "too-secret" not in said
    assert "word" not in said.replace("password", "")


def test_a_directory_that_cannot_be_written_to_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = one_line({"CALHOOKS_DATA_DIR": str(tmp_path / "file" / "data")})
    assert str(tmp_path / "file" / "data") in said


def test_a_database_that_is_none_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "calhooks.sqlite3").write_text("This is a letter, not a database." * 100)
    assert "file is not a database" in one_line({"CALHOOKS_DATA_DIR": str(tmp_path)})


@pytest.mark.only_on("postgresql", "SQLite holds every letter")
@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_hold_every_letter_is_one_line(tmp_path: Path, postgres_url: str, encoding: str) -> None:
    base, _, query = postgres_url.partition("?")
    name = f"{base.rpartition('/')[2]}_{encoding}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        made = f"ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        connection.execute(f'CREATE DATABASE "{name}" {made}')
        try:
            url = f"{base.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")
            said = one_line({"CALHOOKS_DATA_DIR": str(tmp_path), "DATABASE_URL": url})
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    assert f"its encoding is {encoding}; make it with ENCODING 'UTF8'" in said


def test_a_database_of_a_newer_calhooks_is_one_line(tmp_path: Path) -> None:
    of_version("9999", tmp_path)
    assert "a newer calhooks has changed the database" in one_line({"CALHOOKS_DATA_DIR": str(tmp_path)})


def of_version(revision: str, data_dir: Path) -> None:
    """Have a database there whose tables a version of calhooks has made."""
    with closing(sqlite3.connect(data_dir / "calhooks.sqlite3")) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        connection.execute(f"INSERT INTO alembic_version VALUES ('{revision}')")
        connection.commit()


@pytest.mark.parametrize("command", [("flask", "worker"), ("flask", "scheduler"), ("flask", "reset-password", "a@b.c")])
def test_a_database_that_was_not_upgraded_is_one_line_of_each_command(tmp_path: Path, command: tuple[str, ...]) -> None:
    of_version("0014", tmp_path)
    said = one_line({"CALHOOKS_DATA_DIR": str(tmp_path)}, *command)
    assert said == "Error: an older version of calhooks made this database's tables; run: flask db upgrade\n"


def test_a_web_server_says_that_its_database_was_not_upgraded(tmp_path: Path) -> None:
    of_version("0014", tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{free_port()}", "app:app"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "CALHOOKS_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    assert done.returncode == 3
    assert "calhooks: an older version of calhooks made this database's tables; run: flask db upgrade" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_cannot_be_reached_is_one_line(tmp_path: Path) -> None:
    nowhere = f"postgresql://nobody:hush@127.0.0.1:{free_port()}/nothing"
    said = one_line({"CALHOOKS_DATA_DIR": str(tmp_path / "data"), "DATABASE_URL": nowhere})
    assert "database" in said
    assert "hush" not in said
