"""What a person merged something into is kept, also when that was merged on since."""

from alembic import op

revision = "merged_first"
down_revision = "snapshots"
branch_labels = None
depends_on = None

NOUNS = ("topic", "question")


def upgrade() -> None:
    """Both databases read this; a batch would have SQLite make the table anew, to which others refer."""
    for noun in NOUNS:
        op.execute(
            f"ALTER TABLE {noun} ADD COLUMN merged_first_id INTEGER"
            f" CONSTRAINT fk_{noun}_merged_first_id REFERENCES {noun} (id)"
            f" CONSTRAINT ck_{noun}_merged_first CHECK (merged_first_id IS NULL OR merged_into_id IS NOT NULL)"
        )
        op.execute(f"UPDATE {noun} SET merged_first_id = merged_into_id")  # noqa: S608


def downgrade() -> None:
    for noun in NOUNS:
        op.execute(f"ALTER TABLE {noun} DROP COLUMN merged_first_id")
