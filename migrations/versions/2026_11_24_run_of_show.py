"""A segment of the run-of-show has somebody in charge of it and a media cue."""

import sqlalchemy as sa
from alembic import op

revision = "run_of_show"
down_revision = "ticks"
branch_labels = None
depends_on = None

CHOSEN = {"unit_id": "unit", "finding_id": "finding", "document_id": "document"}


def upgrade() -> None:
    with op.batch_alter_table("segment") as table:
        for name, length in (("in_charge", 60), ("cue", 100)):
            table.add_column(sa.Column(name, sa.String(length), nullable=False, server_default=""))
        for name, of in CHOSEN.items():
            table.add_column(sa.Column(name, sa.Integer(), nullable=True))
            table.create_foreign_key(op.f(f"fk_segment_{name}"), of, [name], ["id"])
        one = "finding_id IS NULL OR document_id IS NULL"
        table.create_check_constraint(op.f("ck_segment_one_material"), one)


def downgrade() -> None:
    with op.batch_alter_table("segment") as table:
        table.drop_constraint(op.f("ck_segment_one_material"), type_="check")
        for name in CHOSEN:
            table.drop_constraint(op.f(f"fk_segment_{name}"), type_="foreignkey")
        for name in (*CHOSEN, "cue", "in_charge"):
            table.drop_column(name)
