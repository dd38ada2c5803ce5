"""Applications on a database whose tables are those of an older version."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import flask_migrate
import psycopg
from flask import Flask

from calhooks import create_app
from calhooks.config import Config
from calhooks.db import db, load_migrations


@contextmanager
def older_application(data: Path, postgres_url: str, revision: str) -> Iterator[Flask]:
    """Give an application, in its context, on a new database at a revision: beside `postgres_url`, or SQLite's."""
    url = ""
    if postgres_url:
        base, _, query = postgres_url.partition("?")
        name = f"{base.rpartition('/')[2]}_older"
        url = f"{base.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    app = create_app(Config.from_env({"CALHOOKS_DATA_DIR": str(data), "DATABASE_URL": url}), pages=False)
    load_migrations(app)
    with app.app_context():
        flask_migrate.upgrade(revision=revision)
        yield app
        db.session.remove()
        db.engine.dispose()
    if postgres_url:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
