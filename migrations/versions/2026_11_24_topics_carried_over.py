"""A topic that was carried over goes on under a later plan as a topic of its own."""

from alembic import op

revision = "topics_carried_over"
down_revision = "attendance"
branch_labels = None
depends_on = None

COLUMN = """
    ALTER TABLE topic ADD COLUMN carried_from_id INTEGER
        CONSTRAINT fk_topic_carried_from_id REFERENCES topic (id)
        CONSTRAINT ck_topic_carried_from_other CHECK (carried_from_id IS NULL OR carried_from_id <> id)
"""
"""Both databases read this; a batch would have SQLite make the table anew, to which others refer."""


def upgrade() -> None:
    op.execute(COLUMN)
    op.create_index(op.f("ix_topic_carried_from_id"), "topic", ["carried_from_id"], unique=True)


def downgrade() -> None:
    op.drop_index(op.f("ix_topic_carried_from_id"), "topic")
    op.execute("ALTER TABLE topic DROP COLUMN carried_from_id")
