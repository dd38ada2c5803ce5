"""What a receiver takes, and the schedule's own times, which early attempts leave as they are.

Revision: 0015, after 0014
"""

import sqlalchemy as sa
from alembic import op

from calhooks.db import UTCDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ENDPOINT_MOMENTS = (
    *("paced_at", "next_slot_at", "held_until", "taken_since", "refusing_since"),
    *("given_up_at", "given_up_told_at"),
)
ENDPOINT_RATES = ("rate_limit", "pace", "pace_ceiling")


def upgrade() -> None:
    for name in ENDPOINT_RATES:
        op.add_column("endpoints", sa.Column(name, sa.Double(), nullable=True))
    for name in ENDPOINT_MOMENTS:
        op.add_column("endpoints", sa.Column(name, UTCDateTime(timezone=True), nullable=True))
    op.add_column("endpoints", sa.Column("asking", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("endpoints", sa.Column("taken_count", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("deliveries", sa.Column("scheduled_at", UTCDateTime(timezone=True), nullable=True))
    op.add_column("deliveries", sa.Column("refusals", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("deliveries", sa.Column("refused_since", UTCDateTime(timezone=True), nullable=True))
    # What waits keeps its time. A lease's end is no such time: what is being sent at this moment is at its turn.
    op.execute("UPDATE deliveries SET scheduled_at = due_at WHERE state = 'due' AND lease_token IS NULL")


def downgrade() -> None:
    for name in ("scheduled_at", "refusals", "refused_since"):
        op.drop_column("deliveries", name)
    for name in (*ENDPOINT_RATES, *ENDPOINT_MOMENTS, "asking", "taken_count"):
        op.drop_column("endpoints", name)
