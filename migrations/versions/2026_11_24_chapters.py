"""The video of a research has chapters."""

import sqlalchemy as sa
from alembic import op

revision = "chapters"
down_revision = "visits"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("research", sa.Column("chapters", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("research", "chapters")
