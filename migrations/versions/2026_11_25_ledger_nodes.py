"""Roots of large subtrees of the ledger are kept: no receipt reads all leaves any more."""

from hashlib import sha256

import sqlalchemy as sa
from alembic import op

revision = "ledger_nodes"
down_revision = "merged_first"
branch_labels = None
depends_on = None

KEPT = (8, 16, 24)


def upgrade() -> None:
    node = op.create_table(
        "ledger_node",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("level", "position", name=op.f("pk_ledger_node")),
    )
    leaves = sa.text("SELECT leaf_hash FROM ledger_leaf ORDER BY leaf_index")
    row = [bytes(leaf) for leaf in op.get_bind().execute(leaves).scalars()]
    for level in range(1, KEPT[-1] + 1):
        row = [
            sha256(b"\x01" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=False)
        ]
        if level in KEPT and row:
            op.bulk_insert(
                node, [{"level": level, "position": at, "hash": root} for at, root in enumerate(row)]
            )


def downgrade() -> None:
    op.drop_table("ledger_node")
