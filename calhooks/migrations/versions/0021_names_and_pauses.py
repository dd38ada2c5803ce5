"""Names of webhooks, and since when and until when they are paused.

Revision: 0021, after 0020
"""

import sqlalchemy as sa
from alembic import op

from calhooks.db import UTCDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("endpoints", sa.Column("name", sa.String(100), nullable=False, server_default=""))
    for name in ("paused_at", "paused_until"):
        op.add_column("endpoints", sa.Column(name, UTCDateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_endpoints_paused",
        "endpoints",
        ["paused_until"],
        sqlite_where=sa.text("paused_until IS NOT NULL"),
        postgresql_where=sa.text("paused_until IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_endpoints_paused", "endpoints")
    for name in ("paused_until", "paused_at", "name"):
        op.drop_column("endpoints", name)
