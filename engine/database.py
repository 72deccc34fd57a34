"""Opens the house's database. Whoever opens a transaction here also ends it; actions never commit."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.errors import WrongState
from engine.words import Words

__all__ = ["Database", "Session"]

BUSY_MS = 10_000


class Database:
    """`transaction()` writes, `reading()` reads. The same on SQLite and PostgreSQL."""

    def __init__(self, url: str) -> None:
        self.bind = create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
        if self.bind.dialect.name == "sqlite":
            _prepare_sqlite(self.bind)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Everything done in it, or nothing. `WrongState` where somebody has just stored what may be there once."""
        bind = self.bind.execution_options(xieshang_writes=True)
        try:
            with Session(bind, expire_on_commit=False) as db, db.begin():
                yield db
        except IntegrityError as error:
            if _is_double(error):
                raise WrongState(
                    Words("这一步刚刚已经办过了。", "This has just been done already.")
                ) from error
            raise

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with Session(self.bind) as db:
            yield db

    def close(self) -> None:
        self.bind.dispose()


def _is_double(error: IntegrityError) -> bool:
    """Whether a unique index refused, as each of the two databases says it."""
    return getattr(error.orig, "sqlstate", None) == "23505" or "UNIQUE constraint" in str(error.orig)


def _prepare_sqlite(bind: Engine) -> None:
    """WAL, full durability, and one writer that waits its turn from the start.

    A deferred read that becomes a write fails at once whatever the timeout, so a writer begins as one.
    """

    @event.listens_for(bind, "connect")
    def connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(bind, "begin")
    def begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("xieshang_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
