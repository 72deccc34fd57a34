"""Why a sitting is put off, or it or its consultation cancelled, is told to the public."""

import sqlalchemy as sa
from alembic import op

revision = "public_reasons"
down_revision = "remote_seats"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Reasons given before were for the house; they are not published now."""
    for table in ("sitting", "consultation"):
        op.add_column(table, sa.Column("public_reason", sa.Text(), nullable=True))


def downgrade() -> None:
    for table in ("sitting", "consultation"):
        op.drop_column(table, "public_reason")
