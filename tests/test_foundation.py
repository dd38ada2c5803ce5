"""Tests of the ground that everything stands on: settings, transactions and times."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import flask_migrate
import pytest
from sqlalchemy import inspect, make_url, select, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from calhooks import create_app, datadir, ids
from calhooks.accounts.models import User
from calhooks.config import Config, ConfigError
from calhooks.config.redaction import shown_value
from calhooks.db import after_commit, db, load_migrations, writing
from calhooks.scheduling.models.bookings import BookingStatus
from calhooks.supervisor.preflight import CannotStart, lock_directory
from tests import factories
from tests.running import ROOT

HOSTILE_LOG = """
import logging
from calhooks import create_app

app = create_app()
hostile = "x\\n[2026-11-28] ERROR in pump: forged\\x1b[2J\\x85\\u2028\\u202ey\\r" + "z" * 10_000


def fail(name):
    raise RuntimeError(hostile)


app.add_url_rule("/fail/<name>", view_func=fail)
# Without the handler that Flask adds once its own logger is used, and with it.
logging.getLogger("calhooks.mail.sending.sender").warning("%s", hostile)
app.test_client().get("/", environ_overrides={"PATH_INFO": f"/fail/{hostile}".encode().decode("latin-1")})
logging.getLogger("calhooks.mail.sending.sender").warning("%s", hostile)
"""


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CALHOOKS_PORT", "http"),
        ("CALHOOKS_PORT", "70000"),
        ("CALHOOKS_HOST", "a b"),
        ("CALHOOKS_BASE_URL", "example.com"),
        ("CALHOOKS_BASE_URL", "https://example.com/sub"),
        ("CALHOOKS_BASE_URL", "https://example.com:port"),
        ("CALHOOKS_BASE_URL", "https://rick@example.com"),
        ("CALHOOKS_BASE_URL", "https://exam ple.com"),
        ("CALHOOKS_BASE_URL", 'https://example.com"'),
        ("DATABASE_URL", "mysql://localhost/x"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "postgresql://localhost:port/x"),
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_URL", "redis://localhost:99999/0"),
        ("REDIS_URL", "redis://localhost/cache"),
        ("REDIS_URL", "unix://"),
        ("REDIS_URL", "redis://localhost/0?no_such=option"),
        ("REDIS_URL", "rediss://localhost/0?ssl_cert_reqs=maybe"),
        ("CALHOOKS_EGRESS_ALLOW", "10.0.0.0/99"),
        ("CALHOOKS_RATE_LIMITS", "maybe"),
        ("CALHOOKS_WORKERS", "0"),
        ("CALHOOKS_RETRY_SCHEDULE", "5,5m"),
        ("CALHOOKS_RETRY_SCHEDULE", "99d"),
        ("CALHOOKS_RETENTION_DAYS", "-1"),
        ("CALHOOKS_TRUSTED_PROXIES", "one"),
        ("CALHOOKS_CA_BUNDLE", "/no/such/file"),
        ("CALHOOKS_CA_BUNDLE", "/etc/passwd"),
        ("CALHOOKS_DATA_DIR", "/proc/nowhere"),
        ("CALHOOKS_DATA_DIR", "~no-such-user/data"),
        ("MAIL_URL", "mailhost"),
        ("MAIL_URL", "smtp://mail..example.com"),
        ("MAIL_URL", f"smtps://{'a' * 64}.example.com"),
        ("MAIL_URL", "smtp://mailhost:port"),
        ("MAIL_URL", "smtp://mail host"),
        ("MAIL_URL", "smtp://mailhost/inbox"),
        ("CALHOOKS_MAIL_LIMIT", "-1"),
        ("CALHOOKS_MAIL_LIMIT", "10001"),
        ("CALHOOKS_MAIL_LIMIT", "many"),
        ("MAIL_FROM", "nobody"),
        ("MAIL_FROM", "a@example.com, b@example.com"),
        ("MAIL_FROM", "a@example.com\nBcc: b@example.com"),
    ],
)
def test_a_bad_variable_is_named_with_its_value_and_what_is_accepted(
    environ: dict[str, str], variable: str, value: str
) -> None:
    with pytest.raises(ConfigError) as error:
        Config.from_env(environ | {variable: value})
    line = str(error.value)
    assert line.startswith(f"{variable}={shown_value(variable, value)!r} cannot be used: ")
    assert line.endswith(" is accepted.")
    assert "\n" not in line


def test_a_data_directory_whose_secret_key_was_cut_short_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("short")
    with pytest.raises(ConfigError, match=r"^CALHOOKS_DATA_DIR='.+' cannot be used: .*secret_key.* is accepted\.$"):
        Config.from_env({"CALHOOKS_DATA_DIR": str(tmp_path)})


def test_a_secret_key_that_cannot_be_read_or_made_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "secret_key").mkdir()
    with pytest.raises(ConfigError, match=r"secret_key can be read, or made \(Is a directory\), is accepted\.$"):
        Config.from_env({"CALHOOKS_DATA_DIR": str(tmp_path)})


@contextmanager
def no_room_for_files() -> Iterator[None]:
    """Have this process write to files as on a full disk."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, former[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)


def test_a_full_disk_leaves_no_half_of_a_secret_key(tmp_path: Path) -> None:
    with no_room_for_files(), pytest.raises(OSError, match="File too large"):
        datadir.secret_key(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_does_not_keep_the_data_directory_from_being_locked(tmp_path: Path) -> None:
    with no_room_for_files():
        lock = lock_directory(tmp_path)
    with lock, pytest.raises(CannotStart, match="in use"):
        lock_directory(tmp_path)


def test_a_short_secret_key_is_refused_and_not_repeated(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as error:
        Config.from_env(environ | {"SECRET_KEY": "x" * 31})
    assert str(error.value) == "SECRET_KEY='…' cannot be used: a text of 32 characters or more is accepted."
    assert Config.from_env(environ | {"SECRET_KEY": "x" * 32}).secret_key == "x" * 32


def test_a_password_with_an_at_sign_is_the_servers_and_not_cut_at_it(environ: dict[str, str]) -> None:
    """SQLAlchemy would quote what it took for the port: invalid literal for int() with base 10: 'word@host'."""
    url = Config.from_env(environ | {"DATABASE_URL": "postgres://rick:p@ss:word@host:5432/name"}).database_url
    parts = make_url(url)
    assert (parts.username, parts.password, parts.host, parts.port) == ("rick", "p@ss:word", "host", 5432)


def test_an_empty_environment_gives_the_documented_defaults(tmp_path: Path) -> None:
    config = Config.from_env({"CALHOOKS_DATA_DIR": str(tmp_path), "CALHOOKS_PORT": ""})
    assert config.base_url == "http://127.0.0.1:8000"
    assert config.retry_schedule == (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
    assert (config.workers, config.retention_days, config.trusted_proxies, config.egress_allow) == (2, 90, 0, ())
    assert config.redis_url == f"unix://{tmp_path}/redis.sock"


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("https://kalender.müller.example:8443/", "https://kalender.xn--mller-kva.example:8443"),
        ("http://[::1]:80/", "http://[::1]:80"),
    ],
)
def test_the_base_url_has_the_host_that_browsers_send(tmp_path: Path, typed: str, read: str) -> None:
    assert Config.from_env({"CALHOOKS_DATA_DIR": str(tmp_path), "CALHOOKS_BASE_URL": typed}).base_url == read


@pytest.mark.parametrize(
    ("host", "address"),
    [("0.0.0.0", "http://localhost:8000"), ("::", "http://localhost:8000"), ("::1", "http://[::1]:8000")],
)
def test_the_public_address_follows_from_where_the_server_listens(tmp_path: Path, host: str, address: str) -> None:
    assert Config.from_env({"CALHOOKS_DATA_DIR": str(tmp_path), "CALHOOKS_HOST": host}).base_url == address


def test_the_secret_key_is_made_once_and_is_the_owners_alone(tmp_path: Path) -> None:
    first = Config.from_env({"CALHOOKS_DATA_DIR": str(tmp_path)}).secret_key
    assert Config.from_env({"CALHOOKS_DATA_DIR": str(tmp_path)}).secret_key == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_former_keys_are_separated_by_commas(environ: dict[str, str]) -> None:
    assert Config.from_env(environ).secret_key_fallbacks == ()
    assert Config.from_env(environ | {"SECRET_KEY_FALLBACKS": " a, ,short one,"}).secret_key_fallbacks == (
        "a",
        "short one",
    )


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_secret_key_that_others_could_read_is_taken_from_them(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("x" * 40)
    (tmp_path / "secret_key").chmod(0o644)
    Config.from_env({"CALHOOKS_DATA_DIR": str(tmp_path)})
    assert mode(tmp_path / "secret_key") == 0o600


@pytest.mark.parametrize("chosen", [False, True], ids=["in the data directory", "of DATABASE_URL"])
def test_the_sqlite_files_are_their_owners_alone(tmp_path: Path, chosen: bool) -> None:
    path = tmp_path / ("own.db" if chosen else "calhooks.sqlite3")
    environ = {"CALHOOKS_DATA_DIR": str(tmp_path)} | ({"DATABASE_URL": f"sqlite:///{path}"} if chosen else {})
    files = [path, Path(f"{path}-wal"), Path(f"{path}-shm")]
    for already_there in (False, True):
        for file in files if already_there else []:
            file.touch()
            file.chmod(0o644)
        app = create_app(Config.from_env(environ), pages=False)
        with app.app_context():
            assert mode(path) == 0o600
            with db.engine.connect() as connection:
                connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS something (id INTEGER)")
                assert [mode(file) for file in files] == [0o600] * 3
            db.engine.dispose()


def test_a_deep_data_directory_still_has_a_short_socket_path(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-long-directory-name"] * 6)
    assert len(str(datadir.redis_socket(deep))) <= datadir.MAX_SOCKET_PATH_LENGTH
    assert datadir.redis_socket(deep) != datadir.redis_socket(deep / "other")


def test_a_uid_is_22_letters_and_never_the_same() -> None:
    uids = {ids.new_uid() for _ in range(1000)}
    assert len(uids) == 1000
    assert {len(uid) for uid in uids} == {22}


def test_a_moment_comes_back_in_utc_whatever_zone_it_was_given_in(session: Session) -> None:
    user = factories.create_user(created_at=datetime(2026, 3, 5, 9, tzinfo=timezone(timedelta(hours=5, minutes=30))))
    session.expire_all()
    assert user.created_at == datetime(2026, 3, 5, 3, 30, tzinfo=UTC)
    assert user.created_at.tzinfo is UTC


def test_a_write_that_fails_leaves_nothing_and_calls_nobody(session: Session) -> None:
    called: list[str] = []

    def fail() -> None:
        with writing() as inner:
            inner.add(User(username="x", name="X", email="x@example.com", time_zone="", created_at=datetime.now(UTC)))
            after_commit(inner, lambda: called.append("no"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert session.scalars(select(User)).all() == []
    assert called == []


@pytest.mark.only_on("postgresql", "SQLite has no server")
def test_a_connection_that_died_while_reading_spoils_one_write_at_most(session: Session) -> None:
    pid = session.scalar(text("SELECT pg_backend_pid()"))
    with db.engine.connect() as other:
        other.execute(text(f"SELECT pg_terminate_backend({pid})"))
    with pytest.raises(OperationalError), writing():
        session.scalar(text("SELECT 1"))
    with writing() as inner:
        inner.scalar(text("SELECT 1"))


@pytest.mark.only_on("sqlite", "PostgreSQL says so for each transaction")
def test_a_connection_that_can_only_read_spoils_one_write_at_most(session: Session) -> None:
    owner = factories.create_user()
    db.session.remove()

    def rename(pragma: str) -> None:
        with writing() as inner:
            inner.execute(text(pragma))
            inner.get_one(User, owner.id).name = "Ann Lee"

    with pytest.raises(OperationalError):
        rename("PRAGMA query_only = ON")
    rename("PRAGMA query_only")


@pytest.mark.only_on("postgresql", "SQLite has no server")
def test_a_connection_whose_driver_lost_track_is_given_up_without_a_word(
    session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    """As it does now and then when the server stops while several rows are on their way."""

    def lose_track() -> None:
        with writing() as inner:
            driver = inner.connection().connection.driver_connection
            assert driver is not None
            driver.pgconn.enter_pipeline_mode()
            driver.pgconn.send_query_params(b"SELECT 1", None)
            inner.scalar(text("SELECT 1"))

    with pytest.raises(OperationalError):
        lose_track()
    with writing() as inner:
        assert inner.scalar(text("SELECT 1")) == 1
    assert caplog.records == []


def test_after_commit_runs_once_the_data_can_be_seen(session: Session) -> None:
    seen: list[int] = []

    def look() -> None:
        with db.engine.connect() as other:
            seen.append(len(other.execute(select(User.id)).all()))

    with writing() as inner:
        inner.add(User(username="x", name="X", email="x@example.com", time_zone="UTC", created_at=datetime.now(UTC)))
        after_commit(inner, look)
        after_commit(inner, look)
    assert seen == [1]


def test_the_database_refuses_two_accepted_bookings_that_overlap(session: Session) -> None:
    event_type = factories.create_event_type(factories.create_user())
    start = datetime(2026, 3, 5, 9, tzinfo=UTC)
    factories.create_booking(event_type, start)
    factories.create_booking(event_type, start + timedelta(minutes=30))
    pending = factories.create_booking(event_type, start, status=BookingStatus.PENDING)
    with pytest.raises(IntegrityError, match="booking_hosts_overlap"):
        factories.create_booking(event_type, start + timedelta(minutes=15))
    with pytest.raises(IntegrityError, match="booking_hosts_overlap"), writing():
        pending.status = BookingStatus.ACCEPTED


def test_a_database_is_migrated_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    app = create_app(Config.from_env({"CALHOOKS_DATA_DIR": str(tmp_path)}), pages=False)
    load_migrations(app)
    with app.app_context():
        with db.engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE slot_holds (in_the_way INTEGER)")
        with pytest.raises(OperationalError, match="slot_holds"):
            flask_migrate.upgrade()
        assert inspect(db.engine).get_table_names() == ["slot_holds"]
        db.engine.dispose()


def test_nothing_that_is_logged_ends_a_line_or_steers_a_terminal(environ: dict[str, str]) -> None:
    done = subprocess.run([sys.executable, "-c", HOSTILE_LOG], env=os.environ | environ, capture_output=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr.decode()
    lines = done.stderr.decode().splitlines()
    records = [line for line in lines if not line.startswith("    ")]
    assert [
        line.partition("x\\n[2026-11-28] ERROR in pump: forged\\x1b[2J")[0].partition("] ")[2] for line in records
    ] == [
        "",
        "ERROR in app: Exception on /fail/",
        "WARNING in <string>: ",
    ]
    assert all("\\x85\\u2028\\u202ey\\r" in line for line in records)
    assert all(line.isprintable() and len(line) < 10_000 for line in lines)
