"""What calhooks does about a PostgreSQL that ends a transaction, or that has vanished."""

import time

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from calhooks.db import db, writing
from calhooks.db.postgresql import POSTGRESQL_TIMEOUTS, engine_options
from calhooks.web.site import access

pytestmark = pytest.mark.only_on("postgresql", "about PostgreSQL alone")


def test_a_transaction_that_the_server_ends_is_a_database_that_was_away_for_an_instant(session: Session) -> None:
    session.rollback()

    def idle_in_the_middle() -> None:
        with writing() as inner:
            inner.execute(text("SET LOCAL idle_in_transaction_session_timeout = '50ms'"))
            time.sleep(0.3)
            inner.execute(text("SELECT 1"))

    with pytest.raises(OperationalError):
        idle_in_the_middle()
    with writing() as inner:
        assert inner.scalar(text("SELECT 1")) == 1


def test_a_server_that_has_vanished_is_given_up_unless_the_url_says_when(app: Flask) -> None:
    with app.app_context():
        connection = db.engine.raw_connection()
        found = connection.driver_connection.info.get_parameters()
        connection.close()
    assert {name: found[name] for name in POSTGRESQL_TIMEOUTS} == {
        name: str(value) for name, value in POSTGRESQL_TIMEOUTS.items()
    }
    own = engine_options("postgresql+psycopg://calhooks@db/calhooks?connect_timeout=3")["connect_args"]
    assert "connect_timeout" not in own
    assert own["tcp_user_timeout"] == POSTGRESQL_TIMEOUTS["tcp_user_timeout"]


@pytest.mark.parametrize("end", ["pg_terminate_backend", "pg_cancel_backend"])
def test_a_page_arrives_although_the_connection_broke_behind_it(app: Flask, end: str) -> None:
    @app.get("/breaks")
    @access.public
    def breaks() -> str:
        pid = db.session.scalar(text("SELECT pg_backend_pid()"))
        with db.engine.connect() as other:
            other.execute(text(f"SELECT {end}(:pid)"), {"pid": pid})
        return "made"

    browser = app.test_client()
    assert browser.get("/breaks").text == "made"
    assert browser.get("/readyz").json["database"] is True
