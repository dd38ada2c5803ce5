"""Runs that send again the deliveries that a person chose.

Revision: 0024, after 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("resend_runs", sa.Column("chosen", sa.JSON(), nullable=True))


def downgrade() -> None:
    # The older version would take one for a replay, of events with the numbers of these deliveries.
    stopped = "state = 'stopped', finished_at = CURRENT_TIMESTAMP"
    op.execute(f"UPDATE resend_runs SET {stopped} WHERE kind = 'chosen' AND state = 'running'")  # noqa: S608 - constant
    op.execute("UPDATE resend_runs SET kind = 'failed' WHERE kind = 'chosen'")
    op.drop_column("resend_runs", "chosen")
