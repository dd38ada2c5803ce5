"""First tables.

Revision: 0001, after
"""

import sqlalchemy as sa
from alembic import op

import calhooks.db

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("started_at", calhooks.db.UTCDateTime(timezone=True), nullable=False),
        sa.Column("seen_at", calhooks.db.UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeats")),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=120), nullable=False),
        sa.Column("ends_at", calhooks.db.UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.Column("session_version", sa.Integer(), nullable=False),
        sa.Column("created_at", calhooks.db.UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sa.UniqueConstraint("username", name=op.f("uq_users_username")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "account_links",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", calhooks.db.UTCDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", calhooks.db.UTCDateTime(timezone=True), nullable=False),
        sa.Column("used_at", calhooks.db.UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_account_links_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_account_links_token_hash")),
    )
    with op.batch_alter_table("account_links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_account_links_user_id"), ["user_id"], unique=False)

    op.create_table(
        "endpoints",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("inactive_reason", sa.String(length=16), nullable=True),
        sa.Column("inactive_since", calhooks.db.UTCDateTime(timezone=True), nullable=True),
        sa.Column("next_due_at", calhooks.db.UTCDateTime(timezone=True), nullable=True),
        sa.Column("last_claim_at", calhooks.db.UTCDateTime(timezone=True), nullable=True),
        sa.Column("recovering_since", calhooks.db.UTCDateTime(timezone=True), nullable=True),
        sa.Column("failing_since", calhooks.db.UTCDateTime(timezone=True), nullable=True),
        sa.Column("consecutive_failures", sa.Integer(), nullable=False),
        sa.Column("last_attempt_at", calhooks.db.UTCDateTime(timezone=True), nullable=True),
        sa.Column("last_success_at", calhooks.db.UTCDateTime(timezone=True), nullable=True),
        sa.Column("created_at", calhooks.db.UTCDateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", calhooks.db.UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_endpoints_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endpoints")),
    )
    with op.batch_alter_table("endpoints", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_endpoints_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(
            "ix_endpoints_ready",
            ["next_due_at"],
            unique=False,
            sqlite_where=sa.text("active AND deleted_at IS NULL AND next_due_at IS NOT NULL"),
            postgresql_where=sa.text("active AND deleted_at IS NULL AND next_due_at IS NOT NULL"),
        )

    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("message_id", sa.String(length=40), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("trigger", sa.String(length=40), nullable=False),
        sa.Column("occurred_at", calhooks.db.UTCDateTime(timezone=True), nullable=False),
        sa.Column("sequence_key", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("summary", sa.String(length=500), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_events_owner_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("message_id", name=op.f("uq_events_message_id")),
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_events_occurred_at"), ["occurred_at"], unique=False)
        batch_op.create_index("ix_events_owner_id_id", ["owner_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_events_subject"), ["subject"], unique=False)

    op.create_table(
        "schedules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_schedules_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedules")),
    )
    with op.batch_alter_table("schedules", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_schedules_owner_id"), ["owner_id"], unique=False)

    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("sequence_key", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("ordered", sa.Boolean(), nullable=False),
        sa.Column("due_at", calhooks.db.UTCDateTime(timezone=True), nullable=True),
        sa.Column("lease_token", sa.String(length=32), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("content_type", sa.String(length=100), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("not_before", calhooks.db.UTCDateTime(timezone=True), nullable=True),
        sa.Column("last_attempt_at", calhooks.db.UTCDateTime(timezone=True), nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("created_at", calhooks.db.UTCDateTime(timezone=True), nullable=False),
        sa.Column("finished_at", calhooks.db.UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["endpoints.id"],
            name=op.f("fk_deliveries_endpoint_id_endpoints"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_deliveries_event_id_events"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.create_index("ix_deliveries_claim", ["endpoint_id", "state", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_deliveries_event_id"), ["event_id"], unique=False)
        batch_op.create_index("ix_deliveries_log", ["endpoint_id", "id"], unique=False)
        batch_op.create_index(
            "ix_deliveries_open_sequence",
            ["endpoint_id", "sequence_key", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('blocked', 'due')"),
            postgresql_where=sa.text("state IN ('blocked', 'due')"),
        )

    op.create_table(
        "event_types",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("schedule_id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=100), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("location", sa.String(length=1000), nullable=False),
        sa.Column("booking_name", sa.String(length=500), nullable=False),
        sa.Column("requires_confirmation", sa.Boolean(), nullable=False),
        sa.Column("minimum_notice", sa.Integer(), nullable=False),
        sa.Column("slot_interval", sa.Integer(), nullable=True),
        sa.Column("buffer_before", sa.Integer(), nullable=False),
        sa.Column("buffer_after", sa.Integer(), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_event_types_owner_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name=op.f("fk_event_types_schedule_id_schedules")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_types")),
        sa.UniqueConstraint("owner_id", "slug", name=op.f("uq_event_types_owner_id_slug")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "schedule_ranges",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("schedule_id", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("start_minute", sa.Integer(), nullable=False),
        sa.Column("end_minute", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "0 <= start_minute AND start_minute < end_minute AND end_minute <= 1440",
            name=op.f("ck_schedule_ranges_minutes"),
        ),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_schedule_ranges_weekday")),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["schedules.id"],
            name=op.f("fk_schedule_ranges_schedule_id_schedules"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule_ranges")),
    )
    with op.batch_alter_table("schedule_ranges", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_schedule_ranges_schedule_id"), ["schedule_id"], unique=False)

    op.create_table(
        "signing_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("created_at", calhooks.db.UTCDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", calhooks.db.UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["endpoints.id"],
            name=op.f("fk_signing_keys_endpoint_id_endpoints"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_keys")),
    )
    with op.batch_alter_table("signing_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_signing_keys_endpoint_id"), ["endpoint_id"], unique=False)

    op.create_table(
        "webhooks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("triggers", sa.JSON(), nullable=False),
        sa.Column("payload_format", sa.String(length=16), nullable=False),
        sa.Column("payload_template", sa.Text(), nullable=False),
        sa.Column("content_type", sa.String(length=100), nullable=False),
        sa.Column("created_at", calhooks.db.UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["endpoints.id"],
            name=op.f("fk_webhooks_endpoint_id_endpoints"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_webhooks_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
        sa.UniqueConstraint("endpoint_id", name=op.f("uq_webhooks_endpoint_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("webhooks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_webhooks_owner_id"), ["owner_id"], unique=False)

    op.create_table(
        "attempts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", calhooks.db.UTCDateTime(timezone=True), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("request_headers", sa.JSON(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("response_headers", sa.JSON(), nullable=False),
        sa.Column("response_body", sa.LargeBinary(), nullable=False),
        sa.Column("response_truncated", sa.Boolean(), nullable=False),
        sa.Column("error", sa.String(length=40), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["deliveries.id"],
            name=op.f("fk_attempts_delivery_id_deliveries"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
    )
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.create_index("ix_attempts_delivery_id_number", ["delivery_id", "number"], unique=False)

    op.create_table(
        "bookings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("root_uid", sa.String(length=32), nullable=False),
        sa.Column("host_id", sa.Integer(), nullable=False),
        sa.Column("event_type_id", sa.Integer(), nullable=True),
        sa.Column("type", sa.String(length=100), nullable=False),
        sa.Column("event_title", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=1000), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("start_time", calhooks.db.UTCDateTime(timezone=True), nullable=False),
        sa.Column("end_time", calhooks.db.UTCDateTime(timezone=True), nullable=False),
        sa.Column("location", sa.String(length=1000), nullable=False),
        sa.Column("additional_notes", sa.Text(), nullable=False),
        sa.Column("responses", sa.JSON(), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("rescheduled_from_id", sa.Integer(), nullable=True),
        sa.Column("reschedule_reason", sa.Text(), nullable=False),
        sa.Column("rescheduled_by", sa.String(length=320), nullable=False),
        sa.Column("cancellation_reason", sa.Text(), nullable=False),
        sa.Column("cancelled_by", sa.String(length=320), nullable=False),
        sa.Column("rejection_reason", sa.Text(), nullable=False),
        sa.Column("submission_key", sa.String(length=64), nullable=True),
        sa.Column("created_at", calhooks.db.UTCDateTime(timezone=True), nullable=False),
        sa.Column("meeting_started_at", calhooks.db.UTCDateTime(timezone=True), nullable=True),
        sa.Column("meeting_ended_at", calhooks.db.UTCDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("start_time < end_time", name=op.f("ck_bookings_times")),
        sa.ForeignKeyConstraint(
            ["event_type_id"],
            ["event_types.id"],
            name=op.f("fk_bookings_event_type_id_event_types"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["host_id"], ["users.id"], name=op.f("fk_bookings_host_id_users"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["rescheduled_from_id"],
            ["bookings.id"],
            name=op.f("fk_bookings_rescheduled_from_id_bookings"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bookings")),
        sa.UniqueConstraint("uid", name=op.f("uq_bookings_uid")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("bookings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bookings_event_type_id"), ["event_type_id"], unique=False)
        batch_op.create_index("ix_bookings_host_id_status_end_time", ["host_id", "status", "end_time"], unique=False)
        batch_op.create_index(
            "ix_bookings_host_id_status_start_time", ["host_id", "status", "start_time"], unique=False
        )
        batch_op.create_index(
            "ix_bookings_meeting_end",
            ["end_time"],
            unique=False,
            sqlite_where=sa.text("status = 'ACCEPTED' AND meeting_ended_at IS NULL"),
            postgresql_where=sa.text("status = 'ACCEPTED' AND meeting_ended_at IS NULL"),
        )
        batch_op.create_index(
            "ix_bookings_meeting_start",
            ["start_time"],
            unique=False,
            sqlite_where=sa.text("status = 'ACCEPTED' AND meeting_started_at IS NULL"),
            postgresql_where=sa.text("status = 'ACCEPTED' AND meeting_started_at IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_bookings_rescheduled_from_id"), ["rescheduled_from_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_bookings_root_uid"), ["root_uid"], unique=False)
        batch_op.create_index(
            "uq_bookings_submission_key",
            ["submission_key"],
            unique=True,
            sqlite_where=sa.text("status IN ('ACCEPTED', 'PENDING')"),
            postgresql_where=sa.text("status IN ('ACCEPTED', 'PENDING')"),
        )

    op.create_table(
        "attendees",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("no_show", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name=op.f("fk_attendees_booking_id_bookings"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendees")),
    )
    with op.batch_alter_table("attendees", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attendees_booking_id"), ["booking_id"], unique=False)
    refuse_overlaps()


def downgrade() -> None:
    op.drop_table("attendees")
    op.drop_table("bookings")
    op.drop_table("attempts")
    op.drop_table("webhooks")
    op.drop_table("signing_keys")
    op.drop_table("schedule_ranges")
    op.drop_table("event_types")
    op.drop_table("deliveries")
    op.drop_table("schedules")
    op.drop_table("events")
    op.drop_table("endpoints")
    op.drop_table("account_links")
    op.drop_table("users")
    op.drop_table("leases")
    op.drop_table("heartbeats")


def refuse_overlaps() -> None:
    """Have the database itself refuse two accepted bookings of one host that overlap."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
        op.execute(
            "ALTER TABLE bookings ADD CONSTRAINT bookings_overlap EXCLUDE USING gist"
            " (host_id WITH =, tstzrange(start_time, end_time) WITH &&) WHERE (status = 'ACCEPTED')"
        )
        return
    for moment, name in (("INSERT", "insert"), ("UPDATE OF host_id, status, start_time, end_time", "update")):
        op.execute(
            f"CREATE TRIGGER bookings_overlap_{name} BEFORE {moment} ON bookings"  # noqa: S608 - made of constants
            # Accepted ones never overlap, so only the first to end after the start of the new one can be in its way.
            " WHEN NEW.status = 'ACCEPTED' AND EXISTS (SELECT 1 FROM (SELECT start_time FROM bookings AS other"
            " WHERE other.status = 'ACCEPTED' AND other.host_id = NEW.host_id AND other.id IS NOT NEW.id"
            " AND other.end_time > NEW.start_time ORDER BY other.end_time LIMIT 1) WHERE start_time < NEW.end_time)"
            " BEGIN SELECT RAISE(ABORT, 'bookings_overlap'); END"
        )
