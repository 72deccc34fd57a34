"""Materials of a sitting, and whom each is for."""

import sqlalchemy as sa
from alembic import op

revision = "materials"
down_revision = "questionnaires"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "material",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("readable_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("readable_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("readable_until > readable_from", name=op.f("ck_material_window")),
        sa.ForeignKeyConstraint(["id"], ["matter.id"], name=op.f("fk_material_id")),
        sa.ForeignKeyConstraint(["file_id"], ["document.id"], name=op.f("fk_material_file_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_material")),
    )
    op.create_table(
        "recipient",
        sa.Column("material_id", sa.Integer(), nullable=False),
        sa.Column("attendance_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["material_id"], ["material.id"], name=op.f("fk_recipient_material_id")),
        sa.ForeignKeyConstraint(
            ["attendance_id"], ["attendance.id"], name=op.f("fk_recipient_attendance_id")
        ),
        sa.PrimaryKeyConstraint("material_id", "attendance_id", name=op.f("pk_recipient")),
    )
    op.create_index(op.f("ix_recipient_attendance_id"), "recipient", ["attendance_id"])


def downgrade() -> None:
    """The matters and the files stay, since the ledger speaks of them; they are nobody's to read any more."""
    op.execute("UPDATE matter SET state = 'recalled' WHERE process = 'material'")
    op.drop_index(op.f("ix_recipient_attendance_id"), "recipient")
    op.drop_table("recipient")
    op.drop_table("material")
