"""Attempts by hour and response time, and an index of what was given up or dropped.

Revision: 0023, after 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

# As in delivery/counting/statistics.py when this was written.
RESPONSE_MS = (
    *(10, 12, 16, 20, 24, 31, 38, 48, 60, 75, 93, 116, 146, 182, 227, 284, 355, 444, 555, 694, 867, 1084, 1355),
    *(1694, 2118, 2647, 3309, 4136, 5170, 6462, 8078, 10097, 12622, 15777),
)
DAYS = 30
NOT_DELIVERED = sa.text("state IN ('failed', 'dropped')")


def upgrade() -> None:
    op.create_table(
        "delivery_statistics",
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("delivered", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["endpoints.id"],
            name="fk_delivery_statistics_endpoint_id_endpoints",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("endpoint_id", "hour", "bucket", name="pk_delivery_statistics"),
    )
    op.create_index("ix_delivery_statistics_hour", "delivery_statistics", ["hour"])
    op.create_index(
        "ix_deliveries_not_delivered",
        "deliveries",
        ["endpoint_id", "state", "id"],
        sqlite_where=NOT_DELIVERED,
        postgresql_where=NOT_DELIVERED,
    )
    count_the_last_days()


def downgrade() -> None:
    op.drop_index("ix_deliveries_not_delivered", "deliveries")
    op.drop_table("delivery_statistics")


def count_the_last_days() -> None:
    """Count the attempts of the last 30 days.

    Without those that were refused (429, and 503 with Retry-After) and those of which nobody knows how they ended.
    """
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    seconds = "extract(epoch FROM {})" if on_postgresql else "CAST(strftime('%s', {}) AS INTEGER)"
    since = f"now() - interval '{DAYS} days'" if on_postgresql else f"datetime('now', '-{DAYS} days')"
    hour = (
        f"floor({seconds.format('attempts.started_at')} / 3600)"
        if on_postgresql
        else (f"{seconds.format('attempts.started_at')} / 3600")
    )
    steps = " ".join(f"WHEN attempts.duration_ms <= {end} THEN {place}" for place, end in enumerate(RESPONSE_MS))
    bucket = f"CASE WHEN attempts.status IS NULL THEN -1 {steps} ELSE {len(RESPONSE_MS)} END"
    refused = (
        "attempts.status = 429 OR attempts.status = 503"
        " AND lower(CAST(attempts.response_headers AS TEXT)) LIKE '%\"retry-after\"%'"
    )
    op.execute(
        "INSERT INTO delivery_statistics (endpoint_id, hour, bucket, delivered, failed)"  # noqa: S608 - made of constants
        f" SELECT deliveries.endpoint_id, CAST({hour} AS INTEGER), {bucket},"
        " sum(CASE WHEN attempts.error IS NULL THEN 1 ELSE 0 END),"
        " sum(CASE WHEN attempts.error IS NULL THEN 0 ELSE 1 END)"
        " FROM attempts JOIN deliveries ON deliveries.id = attempts.delivery_id"
        f" WHERE attempts.started_at >= {since} AND (attempts.status IS NULL OR NOT ({refused}))"
        " AND (attempts.error IS NULL OR attempts.error != 'interrupted')"
        " GROUP BY 1, 2, 3"
    )
