"""Each sheet of answers has its line in the ledger."""

from alembic import op

revision = "answers_sealed"
down_revision = "topics_arranged"
branch_labels = None
depends_on = None

COLUMN = """
    ALTER TABLE answer_sheet ADD COLUMN entry_id INTEGER
        CONSTRAINT fk_answer_sheet_entry_id REFERENCES ledger_entry (id)
"""
"""Both databases read this. Sheets that were sent before have no line, and nothing is said of them."""


def upgrade() -> None:
    op.execute(COLUMN)
    op.create_index(op.f("ix_answer_sheet_entry_id"), "answer_sheet", ["entry_id"], unique=True)


def downgrade() -> None:
    op.drop_index(op.f("ix_answer_sheet_entry_id"), "answer_sheet")
    op.execute("ALTER TABLE answer_sheet DROP COLUMN entry_id")
