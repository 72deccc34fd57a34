"""A remote seat at a sitting: the link of a meeting tool, and its guest's consent to being seen and recorded."""

import sqlalchemy as sa
from alembic import op

revision = "remote_seats"
down_revision = "run_of_show"
branch_labels = None
depends_on = None

CHECKS = {
    "https": "substr(remote_url, 1, 8) = 'https://'",
    "consent": "remote_consent IN ('agreed', 'declined')",
    "consent_to_a_seat": "remote_consent IS NULL OR remote_url IS NOT NULL",
}


def upgrade() -> None:
    with op.batch_alter_table("attendance") as table:
        table.add_column(sa.Column("remote_url", sa.String(300), nullable=True))
        table.add_column(sa.Column("remote_consent", sa.String(10), nullable=True))
        for name, holds in CHECKS.items():
            table.create_check_constraint(op.f(f"ck_attendance_{name}"), holds)


def downgrade() -> None:
    with op.batch_alter_table("attendance") as table:
        for name in CHECKS:
            table.drop_constraint(op.f(f"ck_attendance_{name}"), type_="check")
        for name in ("remote_consent", "remote_url"):
            table.drop_column(name)
