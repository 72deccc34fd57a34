"""A unit's reply may be put off to a day, with a reason that is published."""

import sqlalchemy as sa
from alembic import op

revision = "replies_put_off"
down_revision = "editions_by_two"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("assignment", sa.Column("extended_to", sa.Date(), nullable=True))
    op.add_column("assignment", sa.Column("public_reason", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("assignment", "public_reason")
    op.drop_column("assignment", "extended_to")
