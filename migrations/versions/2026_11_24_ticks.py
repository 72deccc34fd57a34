"""A checklist is ticked item by item, each by its owner."""

import sqlalchemy as sa
from alembic import op

revision = "ticks"
down_revision = "materials"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tick",
        sa.Column("matter_id", sa.Integer(), nullable=False),
        sa.Column("checklist", sa.String(30), nullable=False),
        sa.Column("item", sa.String(30), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["matter_id"], ["matter.id"], name=op.f("fk_tick_matter_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["ledger_entry.id"], name=op.f("fk_tick_entry_id")),
        sa.PrimaryKeyConstraint("matter_id", "checklist", "item", name=op.f("pk_tick")),
    )


def downgrade() -> None:
    """Who ticked what stands in the ledger; it is looked over anew where a sitting is not ready yet."""
    op.drop_table("tick")
