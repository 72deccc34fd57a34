"""An edition may take over the matters that are under way, with a recorded mapping of the stages that are lost."""

import sqlalchemy as sa
from alembic import op

revision = "editions_move"
down_revision = "replies_put_off"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("process_edition", sa.Column("moves", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("process_edition", "moves")
