"""Further places of an event type, of which the booker chooses.

Revision: 0012, after 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The default is for the rows that are there; later ones bring their own value.
    op.add_column("event_types", sa.Column("other_locations", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("event_types", "other_locations")
