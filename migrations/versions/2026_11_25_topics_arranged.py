"""A topic of a plan has a time and a level at which it is consulted on; whose it is stands on every matter."""

import sqlalchemy as sa
from alembic import op

revision = "topics_arranged"
down_revision = "ledger_nodes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("topic", sa.Column("planned_time", sa.String(length=20), nullable=True))
    op.add_column("topic", sa.Column("level", sa.String(length=20), nullable=True))


def downgrade() -> None:
    op.drop_column("topic", "level")
    op.drop_column("topic", "planned_time")
