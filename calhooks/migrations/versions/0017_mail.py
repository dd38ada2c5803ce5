"""Mails that may have arrived, and new addresses counted apart for guests and bookers.

Revision: 0017, after 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mails", sa.Column("doubts", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("mail_addresses", sa.Column("as_guest", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.drop_index("ix_mail_addresses_owner_id_first_used_at", "mail_addresses")
    columns = ["owner_id", "as_guest", "first_used_at"]
    op.create_index("ix_mail_addresses_owner_id_as_guest_first_used_at", "mail_addresses", columns)


def downgrade() -> None:
    op.drop_index("ix_mail_addresses_owner_id_as_guest_first_used_at", "mail_addresses")
    op.create_index("ix_mail_addresses_owner_id_first_used_at", "mail_addresses", ["owner_id", "first_used_at"])
    op.drop_column("mail_addresses", "as_guest")
    op.drop_column("mails", "doubts")
