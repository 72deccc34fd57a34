"""What was decided on a topic may be held until all such decisions are released together."""

import sqlalchemy as sa
from alembic import op

revision = "topics_held"
down_revision = "topics_entered"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "held_decision",
        sa.Column("topic_id", sa.Integer(), nullable=False),
        sa.Column("verb", sa.String(length=30), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["person.id"], name=op.f("fk_held_decision_decided_by_id")
        ),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=op.f("fk_held_decision_topic_id")),
        sa.PrimaryKeyConstraint("topic_id", name=op.f("pk_held_decision")),
    )


def downgrade() -> None:
    op.drop_table("held_decision")
