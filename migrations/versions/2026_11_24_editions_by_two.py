"""An edition of a procedure is proposed by one person and adopted by another. No house had one before."""

import sqlalchemy as sa
from alembic import op

revision = "editions_by_two"
down_revision = "what_is_sealed"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("process_edition")
    op.create_table(
        "process_edition",
        sa.Column("process", sa.String(length=30), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("from_date", sa.Date(), nullable=False),
        sa.Column("proposed_by_id", sa.Integer(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("adopted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("declined_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("number >= 2", name=op.f("ck_process_edition_number")),
        sa.CheckConstraint(
            "adopted_at IS NULL OR decided_by_id <> proposed_by_id", name=op.f("ck_process_edition_by_two")
        ),
        sa.CheckConstraint(
            "adopted_at IS NULL OR declined_at IS NULL", name=op.f("ck_process_edition_decided")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["person.id"], name=op.f("fk_process_edition_decided_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["person.id"], name=op.f("fk_process_edition_proposed_by_id")
        ),
        sa.PrimaryKeyConstraint("process", "number", name=op.f("pk_process_edition")),
    )


def downgrade() -> None:
    op.drop_table("process_edition")
    op.create_table(
        "process_edition",
        sa.Column("process", sa.String(length=30), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("from_date", sa.Date(), nullable=False),
        sa.Column("adopted_by_id", sa.Integer(), nullable=False),
        sa.Column("adopted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("number >= 2", name=op.f("ck_process_edition_number")),
        sa.ForeignKeyConstraint(
            ["adopted_by_id"], ["person.id"], name=op.f("fk_process_edition_adopted_by_id")
        ),
        sa.PrimaryKeyConstraint("process", "number", name=op.f("pk_process_edition")),
    )
