"""A number on each host's row that every change moves which can make the judgement of a booking wrong.

Triggers move it, so that no statement can forget to.

Revision: 0018, after 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# For each table, how a row (NEW or OLD) leads to its host, and the columns whose update counts: all if none is named.
HOSTS = {
    "bookings": ("{row}.host_id", ("host_id", "event_type_id", "status", "start_time", "end_time", "submission_key")),
    "event_types": ("{row}.owner_id", ()),
    "schedules": ("{row}.owner_id", ()),
    "schedule_ranges": ("(SELECT owner_id FROM schedules WHERE id = {row}.schedule_id)", ()),
    "date_overrides": ("(SELECT owner_id FROM schedules WHERE id = {row}.schedule_id)", ()),
    "absences": ("{row}.owner_id", ()),
    "webhooks": ("{row}.owner_id", ()),
}
# What a booking and its webhooks say of the host.
OF_THE_HOST = "username, name, email, time_zone, locale"
MOVED = "UPDATE users SET calendar_version = calendar_version + 1"
ROWS = {"insert": ("NEW",), "update": ("OLD", "NEW"), "delete": ("OLD",)}


def upgrade() -> None:
    op.add_column("users", sa.Column("calendar_version", sa.BigInteger(), nullable=False, server_default="0"))
    if op.get_bind().dialect.name == "postgresql":
        create_on_postgresql()
    else:
        create_on_sqlite()


def downgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for table in (*HOSTS, "users"):
        for moment in ROWS if table in HOSTS else ("update",):
            op.execute(f"DROP TRIGGER {table}_calendar_{moment}" + (f" ON {table}" if on_postgresql else ""))
            if on_postgresql:
                op.execute(f"DROP FUNCTION {table}_calendar_{moment}()")
    op.drop_column("users", "calendar_version")


def moved(table: str, moment: str) -> str:
    """Return the statement that moves the number of a row's host."""
    hosts = ", ".join(HOSTS[table][0].format(row=row) for row in ROWS[moment])
    return f"{MOVED} WHERE id IN ({hosts})"


def when(table: str, moment: str) -> str:
    """Return what sets a trigger off."""
    columns = HOSTS[table][1]
    return f"UPDATE OF {', '.join(columns)}" if moment == "update" and columns else moment.upper()


def create_on_postgresql() -> None:
    for table in HOSTS:
        for moment in ROWS:
            name = f"{table}_calendar_{moment}"
            body = f"BEGIN {moved(table, moment)}; RETURN NULL; END"
            op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
            after = f"CREATE TRIGGER {name} AFTER {when(table, moment)} ON {table}"
            op.execute(f"{after} FOR EACH ROW EXECUTE FUNCTION {name}()")
    body = "BEGIN NEW.calendar_version := OLD.calendar_version + 1; RETURN NEW; END"
    op.execute(f"CREATE FUNCTION users_calendar_update() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
    before = f"CREATE TRIGGER users_calendar_update BEFORE UPDATE OF {OF_THE_HOST} ON users"
    op.execute(f"{before} FOR EACH ROW EXECUTE FUNCTION users_calendar_update()")


def create_on_sqlite() -> None:
    for table in HOSTS:
        for moment in ROWS:
            after = f"CREATE TRIGGER {table}_calendar_{moment} AFTER {when(table, moment)} ON {table}"
            op.execute(f"{after} BEGIN {moved(table, moment)}; END")
    after = f"CREATE TRIGGER users_calendar_update AFTER UPDATE OF {OF_THE_HOST} ON users"
    op.execute(f"{after} BEGIN {MOVED} WHERE id = NEW.id; END")
