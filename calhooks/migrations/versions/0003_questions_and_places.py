"""What an event type asks, where it is and how long it can be.

Revision: 0003, after 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The defaults are for the rows that are there; later ones bring their own values.
    op.add_column("event_types", sa.Column("other_lengths", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column(
        "event_types",
        sa.Column("location_kind", sa.String(length=20), nullable=False, server_default="somewhere_else"),
    )
    op.add_column("event_types", sa.Column("questions", sa.JSON(), nullable=False, server_default="[]"))
    op.execute(
        "UPDATE event_types SET location_kind = 'link' "
        "WHERE lower(location) LIKE 'http://%' OR lower(location) LIKE 'https://%'"
    )


def downgrade() -> None:
    op.drop_column("event_types", "questions")
    op.drop_column("event_types", "location_kind")
    op.drop_column("event_types", "other_lengths")
