"""Teams: members, event types with several hosts, and who is busy as one row for each host of a booking.

Revision: 0020, after 0019
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

from calhooks.db import UTCDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# What an account or a team can own; of the first two SQLite uses no number twice.
OWNED = ("event_types", "webhooks", "endpoints", "notices")
NUMBERED = ("event_types", "webhooks")
ONE_OWNER = "(owner_id IS NULL) <> (team_id IS NULL)"
OF_A_TEAM: Any = {"sqlite_where": sa.text("team_id IS NOT NULL"), "postgresql_where": sa.text("team_id IS NOT NULL")}
OF_BOOKINGS = ("team_id", "scheduling_type", "assignment")
OLD_INDEXES = ("host_id_status_start_time", "host_id_status_end_time", "event_type_id")
MOVED = "UPDATE users SET calendar_version = calendar_version + 1"
# The hosts of a team's event type, whose buffers keep them.
HOSTS_OF_TEAM = (
    "SELECT memberships.user_id FROM memberships JOIN event_type_hosts"
    " ON event_type_hosts.membership_id = memberships.id WHERE event_type_hosts.event_type_id = {row}.id"
)
EVENT_TYPE_ROWS = {"insert": ("NEW",), "update": ("OLD", "NEW"), "delete": ("OLD",)}
# The organizer's row, and all rows of a booking that changes.
NEW_ROW = (
    "INSERT INTO booking_hosts (booking_id, host_id, position, status, start_time, end_time)"
    " VALUES (NEW.id, NEW.host_id, 0, NEW.status, NEW.start_time, NEW.end_time)"
)
# In one statement: a new host may be busy at the old time, and the old host at the new time.
SAME_AS_BOOKING = (
    "UPDATE booking_hosts SET host_id = CASE position WHEN 0 THEN NEW.host_id ELSE host_id END,"
    " status = NEW.status, start_time = NEW.start_time, end_time = NEW.end_time WHERE booking_id = NEW.id"
)


def upgrade() -> None:
    create_teams()
    for table in OWNED:
        with rebuilt(table) as batch:
            own(table, batch)
    op.execute("UPDATE webhooks SET scope = 'chosen' WHERE event_type_ids IS NOT NULL")
    op.create_index("ix_notices_team_id_seen_at", "notices", ["team_id", "seen_at"])
    op.create_table("event_type_hosts", *event_type_host_columns())
    op.create_index("ix_event_type_hosts_membership_id", "event_type_hosts", ["membership_id"])
    add_team_to_a_large_table("events", "CASCADE")
    op.create_index("ix_events_team_id_id", "events", ["team_id", "id"], **OF_A_TEAM)
    op.create_table("event_hosts", *event_host_columns())
    op.create_index("ix_event_hosts_event_id", "event_hosts", ["event_id"])
    change_bookings()
    watch_event_types(HOSTS_OF_TEAM)


def downgrade() -> None:
    of_teams = "SELECT (SELECT count(*) FROM teams) + (SELECT count(*) FROM booking_hosts WHERE position > 0)"
    if op.get_bind().scalar(sa.text(of_teams)):
        raise RuntimeError(
            "There are teams, which the older version does not have. Restore the backup made before the upgrade."
        )
    watch_event_types("")
    change_bookings_back()
    op.drop_table("event_hosts")
    op.drop_index("ix_events_team_id_id", "events")
    drop_columns("events", "team_id")
    op.drop_table("event_type_hosts")
    op.drop_index("ix_notices_team_id_seen_at", "notices")
    for table in reversed(OWNED):
        with rebuilt(table) as batch:
            disown(table, batch)
    for table in ("invitations", "memberships", "teams"):
        op.drop_table(table)


def create_teams() -> None:
    numbered = {"sqlite_autoincrement": True}
    op.create_table(
        "teams",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("slug", sa.String(64), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("slug", name="uq_teams_slug"),
        **numbered,
    )
    op.create_table(
        "memberships",
        sa.Column("id", sa.Integer(), primary_key=True),
        reference("memberships", "team_id", "teams"),
        reference("memberships", "user_id", "users"),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("joined_at", UTCDateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("team_id", "user_id", name="uq_memberships_team_id_user_id"),
        **numbered,
    )
    op.create_index("ix_memberships_user_id", "memberships", ["user_id"])
    op.create_table(
        "invitations",
        sa.Column("id", sa.Integer(), primary_key=True),
        reference("invitations", "team_id", "teams"),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        reference("invitations", "invited_by_id", "users", nullable=True, ondelete="SET NULL"),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("used_at", UTCDateTime(timezone=True), nullable=True),
        sa.UniqueConstraint("token_hash", name="uq_invitations_token_hash"),
        **numbered,
    )
    op.create_index("ix_invitations_team_id", "invitations", ["team_id"])


def own(table: str, batch: BatchOperations) -> None:
    """Let a table's rows belong to a team instead of an account."""
    batch.alter_column("owner_id", existing_type=sa.Integer(), nullable=True)
    batch.add_column(team_column(table))
    batch.create_check_constraint("owner", ONE_OWNER)
    if table == "event_types":
        batch.alter_column("schedule_id", existing_type=sa.Integer(), nullable=True)
        batch.add_column(sa.Column("scheduling_type", sa.String(16), nullable=True))
        batch.add_column(sa.Column("keeps_host", sa.Boolean(), nullable=False, server_default=sa.true()))
        batch.create_unique_constraint("uq_event_types_team_id_slug", ["team_id", "slug"])
        batch.create_check_constraint("schedule", "owner_id IS NULL OR schedule_id IS NOT NULL")
        batch.create_check_constraint("scheduling_type", "(team_id IS NULL) = (scheduling_type IS NULL)")
    if table == "webhooks":
        batch.add_column(sa.Column("scope", sa.String(16), nullable=False, server_default="all"))
    if table in ("webhooks", "endpoints"):
        batch.create_index(f"ix_{table}_team_id", ["team_id"])


def disown(table: str, batch: BatchOperations) -> None:
    if table in ("webhooks", "endpoints"):
        batch.drop_index(f"ix_{table}_team_id")
    if table == "webhooks":
        batch.drop_column("scope")
    if table == "event_types":
        for name in ("ck_event_types_scheduling_type", "ck_event_types_schedule"):
            batch.drop_constraint(op.f(name), type_="check")
        batch.drop_constraint("uq_event_types_team_id_slug", type_="unique")
        batch.drop_column("keeps_host")
        batch.drop_column("scheduling_type")
        batch.alter_column("schedule_id", existing_type=sa.Integer(), nullable=False)
    batch.drop_constraint(op.f(f"ck_{table}_owner"), type_="check")
    batch.drop_constraint(f"fk_{table}_team_id_teams", type_="foreignkey")
    batch.drop_column("team_id")
    batch.alter_column("owner_id", existing_type=sa.Integer(), nullable=False)


@contextmanager
def rebuilt(table: str) -> Iterator[BatchOperations]:
    """Change a table; on SQLite by making it anew, with its triggers and the highest number that it ever gave."""
    bind = op.get_bind()
    if bind.dialect.name != "sqlite":
        with op.batch_alter_table(table) as batch:
            yield batch
        return
    kept = sa.text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table")
    triggers = bind.scalars(kept, {"table": table}).all()
    highest = bind.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = :table"), {"table": table})
    numbered = {"sqlite_autoincrement": table in NUMBERED}
    with op.batch_alter_table(table, recreate="always", table_kwargs=numbered) as batch:
        yield batch
    for trigger in triggers:
        op.execute(sa.text(trigger.replace(":", "\\:")))
    if highest is not None:
        bind.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :table"), {"table": table})
        numbers = sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :highest)")
        bind.execute(numbers, {"table": table, "highest": highest})


def reference(
    table: str, column: str, other: str, *, nullable: bool = False, ondelete: str = "CASCADE"
) -> sa.Column[int]:
    key = sa.ForeignKey(f"{other}.id", name=f"fk_{table}_{column}_{other}", ondelete=ondelete)
    return sa.Column(column, sa.Integer(), key, nullable=nullable)


def team_column(table: str) -> sa.Column[int]:
    return reference(table, "team_id", "teams", nullable=True)


def add_team_to_a_large_table(table: str, ondelete: str) -> None:
    """Add the column in words that both databases know; Alembic would make the table of SQLite anew."""
    key = f"CONSTRAINT fk_{table}_team_id_teams REFERENCES teams (id) ON DELETE {ondelete}"
    op.execute(f"ALTER TABLE {table} ADD COLUMN team_id INTEGER {key}")


def event_type_host_columns() -> list[sa.schema.SchemaItem]:
    return [
        reference("event_type_hosts", "event_type_id", "event_types"),
        reference("event_type_hosts", "membership_id", "memberships"),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_fixed", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("credit", sa.Double(), nullable=False),
        sa.Column("credit_month", sa.String(7), nullable=False),
        sa.Column("last_booked_at", UTCDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("priority BETWEEN 0 AND 4", name="priority"),
        sa.CheckConstraint("weight > 0", name="weight"),
        sa.PrimaryKeyConstraint("event_type_id", "membership_id", name="pk_event_type_hosts"),
    ]


def event_host_columns() -> list[sa.schema.SchemaItem]:
    event_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    key = sa.ForeignKey("events.id", name="fk_event_hosts_event_id_events", ondelete="CASCADE")
    return [
        reference("event_hosts", "user_id", "users"),
        sa.Column("event_id", event_id, key, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "event_id", name="pk_event_hosts"),
    ]


def change_bookings() -> None:
    """Keep who is busy in rows of their own, which the database writes and keeps from overlapping."""
    add_team_to_a_large_table("bookings", "SET NULL")
    op.add_column("bookings", sa.Column("scheduling_type", sa.String(16), nullable=True))
    op.add_column("bookings", sa.Column("assignment", sa.JSON(), nullable=True))
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    keys = (("booking_id", "bookings"), ("host_id", "users"))
    op.create_table(
        "booking_hosts",
        *(
            sa.Column(column, sa.Integer(), nullable=False)
            if on_postgresql
            else reference("booking_hosts", column, other)
            for column, other in keys
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("start_time", UTCDateTime(timezone=True), nullable=False),
        sa.Column("end_time", UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("booking_id", "host_id", name="pk_booking_hosts"),
    )
    op.execute(
        "INSERT INTO booking_hosts (booking_id, host_id, position, status, start_time, end_time)"
        " SELECT id, host_id, 0, status, start_time, end_time FROM bookings ORDER BY id"
    )
    if on_postgresql:
        # Only now: row by row, checking 100,000 bookings takes 35 seconds, all at once less than one.
        for column, other in keys:
            name = f"fk_booking_hosts_{column}_{other}"
            op.create_foreign_key(name, "booking_hosts", other, [column], ["id"], ondelete="CASCADE")
    for name in OLD_INDEXES:
        op.drop_index(f"ix_bookings_{name}", "bookings")
    op.create_index("ix_bookings_host_id", "bookings", ["host_id"])
    op.create_index("ix_bookings_event_type_id_start_time", "bookings", ["event_type_id", "start_time"])
    op.create_index(
        "ix_bookings_team_id_status_start_time", "bookings", ["team_id", "status", "start_time"], **OF_A_TEAM
    )
    for moment in ("start_time", "end_time"):
        op.create_index(f"ix_booking_hosts_host_id_status_{moment}", "booking_hosts", ["host_id", "status", moment])
    if on_postgresql:
        op.execute("ALTER TABLE bookings DROP CONSTRAINT bookings_overlap")
        refuse_overlaps_on_postgresql("booking_hosts")
        # Otherwise the first queries are planned for an empty table.
        op.execute("ANALYZE booking_hosts")
    else:
        for moment in ("insert", "update"):
            op.execute(f"DROP TRIGGER bookings_overlap_{moment}")
        refuse_overlaps_on_sqlite("booking_hosts", "booking_id")
    keep_booking_hosts()


def change_bookings_back() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for name in ("hosts_insert", "hosts_update"):
        drop_trigger(f"bookings_{name}", "bookings")
    op.drop_table("booking_hosts")
    if on_postgresql:
        for moment in EVENT_TYPE_ROWS:
            op.execute(f"DROP FUNCTION booking_hosts_calendar_{moment}()")
    for name in ("host_id", "event_type_id_start_time", "team_id_status_start_time"):
        op.drop_index(f"ix_bookings_{name}", "bookings")
    drop_columns("bookings", *OF_BOOKINGS)
    op.create_index("ix_bookings_event_type_id", "bookings", ["event_type_id"])
    for moment in ("start_time", "end_time"):
        op.create_index(f"ix_bookings_host_id_status_{moment}", "bookings", ["host_id", "status", moment])
    if on_postgresql:
        refuse_overlaps_on_postgresql("bookings")
    else:
        refuse_overlaps_on_sqlite("bookings", "id")


def drop_columns(table: str, *names: str) -> None:
    """Drop columns that nobody has used. SQLite drops none that is a foreign key but by making the table anew."""
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    with op.batch_alter_table(table) if on_postgresql else rebuilt(table) as batch:
        if on_postgresql:
            # SQLite leaves out the key with its column, and Alembic does not know its name there.
            batch.drop_constraint(f"fk_{table}_team_id_teams", type_="foreignkey")
        for name in names:
            batch.drop_column(name)


def refuse_overlaps_on_postgresql(table: str) -> None:
    op.execute(
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_overlap EXCLUDE USING gist"
        " (host_id WITH =, tstzrange(start_time, end_time) WITH &&) WHERE (status = 'ACCEPTED')"
    )


def refuse_overlaps_on_sqlite(table: str, booking: str) -> None:
    for moment, name in (("INSERT", "insert"), ("UPDATE OF host_id, status, start_time, end_time", "update")):
        op.execute(
            f"CREATE TRIGGER {table}_overlap_{name} BEFORE {moment} ON {table}"  # noqa: S608 - made of constants
            # Accepted ones never overlap, so only the first to end after the start of the new one can be in its way.
            f" WHEN NEW.status = 'ACCEPTED' AND EXISTS (SELECT 1 FROM (SELECT start_time FROM {table} AS other"
            f" WHERE other.status = 'ACCEPTED' AND other.host_id = NEW.host_id AND other.{booking} IS NOT NEW.{booking}"
            " AND other.end_time > NEW.start_time ORDER BY other.end_time LIMIT 1) WHERE start_time < NEW.end_time)"
            f" BEGIN SELECT RAISE(ABORT, '{table}_overlap'); END"
        )


def keep_booking_hosts() -> None:
    """Have the database write the organizer's row, keep all rows of a booking like it, and move co-hosts' versions."""
    create_trigger("bookings_hosts_insert", "AFTER INSERT ON bookings", NEW_ROW)
    changed = "AFTER UPDATE OF host_id, status, start_time, end_time ON bookings"
    create_trigger("bookings_hosts_update", changed, SAME_AS_BOOKING)
    # The organizer's number is moved by the booking itself.
    for moment, rows in EVENT_TYPE_ROWS.items():
        hosts = ", ".join(f"{row}.host_id" for row in rows)
        create_trigger(
            f"booking_hosts_calendar_{moment}",
            f"AFTER {moment.upper()} ON booking_hosts",
            f"{MOVED} WHERE id IN ({hosts})",
            when=f"{rows[-1]}.position > 0",
        )


def watch_event_types(hosts: str) -> None:
    """Have a change of an event type move the versions of its account and of its `hosts`."""
    for moment, rows in EVENT_TYPE_ROWS.items():
        name = f"event_types_calendar_{moment}"
        drop_trigger(name, "event_types")
        owners = ", ".join(f"{row}.owner_id" for row in rows)
        also = f" OR id IN ({hosts.format(row=rows[-1])})" if hosts else ""
        create_trigger(name, f"AFTER {moment.upper()} ON event_types", f"{MOVED} WHERE id IN ({owners}){also}")


def create_trigger(name: str, when_done: str, statement: str, when: str = "") -> None:
    condition = f" WHEN ({when})" if when else ""
    if op.get_bind().dialect.name == "postgresql":
        body = f"BEGIN {statement}; RETURN NULL; END"
        op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
        op.execute(f"CREATE TRIGGER {name} {when_done} FOR EACH ROW{condition} EXECUTE FUNCTION {name}()")
    else:
        op.execute(f"CREATE TRIGGER {name} {when_done} FOR EACH ROW{condition} BEGIN {statement}; END")


def drop_trigger(name: str, table: str) -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    op.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if on_postgresql else ""))
    if on_postgresql:
        op.execute(f"DROP FUNCTION {name}()")
