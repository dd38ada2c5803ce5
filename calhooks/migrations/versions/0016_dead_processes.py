"""Which process on which machine a heartbeat is of, so that a dead one's leases are given back at once.

Revision: 0016, after 0015
"""

import sqlalchemy as sa
from alembic import op

from calhooks.db import UTCDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Processes of the version before go on writing heartbeats without these.
    op.add_column("heartbeats", sa.Column("token", sa.String(length=12), nullable=False, server_default=""))
    op.add_column("heartbeats", sa.Column("machine", sa.String(length=120), nullable=False, server_default=""))
    op.add_column("heartbeats", sa.Column("pid", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("heartbeats", sa.Column("pid_started", sa.BigInteger(), nullable=True))
    op.add_column("heartbeats", sa.Column("gone_at", UTCDateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for name in ("token", "machine", "pid", "pid_started", "gone_at"):
        op.drop_column("heartbeats", name)
