"""Times that somebody has chosen and is about to book.

Revision: 0011, after 0010
"""

import sqlalchemy as sa
from alembic import op

import calhooks.db

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "slot_holds",
        sa.Column("visitor_key", sa.String(length=64), nullable=False),
        sa.Column("host_id", sa.Integer(), nullable=False),
        sa.Column("start_time", calhooks.db.UTCDateTime(timezone=True), nullable=False),
        sa.Column("end_time", calhooks.db.UTCDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", calhooks.db.UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["host_id"], ["users.id"], name=op.f("fk_slot_holds_host_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("visitor_key", name=op.f("pk_slot_holds")),
    )
    with op.batch_alter_table("slot_holds", schema=None) as batch_op:
        batch_op.create_index("ix_slot_holds_host_id_expires_at", ["host_id", "expires_at"], unique=False)


def downgrade() -> None:
    op.drop_table("slot_holds")
