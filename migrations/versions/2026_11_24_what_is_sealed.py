"""The outbox knows what is sealed, so that finding the rest does not read the whole ledger at every turn."""

import sqlalchemy as sa
from alembic import op

revision = "what_is_sealed"
down_revision = "ledger_only_grows"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("is_sealed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(
        sa.text("UPDATE outbox SET is_sealed = true WHERE entry_id IN (SELECT entry_id FROM ledger_leaf)")
    )
    op.create_index("ix_outbox_unsealed", "outbox", ["is_sealed", "id"])


def downgrade() -> None:
    op.drop_index("ix_outbox_unsealed", "outbox")
    op.drop_column("outbox", "is_sealed")
