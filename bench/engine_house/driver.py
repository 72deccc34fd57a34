"""CPU seconds of this thread inside SQLite's driver and inside SQLAlchemy's session, and the statements sent."""

import sqlite3
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from engine.database import Database


class Spent:
    driver = 0.0
    session = 0.0
    """Everything that the session's methods took, the driver within them too."""
    queries = 0
    is_in_session = False


def watch(*databases: Database) -> None:
    for database in databases:
        database.bind.dispose()  # what is open already is not watched

        @event.listens_for(database.bind, "do_connect")
        def connect(_dialect: Any, _record: Any, _arguments: Any, options: dict[str, Any]) -> None:
            options["factory"] = Connection

    for name in ("execute", "scalar", "scalars", "get", "flush", "refresh", "rollback"):
        setattr(Session, name, _in_session(getattr(Session, name)))


def _in_session(method: Callable[..., Any]) -> Callable[..., Any]:
    def call(*given: Any, **named: Any) -> Any:
        if Spent.is_in_session:
            return method(*given, **named)
        Spent.is_in_session, start = True, time.thread_time()
        try:
            return method(*given, **named)
        finally:
            Spent.session += time.thread_time() - start
            Spent.is_in_session = False

    return call


def _in_driver(base: type, name: str) -> Any:
    method, is_query = getattr(base, name), name.startswith("execute")

    def call(self: Any, *given: Any) -> Any:
        start = time.thread_time()
        try:
            return method(self, *given)
        finally:
            Spent.driver += time.thread_time() - start
            Spent.queries += is_query

    return call


class Cursor(sqlite3.Cursor):
    execute, executemany, fetchone, fetchmany, fetchall = (
        _in_driver(sqlite3.Cursor, name)
        for name in ("execute", "executemany", "fetchone", "fetchmany", "fetchall")
    )


class Connection(sqlite3.Connection):
    commit = _in_driver(sqlite3.Connection, "commit")

    def cursor(self, factory: type[sqlite3.Cursor] = Cursor) -> Any:
        return super().cursor(factory)
