"""What owners are told of deliveries that were given up, and what runs count.

Revision: 0019, after 0018
"""

import sqlalchemy as sa
from alembic import op

from calhooks.db import UTCDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notices", sa.Column("given_up_count", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("notices", sa.Column("given_up_since", UTCDateTime(timezone=True), nullable=True))
    op.add_column("deliveries", sa.Column("resent_at", UTCDateTime(timezone=True), nullable=True))
    op.add_column("resend_runs", sa.Column("reason", sa.String(length=40), nullable=True))
    for name, state in (("delivered", "delivered"), ("failed", "failed")):
        op.add_column("resend_runs", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
        op.execute(
            f"UPDATE resend_runs SET {name} = (SELECT count(*) FROM deliveries"  # noqa: S608 - names of this file
            f" WHERE deliveries.run_id = resend_runs.id AND deliveries.state = '{state}')"
        )
    op.create_index(
        "ix_endpoints_given_up",
        "endpoints",
        ["given_up_at"],
        sqlite_where=sa.text("given_up_at IS NOT NULL"),
        postgresql_where=sa.text("given_up_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_endpoints_given_up", "endpoints")
    for name in ("reason", "delivered", "failed"):
        op.drop_column("resend_runs", name)
    op.drop_column("deliveries", "resent_at")
    for name in ("given_up_count", "given_up_since"):
        op.drop_column("notices", name)
