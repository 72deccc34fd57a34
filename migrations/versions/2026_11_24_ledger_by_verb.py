"""Whether somebody did something to a matter is found without reading all that was done to it."""

from alembic import op

revision = "ledger_by_verb"
down_revision = "topics_held"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_ledger_entry_verb", "ledger_entry", ["matter_id", "verb", "actor_id"])


def downgrade() -> None:
    op.drop_index("ix_ledger_entry_verb", "ledger_entry")
