"""A sitting's figures are frozen, edition by edition, with their raw rows and a recount."""

import sqlalchemy as sa
from alembic import op

revision = "snapshots"
down_revision = "public_reasons"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "snapshot",
        sa.Column("sitting_id", sa.Integer(), nullable=False),
        sa.Column("edition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raw_id", sa.Integer(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("recounted", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("(edition = 1) = (reason IS NULL)", name=op.f("ck_snapshot_reason")),
        sa.ForeignKeyConstraint(["sitting_id"], ["sitting.id"], name=op.f("fk_snapshot_sitting_id")),
        sa.ForeignKeyConstraint(["raw_id"], ["document.id"], name=op.f("fk_snapshot_raw_id")),
        sa.PrimaryKeyConstraint("sitting_id", "edition", name=op.f("pk_snapshot")),
    )


def downgrade() -> None:
    op.drop_table("snapshot")
