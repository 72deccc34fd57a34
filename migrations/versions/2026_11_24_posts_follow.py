"""A post may follow another: it is handed over instead of falling vacant."""

import sqlalchemy as sa
from alembic import op

revision = "posts_follow"
down_revision = "editions_move"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("post") as table:
        table.add_column(sa.Column("follows_id", sa.Integer(), nullable=True))
        table.create_foreign_key(op.f("fk_post_follows_id"), "post", ["follows_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("post") as table:
        table.drop_constraint(op.f("fk_post_follows_id"), type_="foreignkey")
        table.drop_column("follows_id")
