"""Filters of webhooks: conditions that events must meet to be sent.

Revision: 0022, after 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("webhooks", sa.Column("filter", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("webhooks", "filter")
