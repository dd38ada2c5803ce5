"""What the owners of endpoints are told.

Revision: 0009, after 0008
"""

import sqlalchemy as sa
from alembic import op

import calhooks.db

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("failing_since", calhooks.db.UTCDateTime(timezone=True), nullable=True),
        sa.Column("created_at", calhooks.db.UTCDateTime(timezone=True), nullable=False),
        sa.Column("seen_at", calhooks.db.UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["endpoints.id"], name=op.f("fk_notices_endpoint_id_endpoints"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_notices_owner_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index(op.f("ix_notices_endpoint_id"), "notices", ["endpoint_id"])
    op.create_index("ix_notices_owner_id_seen_at", "notices", ["owner_id", "seen_at"])
    op.add_column("endpoints", sa.Column("told_at", calhooks.db.UTCDateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("endpoints", "told_at")
    op.drop_table("notices")
