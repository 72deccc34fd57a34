"""How Alembic reaches the database: the bind it was handed, or `XIESHANG_DATABASE_URL` when run by hand."""

from typing import Literal

from alembic import context
from sqlalchemy import Engine

import engine.models  # noqa: F401  (every table is known only once it is imported)
from engine import settings
from engine.database import Database
from engine.models.base import Base, Moment


def _bind() -> Engine:
    given = context.config.attributes.get("bind")
    return given if isinstance(given, Engine) else Database(settings.load().database_url).bind


def _plain_moment(kind: str, item: object, _context: object) -> str | Literal[False]:
    """A migration keeps its own words: it must not change when our column type does."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Moment) else False


with _bind().execution_options(xieshang_writes=True).connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_item=_plain_moment,
        render_as_batch=connection.dialect.name == "sqlite",
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
