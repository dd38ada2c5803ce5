"""Tests of what is stored of a secret, and of what reads it again."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, text
from sqlalchemy.orm import Session

from calhooks.config import Config
from calhooks.db import db
from calhooks.encryption.columns import Encrypted, Unreadable, encryption_of
from calhooks.encryption.keys import ID, MATERIAL, Keyring, derive
from calhooks.encryption.rotation import encrypted_columns
from tests.encryption.helpers import HUSH, NEW_KEY, fill_every_column, with_keys


def stored(column: Column[Any]) -> list[str]:
    """Return what the database holds, past the type."""
    query = text(f"SELECT {column.name} FROM {column.table.name}")
    return [str(value) for value in db.session.scalars(query)]


def test_nothing_secret_can_be_read_in_the_database(session: Session) -> None:
    secrets = fill_every_column()
    assert {encryption_of(column).label for column in encrypted_columns()} == secrets.keys()
    everything = ""
    for table in db.metadata.sorted_tables:
        everything += repr(session.execute(text(f"SELECT * FROM {table.name}")).all())
    assert [label for label, secret in secrets.items() if secret in everything] == []


def test_every_encrypted_column_reads_what_was_written(session: Session) -> None:
    secrets = fill_every_column()
    session.expire_all()
    for column in encrypted_columns():
        assert encryption_of(column).label == f"{column.table.name}.{column.name}"
        assert all(secrets[encryption_of(column).label] in repr(value) for value in session.scalars(db.select(column)))


@given(st.text())
def test_any_text_comes_back(app_with_keys: Flask, value: str) -> None:
    value = value.encode(errors="replace").decode()
    with app_with_keys.app_context():
        sealed = Encrypted("a.b").seal(value)
        assert Encrypted("a.b").unseal(sealed) == value
        assert value not in sealed or len(value) < 3
        assert Encrypted("a.b").seal(value) != sealed


@pytest.fixture(scope="module")
def app_with_keys(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An application that has keys, and no database to be set up for each example."""
    app = Flask(__name__)
    app.extensions["calhooks"] = Config.from_env(
        {"CALHOOKS_DATA_DIR": str(tmp_path_factory.mktemp("keys")), "SECRET_KEY": NEW_KEY}
    )
    return app


def test_a_value_cannot_be_moved_to_another_column(session: Session) -> None:
    sealed = Encrypted("mails.text").seal("my own words")
    with pytest.raises(Unreadable, match=r"signing_keys\.secret"):
        Encrypted("signing_keys.secret").unseal(sealed)


@pytest.mark.parametrize("harm", ["", "plain", "plain.text", "0123456789abcdef.AAAA"])
def test_what_was_not_encrypted_here_is_unreadable(session: Session, harm: str) -> None:
    with pytest.raises(Unreadable):
        Encrypted("a.b").unseal(harm)


def test_every_changed_byte_makes_a_value_unreadable(session: Session) -> None:
    sealed = Encrypted("a.b").seal("secret")
    key_id, _, encoded = sealed.partition(".")
    whole = base64.b64decode(encoded)
    for place in range(len(whole)):
        changed = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        with pytest.raises(Unreadable):
            Encrypted("a.b").unseal(f"{key_id}.{base64.b64encode(changed).decode()}")


def test_a_former_key_decrypts_and_the_newest_encrypts(app: Flask, session: Session, config: Config) -> None:
    sealed = Encrypted("a.b").seal("secret")
    with_keys(app, NEW_KEY, config.secret_key)
    assert Encrypted("a.b").unseal(sealed) == "secret"
    assert Encrypted("a.b").seal("secret").partition(".")[0] == Keyring(NEW_KEY, ()).newest.id
    with_keys(app, NEW_KEY)
    with pytest.raises(Unreadable):
        Encrypted("a.b").unseal(sealed)


def test_secret_headers_are_written_as_json(session: Session) -> None:
    fill_every_column()
    (headers,) = (column for column in encrypted_columns() if column.name == "secret_headers")
    assert json.loads(encryption_of(headers).unseal(stored(headers)[0])) == [["Authorization", HUSH]]


@pytest.mark.parametrize("info", [MATERIAL, ID])
def test_keys_are_derived_as_rfc_5869_says(info: bytes) -> None:
    expected = HKDF(hashes.SHA256(), 32, salt=None, info=info).derive(NEW_KEY.encode())
    assert derive(NEW_KEY.encode(), info) == expected


def test_a_key_shows_nothing_of_itself() -> None:
    key = Keyring(NEW_KEY, ()).newest
    assert key.material.hex() not in repr(key) + key.id
    assert repr(key.material) not in repr(key)
