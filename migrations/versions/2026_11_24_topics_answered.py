"""A topic that enough people support gets a public answer."""

import sqlalchemy as sa
from alembic import op

revision = "topics_answered"
down_revision = "stage_index"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("topic", sa.Column("answer_owed_from", sa.Date(), nullable=True))
    op.add_column("topic", sa.Column("answer", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("topic", "answer")
    op.drop_column("topic", "answer_owed_from")
