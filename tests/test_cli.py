"""Tests of the flask commands that people type."""

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks import create_app
from calhooks.accounts import links, users
from calhooks.accounts.models import User
from calhooks.config import Config
from calhooks.db import db
from calhooks.scheduling.models.event_types import EventType
from calhooks.scheduling.models.schedules import Schedule
from tests import factories
from tests.web import pages

RICK = ["--name", "Rick", "--username", "Rick", "--email", "Rick@example.com", "--time-zone", "asia/calcutta"]
PASSWORD = ["--password", "never gonna give"]


def test_create_user_makes_an_account_that_can_log_in_and_be_booked(runner: FlaskCliRunner, session: Session) -> None:
    factories.create_user("ann")
    result = runner.invoke(args=["create-user", *RICK, *PASSWORD])
    assert result.exit_code == 0, result.output
    assert "http://localhost/login" in result.output
    user = users.authenticate(session, "rick@example.com", "never gonna give")
    assert user is not None
    assert (user.username, user.time_zone, user.is_admin) == ("rick", "Asia/Kolkata", False)
    slugs = select(EventType.slug).where(EventType.owner_id == user.id).order_by(EventType.position)
    assert session.scalars(slugs).all() == ["15min", "30min"]
    schedule = session.scalars(select(Schedule).where(Schedule.owner_id == user.id)).one()
    assert {(hours.weekday, hours.start_minute, hours.end_minute) for hours in schedule.ranges} == {
        (day, 540, 1020) for day in range(5)
    }


@pytest.mark.parametrize("command", [["create-user", *RICK, *PASSWORD], ["reset-password", "rick@example.com"]])
def test_a_new_database_is_given_its_tables_first(tmp_path: Path, redis_url: str, command: list[str]) -> None:
    app = create_app(Config.from_env({"CALHOOKS_DATA_DIR": str(tmp_path), "REDIS_URL": redis_url}), pages=False)
    result = app.test_cli_runner().invoke(args=command)
    assert result.output.startswith(("Made the administrator rick", "Error: Nobody has an account")), result.output
    with app.app_context():
        assert users.exist(db.session()) == (command[0] == "create-user")
        db.engine.dispose()


@pytest.mark.parametrize("command", [["create-user", *RICK, *PASSWORD], ["reset-password", "rick@example.com"]])
def test_a_database_that_cannot_be_used_is_one_line(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "calhooks.sqlite3").mkdir()
    app = create_app(Config.from_env({"CALHOOKS_DATA_DIR": str(tmp_path)}), pages=False)
    result = app.test_cli_runner().invoke(args=command)
    assert result.exit_code == 1
    assert result.output.startswith("Error: The database cannot be used: "), result.output
    assert result.output.count("\n") == 1


@pytest.mark.parametrize("first", [True, False])
def test_an_administrator_is_made_when_asked_and_when_there_is_nobody_else(
    runner: FlaskCliRunner, session: Session, first: bool
) -> None:
    if not first:
        factories.create_user("ann")
    runner.invoke(args=["create-user", *RICK, *PASSWORD, *([] if first else ["--admin"])])
    assert session.scalars(select(User).where(User.username == "rick")).one().is_admin


def test_create_user_asks_for_what_is_not_given_and_does_not_show_the_password(runner: FlaskCliRunner) -> None:
    typed = "Rick\nrick\nrick@example.com\n\nnever gonna give\nnever gonna give\n"
    result = runner.invoke(args=["create-user"], input=typed)
    assert result.exit_code == 0, result.output
    assert "never gonna give" not in result.output


def test_create_user_says_everything_that_is_wrong(runner: FlaskCliRunner, session: Session) -> None:
    wrong = ["--name", "", "--username", "admin", "--email", "rick", "--time-zone", "UTC", "--password", "short"]
    result = runner.invoke(args=["create-user", *wrong])
    assert result.exit_code == 1
    assert all(f"{field}: " in result.output for field in ("name", "username", "email", "password"))
    assert not users.exist(session)


def test_create_user_refuses_what_is_no_time_zone(runner: FlaskCliRunner) -> None:
    result = runner.invoke(
        args=["create-user", "--time-zone", "Mars/Olympus", *PASSWORD], input="R\nr\nr@example.com\n"
    )
    assert result.exit_code == 2
    assert "“Mars/Olympus” is not a time zone." in result.output


def test_create_user_refuses_names_that_are_taken(runner: FlaskCliRunner, session: Session) -> None:
    factories.create_user("rick")
    result = runner.invoke(args=["create-user", *RICK, *PASSWORD])
    assert result.exit_code == 1
    assert "username: " in result.output
    assert "email: " in result.output


def test_reset_password_prints_a_link_that_works_once(app: Flask, runner: FlaskCliRunner, client: FlaskClient) -> None:
    with app.app_context():
        factories.create_user("rick")
    result = runner.invoke(args=["reset-password", "RICK@example.com"])
    assert result.exit_code == 0, result.output
    (path,) = re.findall(r"http://localhost(/auth/link/\S+)", result.output)
    assert pages.submit(client, path, {"password": "let you down"}).status_code == 303
    assert client.get(path).status_code == 404
    with app.app_context():
        assert users.authenticate(db.session(), "rick@example.com", "let you down") is not None
        assert links.waiting(db.session()) == {}


def test_reset_password_says_when_nobody_has_the_address(runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["reset-password", "nobody@example.com"])
    assert result.exit_code == 1
    assert "nobody@example.com" in result.output
