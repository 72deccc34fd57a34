"""A remote seat at a sitting: the link of a meeting tool, and its guest's consent to being seen and recorded."""

from alembic import op

revision = "remote_seats"
down_revision = "run_of_show"
branch_labels = None
depends_on = None

COLUMNS = {
    "remote_url": """VARCHAR(300)
        CONSTRAINT ck_attendance_https CHECK (substr(remote_url, 1, 8) = 'https://')""",
    "remote_consent": """VARCHAR(10)
        CONSTRAINT ck_attendance_consent CHECK (remote_consent IN ('agreed', 'declined'))
        CONSTRAINT ck_attendance_consent_to_a_seat CHECK (remote_consent IS NULL OR remote_url IS NOT NULL)""",
}
"""Both databases read these; a batch would have SQLite make the table anew, to which those of materials refer."""


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        op.execute(f"ALTER TABLE attendance ADD COLUMN {name} {kind}")


def downgrade() -> None:
    for name in reversed(COLUMNS):
        op.execute(f"ALTER TABLE attendance DROP COLUMN {name}")
