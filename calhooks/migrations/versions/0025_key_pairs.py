"""Webhooks may sign with Ed25519 key pairs.

Revision: 0025, after 0024
"""

import sqlalchemy as sa
from alembic import op

from calhooks.db import UTCDateTime

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "key_pairs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("private_key", sa.Text(), nullable=False),
        sa.Column("public_key", sa.String(length=64), nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["endpoints.id"], name=op.f("fk_key_pairs_endpoint_id_endpoints"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_pairs")),
    )
    op.create_index(op.f("ix_key_pairs_endpoint_id"), "key_pairs", ["endpoint_id"])


def downgrade() -> None:
    # Nothing is sent unsigned to who expects a signature: the owner enters a secret and switches the webhook on.
    op.execute(
        "UPDATE endpoints SET active = false, inactive_reason = 'secret_lost', inactive_since = CURRENT_TIMESTAMP"
        " WHERE active AND id IN (SELECT endpoint_id FROM key_pairs WHERE expires_at IS NULL)"
        " AND id NOT IN (SELECT endpoint_id FROM signing_keys WHERE expires_at IS NULL)"
    )
    op.drop_table("key_pairs")
