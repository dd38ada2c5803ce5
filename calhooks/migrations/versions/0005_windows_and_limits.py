"""When and how often an event type can be booked, with whom, and where bookers go afterwards.

Revision: 0005, after 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The defaults are for the rows that are there; later ones bring their own values.
    op.add_column(
        "event_types", sa.Column("window_kind", sa.String(length=16), nullable=False, server_default="unlimited")
    )
    op.add_column("event_types", sa.Column("window_days", sa.Integer(), nullable=True))
    op.add_column("event_types", sa.Column("window_start", sa.Date(), nullable=True))
    op.add_column("event_types", sa.Column("window_end", sa.Date(), nullable=True))
    op.add_column("event_types", sa.Column("limit_day", sa.Integer(), nullable=True))
    op.add_column("event_types", sa.Column("limit_week", sa.Integer(), nullable=True))
    op.add_column("event_types", sa.Column("limit_month", sa.Integer(), nullable=True))
    op.add_column("event_types", sa.Column("allows_guests", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("event_types", sa.Column("redirect_url", sa.String(length=2000), nullable=False, server_default=""))


def downgrade() -> None:
    for name in ("redirect_url", "allows_guests", "limit_month", "limit_week", "limit_day"):
        op.drop_column("event_types", name)
    for name in ("window_end", "window_start", "window_days", "window_kind"):
        op.drop_column("event_types", name)
