"""One index answers what waits for whom, of which unit and since when, without reading the matters."""

from alembic import op

revision = "stage_index"
down_revision = "posts_follow"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_matter_process_state", "matter")
    op.create_index("ix_matter_stage", "matter", ["process", "state", "edition", "unit_id", "since"])


def downgrade() -> None:
    op.drop_index("ix_matter_stage", "matter")
    op.create_index("ix_matter_process_state", "matter", ["process", "state"])
