"""Headers of a webhook's own, and the event types it is about.

Revision: 0004, after 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The defaults are for the rows that are there; later ones bring their own values.
    op.add_column("endpoints", sa.Column("secret_headers", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("deliveries", sa.Column("headers", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("webhooks", sa.Column("headers", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("webhooks", sa.Column("event_type_ids", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("webhooks", "event_type_ids")
    op.drop_column("webhooks", "headers")
    op.drop_column("deliveries", "headers")
    op.drop_column("endpoints", "secret_headers")
