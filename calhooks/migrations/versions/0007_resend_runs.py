"""Runs: many deliveries sent again, or past events sent to a later webhook, at a pace.

Revision: 0007, after 0006
"""

import sqlalchemy as sa
from alembic import op

import calhooks.db

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "resend_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("since", calhooks.db.UTCDateTime(timezone=True), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("up_to", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("released", sa.Integer(), nullable=False),
        sa.Column("pace", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_at", calhooks.db.UTCDateTime(timezone=True), nullable=False),
        sa.Column("finished_at", calhooks.db.UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["endpoints.id"],
            name=op.f("fk_resend_runs_endpoint_id_endpoints"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resend_runs")),
    )
    op.create_index(op.f("ix_resend_runs_endpoint_id"), "resend_runs", ["endpoint_id"])
    running = sa.text("state = 'running'")
    op.create_index("ix_resend_runs_running", "resend_runs", ["id"], sqlite_where=running, postgresql_where=running)
    op.add_column("deliveries", sa.Column("run_id", sa.Integer(), nullable=True))
    in_run = sa.text("run_id IS NOT NULL")
    op.create_index(
        "ix_deliveries_run", "deliveries", ["run_id", "state"], sqlite_where=in_run, postgresql_where=in_run
    )


def downgrade() -> None:
    op.drop_index("ix_deliveries_run", "deliveries")
    op.drop_column("deliveries", "run_id")
    op.drop_table("resend_runs")
