"""A research may ask by questionnaire, and a finding rest on one of its questions."""

import sqlalchemy as sa
from alembic import op

revision = "questionnaires"
down_revision = "chapters"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "questionnaire",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("intro", sa.Text(), nullable=False),
        sa.Column("closes_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["id"], ["matter.id"], name=op.f("fk_questionnaire_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questionnaire")),
    )
    op.execute(  # those that a downgrade has left without their row
        "INSERT INTO questionnaire (id, intro) SELECT id, '' FROM matter WHERE process = 'questionnaire'"
    )
    op.create_table(
        "questionnaire_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("questionnaire_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.CheckConstraint("wording <> ''", name=op.f("ck_questionnaire_item_wording")),
        sa.CheckConstraint(
            "kind IN ('one', 'several', 'scale', 'text')", name=op.f("ck_questionnaire_item_kind")
        ),
        sa.ForeignKeyConstraint(
            ["questionnaire_id"], ["questionnaire.id"], name=op.f("fk_questionnaire_item_questionnaire_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questionnaire_item")),
        sa.UniqueConstraint(
            "questionnaire_id", "position", name=op.f("uq_questionnaire_item_questionnaire_id_position")
        ),
    )
    op.create_table(
        "answer_sheet",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("questionnaire_id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["questionnaire_id"], ["questionnaire.id"], name=op.f("fk_answer_sheet_questionnaire_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_sheet")),
        sa.UniqueConstraint("questionnaire_id", "token", name=op.f("uq_answer_sheet_questionnaire_id_token")),
    )
    op.create_table(
        "answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sheet_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("choice", sa.Integer(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "CASE WHEN choice IS NULL THEN 0 ELSE 1 END + CASE WHEN words IS NULL THEN 0 ELSE 1 END = 1",
            name=op.f("ck_answer_one"),
        ),
        sa.ForeignKeyConstraint(["item_id"], ["questionnaire_item.id"], name=op.f("fk_answer_item_id")),
        sa.ForeignKeyConstraint(["sheet_id"], ["answer_sheet.id"], name=op.f("fk_answer_sheet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer")),
        sa.UniqueConstraint("sheet_id", "item_id", "choice", name=op.f("uq_answer_sheet_id_item_id_choice")),
    )
    op.create_index("ix_answer_item", "answer", ["item_id", "choice"])
    with op.batch_alter_table("finding") as table:
        table.add_column(sa.Column("item_id", sa.Integer(), nullable=True))
        table.create_foreign_key(op.f("fk_finding_item_id"), "questionnaire_item", ["item_id"], ["id"])


def downgrade() -> None:
    """What was asked and answered is lost; the matters stay, since the ledger speaks of them."""
    with op.batch_alter_table("finding") as table:
        table.drop_constraint(op.f("fk_finding_item_id"), type_="foreignkey")
        table.drop_column("item_id")
    for table_name in ("answer", "answer_sheet", "questionnaire_item", "questionnaire"):
        op.drop_table(table_name)
