"""The database itself refuses to change or remove what the ledger holds.

Erasing a text with its salt is the one exception: the digest stays.
"""

from alembic import op

revision = "ledger_only_grows"
down_revision = "first"
branch_labels = None
depends_on = None

FOR_EVER = ("ledger_entry", "ledger_leaf", "checkpoint")
ERASURE = (
    "NEW.text IS NULL AND NEW.salt IS NULL"
    " AND NEW.entry_id = OLD.entry_id AND NEW.field = OLD.field AND NEW.digest = OLD.digest"
)
REFUSAL = "the ledger only grows"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        refuse = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        for table in (*FOR_EVER, "ledger_text"):
            op.execute(f"CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} {refuse}")
        for table in FOR_EVER:
            op.execute(f"CREATE TRIGGER {table}_same BEFORE UPDATE ON {table} {refuse}")
        op.execute(
            f"CREATE TRIGGER ledger_text_same BEFORE UPDATE ON ledger_text WHEN NOT ({ERASURE}) {refuse}"
        )
        return
    op.execute(
        "CREATE FUNCTION ledger_only_grows() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
    )
    for table in FOR_EVER:
        op.execute(
            f"CREATE TRIGGER {table}_same BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION ledger_only_grows()"
        )
    op.execute(
        "CREATE TRIGGER ledger_text_kept BEFORE DELETE OR TRUNCATE ON ledger_text"
        " FOR EACH STATEMENT EXECUTE FUNCTION ledger_only_grows()"
    )
    op.execute(
        f"CREATE TRIGGER ledger_text_same BEFORE UPDATE ON ledger_text FOR EACH ROW WHEN (NOT ({ERASURE}))"
        " EXECUTE FUNCTION ledger_only_grows()"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in (*FOR_EVER, "ledger_text"):
            op.execute(f"DROP TRIGGER {table}_kept")
            op.execute(f"DROP TRIGGER {table}_same")
        return
    op.execute("DROP FUNCTION ledger_only_grows() CASCADE")
