"""Tests of a change of SECRET_KEY: before, while and after everything is encrypted again."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import Column, select, text, update
from sqlalchemy.orm import Session

from calhooks import create_app
from calhooks.config import Config
from calhooks.db import db, writing
from calhooks.delivery.models.endpoints import SigningKey
from calhooks.encryption import rotation
from calhooks.encryption.check import EncryptionKey, open_database
from calhooks.encryption.columns import encryption_of, sealed
from calhooks.encryption.keys import Keyring, WrongKey
from calhooks.encryption.rotation import encrypted_columns, rotate_secrets
from tests import factories
from tests.encryption.helpers import NEW_KEY, fill_every_column, with_keys

NEW_ID = Keyring(NEW_KEY, ()).newest.id


def key_ids(session: Session, column: Column[Any]) -> set[str]:
    return {value.partition(".")[0] for value in session.scalars(select(sealed(column)))}


def used_keys(session: Session) -> set[str]:
    # What is committed now, not what was when this session first read.
    session.rollback()
    return set(session.scalars(select(EncryptionKey.key_id)))


def changed(app: Flask, config: Config) -> None:
    """Start once as the key before, and once more as the new one."""
    open_database(app)
    with_keys(app, NEW_KEY, config.secret_key)
    open_database(app)


def test_rotating_rewrites_everything_and_says_how_much(
    app: Flask, session: Session, config: Config, runner: FlaskCliRunner
) -> None:
    secrets = fill_every_column()
    changed(app, config)
    assert len(used_keys(session)) == 2
    result = runner.invoke(args=["rotate-secrets"])
    assert result.exit_code == 0, result.output
    for label in secrets:
        assert f"{label}: 1 encrypted again" in result.output
    with_keys(app, NEW_KEY)
    open_database(app)
    assert used_keys(session) == {NEW_ID}
    for column in encrypted_columns():
        assert key_ids(session, column) == {NEW_ID}
        assert secrets[encryption_of(column).label] in repr(session.scalars(select(column)).one())
    assert "mails.text: 0 encrypted again" in runner.invoke(args=["rotate-secrets"]).output


def test_a_rotation_that_was_interrupted_goes_on_where_it_stopped(
    app: Flask, session: Session, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "BATCH", 2)
    rick = factories.create_user("rick")
    for number in range(5):
        factories.create_endpoint(rick, secret=f"secret {number}")
    changed(app, config)
    (column,) = (each for each in encrypted_columns() if each.name == "secret")
    assert rotation._rewrite_batch(column) == 2
    assert len(key_ids(session, column)) == 2
    assert dict(rotate_secrets())["signing_keys.secret"] == 3
    assert session.scalars(select(SigningKey.secret).order_by(SigningKey.id)).all() == [f"secret {n}" for n in range(5)]


def test_what_a_server_saves_meanwhile_is_not_overwritten(
    app: Flask, session: Session, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.create_endpoint(factories.create_user("rick"), secret="old")
    changed(app, config)
    read = rotation._outdated

    def read_and_lose(session: Session, column: Column[Any], limit: int) -> list[tuple[Any, str]]:
        rows = read(session, column, limit)
        if rows and column.name == "secret":
            session.execute(update(SigningKey).values(secret="typed meanwhile"))
        return rows

    monkeypatch.setattr(rotation, "_outdated", read_and_lose)
    dict(rotate_secrets())
    session.expire_all()
    assert session.scalars(select(SigningKey.secret)).all() == ["typed meanwhile"]


def test_rotating_does_not_forget_a_key_that_is_still_needed(
    app: Flask, session: Session, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(app, config)

    def saved_too_late(_column: Column[Any]) -> int:
        return 0

    monkeypatch.setattr(rotation, "_rewrite_batch", saved_too_late)
    with_keys(app, config.secret_key, NEW_KEY)
    factories.create_endpoint(factories.create_user("rick"), secret="of a server with the former key")
    with_keys(app, NEW_KEY, config.secret_key)
    dict(rotate_secrets())
    assert len(used_keys(session)) == 2


@pytest.mark.parametrize("secret_key", ["a-third-key-that-has-never-encrypted-anything", NEW_KEY])
def test_a_database_with_secrets_of_another_key_is_refused(app: Flask, session: Session, secret_key: str) -> None:
    open_database(app)
    before = used_keys(session)
    with_keys(app, secret_key)
    with pytest.raises(WrongKey):
        open_database(app)
    assert used_keys(session) == before


def test_the_former_key_alone_is_refused_once_the_new_one_was_used(
    app: Flask, session: Session, config: Config
) -> None:
    changed(app, config)
    with_keys(app, config.secret_key)
    with pytest.raises(WrongKey):
        open_database(app)


def test_a_value_that_nothing_can_decrypt_ends_the_command_with_one_line(
    session: Session, runner: FlaskCliRunner
) -> None:
    factories.create_endpoint(factories.create_user("rick"), secret="secret")
    with writing() as inner:
        inner.execute(text("UPDATE signing_keys SET secret = 'plain'"))
    result = runner.invoke(args=["rotate-secrets"])
    assert result.exit_code == 1
    assert result.output.endswith(
        "Error: a value of signing_keys.secret cannot be decrypted with SECRET_KEY or SECRET_KEY_FALLBACKS\n"
    )


@pytest.mark.parametrize("command", [["rotate-secrets"], ["worker"], ["scheduler"], ["reset-password", "a@b.test"]])
def test_a_wrong_key_ends_every_command_with_one_line(app: Flask, environ: dict[str, str], command: list[str]) -> None:
    with app.app_context():
        open_database(app)
    other = create_app(Config.from_env(environ | {"SECRET_KEY": NEW_KEY}), pages=False)
    result = other.test_cli_runner().invoke(args=command)
    assert result.exit_code == 1
    assert result.output.startswith("Error: SECRET_KEY is not the key that encrypted the secrets")
    assert result.output.count("\n") == 1
    with other.app_context():
        db.engine.dispose()
