"""Secrets are encrypted; a feed is found by the hash of its token.

Revision: 0013, after 0012
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

import calhooks.db
from calhooks.encryption.columns import Encrypted

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BATCH = 500
SEALED_IN_PLACE = (("signing_keys", "secret"), ("mails", "text"), ("mails", "html"))


def upgrade() -> None:
    op.create_table(
        "encryption_keys",
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_encryption_keys")),
    )
    for table, column in SEALED_IN_PLACE:
        _rewrite(table, column, sa.column(column, sa.Text), Encrypted(f"{table}.{column}").seal)
    _replace_headers(sa.Text(), Encrypted("endpoints.secret_headers").seal)
    feeds = _take_feeds()
    op.create_table(
        "calendar_feeds",
        *_feed_columns(sa.Text()),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        *_feed_constraints("token_hash"),
    )
    seal = Encrypted("calendar_feeds.token").seal
    for feed in feeds:
        token = feed["token"]
        _put_feed(feed | {"token": seal(token), "token_hash": hashlib.sha256(token.encode()).hexdigest()})


def downgrade() -> None:
    feeds = _take_feeds()
    op.create_table("calendar_feeds", *_feed_columns(sa.String(length=64)), *_feed_constraints("token"))
    unseal = Encrypted("calendar_feeds.token").unseal
    for feed in feeds:
        _put_feed(feed | {"token": unseal(feed["token"])})
    unseal_headers = Encrypted("endpoints.secret_headers").unseal
    _replace_headers(sa.JSON(), lambda stored: json.loads(unseal_headers(stored)))
    for table, column in SEALED_IN_PLACE:
        _rewrite(table, column, sa.column(column, sa.Text), Encrypted(f"{table}.{column}").unseal)
    op.drop_table("encryption_keys")


def _rewrite(table: str, old: str, new: sa.ColumnClause[Any], change: Callable[[str], Any]) -> None:
    """Fill the column `new` with what `change` makes of the text in `old`, a few hundred rows at a time."""
    bind, row_id = op.get_bind(), sa.column("id", sa.Integer)
    rows = sa.table(table, row_id, sa.column(old), new)
    read = sa.select(row_id, sa.cast(rows.c[old], sa.Text)).select_from(rows).order_by(row_id).limit(BATCH)
    write = sa.update(rows).where(row_id == sa.bindparam("row")).values({new.name: sa.bindparam("value")})
    last = 0
    while batch := bind.execute(read.where(row_id > last)).all():
        bind.execute(write, [{"row": row, "value": change(value)} for row, value in batch])
        last = batch[-1][0]


def _replace_headers(kind: sa.types.TypeEngine[Any], change: Callable[[str], Any]) -> None:
    """Put a column of another type in the place of endpoints.secret_headers, on SQLite too without a new table."""
    # The default is for the moment until the rows have their values.
    new = sa.Column("new_headers", kind, nullable=False, server_default="[]")
    op.add_column("endpoints", new)
    _rewrite("endpoints", "secret_headers", sa.column("new_headers", kind), change)
    op.drop_column("endpoints", "secret_headers")
    op.execute("ALTER TABLE endpoints RENAME COLUMN new_headers TO secret_headers")


def _take_feeds() -> list[dict[str, Any]]:
    """Return the feeds, at most one for each account, and drop their table."""
    feeds = op.get_bind().execute(sa.text("SELECT owner_id, token, created_at FROM calendar_feeds")).mappings().all()
    op.drop_table("calendar_feeds")
    return [dict(feed) for feed in feeds]


def _put_feed(feed: dict[str, Any]) -> None:
    op.get_bind().execute(sa.insert(sa.table("calendar_feeds", *map(sa.column, feed))), feed)


def _feed_columns(token: sa.types.TypeEngine[Any]) -> list[sa.Column[Any]]:
    return [
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("token", token, nullable=False),
        sa.Column("created_at", calhooks.db.UTCDateTime(timezone=True), nullable=False),
    ]


def _feed_constraints(unique: str) -> list[sa.schema.Constraint]:
    return [
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_calendar_feeds_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("owner_id", name=op.f("pk_calendar_feeds")),
        sa.UniqueConstraint(unique, name=op.f(f"uq_calendar_feeds_{unique}")),
    ]
