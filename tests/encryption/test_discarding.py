"""A key that is lost: what it encrypted is given up, so that calhooks starts again and sends nothing unsigned."""

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from calhooks import clock, create_app
from calhooks.accounts.models import User
from calhooks.config import Config
from calhooks.db import writing
from calhooks.delivery import endpoints, lost_secrets
from calhooks.delivery.models.endpoints import Endpoint, InactiveReason, Notice, NoticeKind, SigningKey
from calhooks.encryption.check import EncryptionKey, open_database
from calhooks.encryption.columns import Encrypted, sealed_length
from calhooks.encryption.keys import Keyring
from calhooks.encryption.rotation import encrypted_columns
from calhooks.mail.models import Mail, MailState
from calhooks.scheduling.calendars.feeds import find_feed
from calhooks.scheduling.models.calendars import CalendarFeed
from tests import factories
from tests.encryption.helpers import HUSH, NEW_KEY, SECRET, fill_every_column, with_keys

COMMAND = ["rotate-secrets", "--discard-unreadable"]


@pytest.fixture
def lose(app: Flask, session: Session) -> Callable[[], None]:
    """Return what replaces the key by another one; what was written until then cannot be decrypted any more."""
    open_database(app)

    def replace_key() -> None:
        with_keys(app, NEW_KEY)
        session.expire_all()

    return replace_key


def only_endpoint(session: Session) -> Endpoint:
    session.expire_all()
    return session.scalars(select(Endpoint)).one()


def test_everything_can_be_read_afterwards_and_calhooks_starts(
    app: Flask, session: Session, lose: Callable[[], None], runner: FlaskCliRunner
) -> None:
    secrets = fill_every_column()
    lose()
    result = runner.invoke(args=COMMAND, input="y\n")
    assert result.exit_code == 0, result.output
    for label in secrets:
        assert f"{label}: 1 cannot be decrypted" in result.output
    assert "This cannot be undone." in result.output
    for line in ("1 webhooks switched off", "1 calendar feeds have a new address: rick", "1 mails will not be sent"):
        assert line in result.output
    open_database(app)
    session.expire_all()
    assert session.scalars(select(EncryptionKey.key_id)).all() == [Keyring(NEW_KEY, ()).newest.id]
    for column in encrypted_columns():
        assert all(secret not in repr(session.scalars(select(column)).all()) for secret in secrets.values())
    again = runner.invoke(args=COMMAND)
    assert (again.exit_code, "Discard them?" in again.output) == (0, False)
    assert "0 webhooks switched off" in again.output


@pytest.mark.parametrize("typed", ["n\n", "\n", ""])
def test_nothing_is_given_up_without_a_yes(
    app: Flask, session: Session, config: Config, lose: Callable[[], None], runner: FlaskCliRunner, typed: str
) -> None:
    fill_every_column()
    lose()
    assert runner.invoke(args=COMMAND, input=typed).exit_code == 1
    with_keys(app, config.secret_key)
    open_database(app)
    assert session.scalars(select(SigningKey.secret)).all() == [SECRET]
    assert session.scalars(select(Mail.state)).all() == [MailState.QUEUED]


def test_yes_asks_nothing(lose: Callable[[], None], runner: FlaskCliRunner) -> None:
    fill_every_column()
    lose()
    result = runner.invoke(args=[*COMMAND, "--yes"])
    assert (result.exit_code, "Discard them?" in result.output) == (0, False)


@pytest.mark.parametrize("values", [{"secret": SECRET}, {"secret_headers": [["Authorization", HUSH]]}])
def test_a_webhook_is_off_its_owner_is_told_and_it_never_sends_unsigned(
    session: Session, lose: Callable[[], None], runner: FlaskCliRunner, values: dict[str, Any]
) -> None:
    factories.create_endpoint(factories.create_user("rick"), **values)
    lose()
    runner.invoke(args=[*COMMAND, "--yes"])
    endpoint = only_endpoint(session)
    assert (endpoint.active, endpoint.inactive_reason) == (False, InactiveReason.SECRET_LOST)
    assert endpoint.inactive_since is not None
    assert endpoint.secret_headers == []
    # Whoever switches it on before there is a new secret has a receiver that refuses, not one that is deceived.
    assert len(endpoint.keys) == ("secret" in values)
    assert all(key.secret not in ("", SECRET) for key in endpoint.keys)
    notice = session.scalars(select(Notice)).one()
    assert (notice.kind, notice.owner_id, notice.seen_at) == (NoticeKind.SECRET_LOST, endpoint.owner_id, None)


def test_a_lost_key_pair_is_replaced_by_one_with_another_public_key(
    session: Session, lose: Callable[[], None], runner: FlaskCliRunner
) -> None:
    created = factories.create_endpoint(factories.create_user("rick"))
    before = factories.create_key_pair(created).public_key
    factories.create_key_pair(created, expires_at=clock.now() + timedelta(hours=1))
    lose()
    assert "1 webhooks switched off" in runner.invoke(args=[*COMMAND, "--yes"]).output
    endpoint = only_endpoint(session)
    assert (endpoint.active, endpoint.inactive_reason) == (False, InactiveReason.SECRET_LOST)
    [pair] = endpoint.key_pairs
    assert pair.public_key != before
    # The public key that is shown is the one of the private key that signs.
    assert base64.b64decode(pair.private_key[5:])[32:] == base64.b64decode(pair.public_key[5:])


def test_a_webhook_that_had_no_secrets_goes_on(
    session: Session, lose: Callable[[], None], runner: FlaskCliRunner
) -> None:
    factories.create_endpoint(factories.create_user("rick"), secret="")
    lose()
    assert "0 webhooks switched off" in runner.invoke(args=[*COMMAND, "--yes"]).output
    endpoint = only_endpoint(session)
    assert (endpoint.active, endpoint.secret_headers) == (True, [])
    assert session.scalars(select(Notice)).all() == []


@pytest.mark.parametrize(("ago", "active"), [(timedelta(hours=-1), False), (timedelta(hours=1), True)])
def test_of_a_secret_that_was_replaced_only_one_that_still_signs_matters(
    app: Flask,
    session: Session,
    config: Config,
    lose: Callable[[], None],
    runner: FlaskCliRunner,
    ago: timedelta,
    active: bool,
) -> None:
    created = factories.create_endpoint(factories.create_user("rick"), secret="the old one")
    lose()
    with_keys(app, NEW_KEY, config.secret_key)
    with writing() as inner:
        endpoints.set_secret(inner.get_one(Endpoint, created.id), "the new one")
        inner.flush()
        inner.execute(update(SigningKey).where(SigningKey.expires_at.is_not(None)).values(expires_at=clock.now() - ago))
        # As a server that has not been told of the new key yet would have saved it.
        inner.execute(update(Endpoint).values(secret_headers=[]))
    lose()
    runner.invoke(args=[*COMMAND, "--yes"])
    endpoint = only_endpoint(session)
    assert ([key.secret for key in endpoint.keys], endpoint.active) == (["the new one"], active)


def test_one_that_its_owner_had_switched_off_or_deleted(
    session: Session, lose: Callable[[], None], runner: FlaskCliRunner
) -> None:
    rick = factories.create_user("rick")
    off, deleted = (factories.create_endpoint(rick, secret=SECRET) for _ in range(2))
    with writing() as inner:
        endpoints.switch_endpoint_off(inner.get_one(Endpoint, off.id), InactiveReason.OWNER)
        endpoints.delete_endpoint(inner, inner.get_one(Endpoint, deleted.id))
    lose()
    assert "1 webhooks switched off" in runner.invoke(args=[*COMMAND, "--yes"]).output
    session.expire_all()
    reasons = {each.id: each.inactive_reason for each in session.scalars(select(Endpoint))}
    assert reasons == {off.id: InactiveReason.SECRET_LOST, deleted.id: InactiveReason.OWNER}
    assert session.scalars(select(Notice.endpoint_id)).all() == [off.id]


def test_a_feed_has_another_address(session: Session, lose: Callable[[], None], runner: FlaskCliRunner) -> None:
    before = fill_every_column()["calendar_feeds.token"]
    lose()
    runner.invoke(args=[*COMMAND, "--yes"])
    session.expire_all()
    token = session.scalars(select(CalendarFeed.token)).one()
    assert token != before
    assert find_feed(session, token).owner.username == "rick"


def test_a_mail_that_waited_has_failed_and_one_that_was_sent_stays_so(
    session: Session, lose: Callable[[], None], runner: FlaskCliRunner
) -> None:
    fill_every_column()
    with writing() as inner:
        mail = inner.scalars(select(Mail)).one()
        values = {column.name: getattr(mail, column.name) for column in Mail.__table__.columns if column.name != "id"}
        inner.add(Mail(**values | {"message_id": "<2@example.com>", "state": MailState.SENT, "sent_at": clock.now()}))
        mail.due_at = clock.now()
    lose()
    assert "1 mails will not be sent" in runner.invoke(args=[*COMMAND, "--yes"]).output
    session.expire_all()
    waited, sent = session.scalars(select(Mail).order_by(Mail.id))
    assert (waited.state, waited.due_at, waited.text, waited.html) == (MailState.FAILED, None, "", "")
    assert waited.error == "Not sent: the key that encrypted its text is lost."
    assert (sent.state, sent.error, sent.text) == (MailState.SENT, "", "")


def test_what_a_former_key_can_decrypt_is_kept(
    app: Flask, session: Session, config: Config, lose: Callable[[], None], runner: FlaskCliRunner
) -> None:
    rick = factories.create_user("rick")
    factories.create_endpoint(rick, secret="can be read")
    lose()
    factories.create_endpoint(rick, secret="is lost")
    with_keys(app, "a-third-key-of-more-than-thirty-two-letters", config.secret_key)
    result = runner.invoke(args=[*COMMAND, "--yes"])
    assert "1 webhooks switched off" in result.output, result.output
    kept, lost = session.scalars(select(SigningKey.secret).order_by(SigningKey.id))
    assert (kept, lost != "is lost") == ("can be read", True)
    assert session.scalars(select(Endpoint.active).order_by(Endpoint.id)).all() == [True, False]


@pytest.mark.parametrize("harm", ["", "plain", "0123456789abcdef.AAAA", "0123456789abcdef.%"])
def test_a_damaged_value_is_given_up_too(
    session: Session, lose: Callable[[], None], runner: FlaskCliRunner, harm: str
) -> None:
    factories.create_endpoint(factories.create_user("rick"), secret_headers=[["Authorization", HUSH]])
    with writing() as inner:
        inner.execute(text("UPDATE endpoints SET secret_headers = :harm"), {"harm": harm})
    assert "1 webhooks switched off" in runner.invoke(args=[*COMMAND, "--yes"]).output


def test_what_was_interrupted_is_taken_up_again(
    app: Flask,
    session: Session,
    lose: Callable[[], None],
    runner: FlaskCliRunner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill_every_column()
    lose()
    with monkeypatch.context() as patch:

        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(lost_secrets, "notify_owner", killed)
        assert runner.invoke(args=[*COMMAND, "--yes"]).exit_code != 0
    # Not half of it: a random secret and a webhook that is on.
    assert session.scalars(select(Endpoint.active)).all() == [True]
    result = runner.invoke(args=["worker"])
    assert "is not the key that encrypted" in result.output
    assert "1 webhooks switched off" in runner.invoke(args=[*COMMAND, "--yes"]).output
    open_database(app)


def test_the_owner_is_written_to(environ: dict[str, str], app: Flask) -> None:
    with app.app_context():
        open_database(app)
        factories.create_endpoint(factories.create_user("rick"), "https://hooks.example.com/path", secret=SECRET)
    mail = {"MAIL_URL": "smtp://127.0.0.1:9", "MAIL_FROM": "calendar@example.com"}
    other = create_app(Config.from_env(environ | mail | {"SECRET_KEY": NEW_KEY}), pages=False)
    result = other.test_cli_runner().invoke(args=[*COMMAND, "--yes"])
    assert result.exit_code == 0, result.output
    with other.app_context(), writing() as session:
        letter = session.scalars(select(Mail)).one()
        assert letter.subject == "Your webhook to hooks.example.com was switched off"
        assert "Enter a new secret" in letter.text
        assert letter.recipient == session.scalars(select(User.email)).one()


def test_how_long_a_value_was_shows_without_its_key(session: Session) -> None:
    for value in ("", "[]", "ä", "x" * 1000):
        assert sealed_length(Encrypted("a.b").seal(value)) == len(value.encode())
