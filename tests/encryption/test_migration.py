"""Tests of the step that encrypts what an older calhooks has stored, and of the way back."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import text

from calhooks import clock
from calhooks.db import db
from calhooks.delivery.models.endpoints import Endpoint, SigningKey
from calhooks.mail.models import Mail
from calhooks.scheduling.models.calendars import CalendarFeed
from tests.encryption.helpers import HUSH, SECRET
from tests.older import older_application

BEFORE = "0012"
TOKEN = "k7Hq0Fz1Zt0m3o9u0Jx2c5v8b1n4m7q0w3e6r9t2y5u"
NOW = "2026-03-02 08:00:00"


@pytest.fixture
def older(tmp_path: Path, postgres_url: str) -> Iterator[Flask]:
    """An application on a database as it was before secrets were encrypted."""
    with older_application(tmp_path, postgres_url, BEFORE) as app:
        yield app


def insert(table: str, **values: Any) -> None:
    names = ", ".join(values)
    with db.engine.begin() as connection:
        marks = ", ".join(f":{name}" for name in values)
        connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)


def fill(endpoints: int) -> None:
    """Write as the older code did."""
    user = {"id": 1, "username": "rick", "name": "Rick", "email": "rick@example.com", "password_hash": ""}
    insert("users", **user, time_zone="UTC", locale="en", is_admin=True, session_version=1, created_at=NOW)
    headers = json.dumps([["Authorization", HUSH]])
    for number in range(1, endpoints + 1):
        endpoint = {"id": number, "owner_id": 1, "url": "http://127.0.0.1:9/", "active": True, "created_at": NOW}
        insert("endpoints", **endpoint, consecutive_failures=0, secret_headers=headers)
        insert("signing_keys", id=number, endpoint_id=number, secret=f"{SECRET} {number}", created_at=NOW)
    insert("calendar_feeds", owner_id=1, token=TOKEN, created_at=NOW)
    mail = {"message_id": "<1@example.com>", "owner_id": 1, "kind": "password_reset", "recipient": "rick@example.com"}
    words = {"subject": "Choose", "text": "in the text", "html": "in the html", "state": "queued"}
    empty = dict.fromkeys(("about", "sequence_key", "recipient_name", "reply_to", "reply_to_name"), "")
    insert("mails", **mail, **words, **empty, calendar_method="", tries=0, error="", created_at=NOW)


def dumped() -> str:
    """Return everything in the tables that had secrets."""
    tables = ("endpoints", "signing_keys", "calendar_feeds", "mails")
    with db.engine.connect() as connection:
        return "".join(repr(connection.execute(text(f"SELECT * FROM {name}")).all()) for name in tables)


def test_what_is_there_is_encrypted_and_reads_as_before(older: Flask) -> None:
    fill(endpoints=3)
    flask_migrate.upgrade()
    assert [each for each in (HUSH, SECRET, TOKEN, "in the text", "in the html") if each in dumped()] == []
    session = db.session
    secrets = session.scalars(db.select(SigningKey.secret).order_by(SigningKey.id)).all()
    assert secrets == [f"{SECRET} {number}" for number in (1, 2, 3)]
    assert [each.secret_headers for each in session.scalars(db.select(Endpoint))] == [[["Authorization", HUSH]]] * 3
    feed = session.scalars(db.select(CalendarFeed)).one()
    assert (feed.token, feed.token_hash) == (TOKEN, hashlib.sha256(TOKEN.encode()).hexdigest())
    assert feed.created_at.strftime("%Y-%m-%d %H:%M:%S") == NOW
    mail = session.scalars(db.select(Mail)).one()
    assert (mail.text, mail.html) == ("in the text", "in the html")


def test_the_way_back_decrypts(older: Flask) -> None:
    fill(endpoints=2)
    before = dumped()
    flask_migrate.upgrade()
    db.session.remove()
    flask_migrate.downgrade(revision=BEFORE)
    # The column that was replaced has become the last one.
    assert sorted(before) == sorted(dumped())
    assert f"{SECRET} 2" in dumped()
    flask_migrate.upgrade()
    assert db.session.scalars(db.select(SigningKey.secret)).first() == f"{SECRET} 1"


def test_more_rows_than_a_batch_are_encrypted(older: Flask) -> None:
    fill(endpoints=1)
    with db.engine.begin() as connection:
        for number in range(2, 1202):
            row = {"id": number, "secret": str(number), "now": clock.now()}
            connection.execute(
                text("INSERT INTO signing_keys (id, endpoint_id, secret, created_at) VALUES (:id, 1, :secret, :now)"),
                row,
            )
    flask_migrate.upgrade()
    secrets = db.session.scalars(db.select(SigningKey.secret).order_by(SigningKey.id)).all()
    assert secrets[1:] == [str(number) for number in range(2, 1202)]
