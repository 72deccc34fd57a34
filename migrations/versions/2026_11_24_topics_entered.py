"""A topic that staff enter for somebody has a source and a name."""

import sqlalchemy as sa
from alembic import op

revision = "topics_entered"
down_revision = "topics_answered"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("topic", sa.Column("source", sa.String(length=10), nullable=True))
    op.add_column("topic", sa.Column("proposer_name", sa.String(length=60), nullable=True))


def downgrade() -> None:
    op.drop_column("topic", "proposer_name")
    op.drop_column("topic", "source")
