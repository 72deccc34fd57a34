"""Many copies of a block of matters with all that the engine wrote of them: rows copied by the database itself.

A copy has its own ids, an earlier day for each moment, and points to its own rows where the block does; where the block
points outside (people, units, the year's plan), so does the copy.
"""

import sqlite3
from collections.abc import Iterator

from sqlalchemy import Column, Table

from engine.models.base import Base, Moment

OUTSIDE = ("plan", "post", "task", "draft", "idempotency_key")
ROOTS = ("matter", "ledger_entry")
MINUTES = 20  # between one copy and the next, back from today


class Copies:
    """Keeps the block in temporary tables of its own connection, and writes copies of it."""

    def __init__(self, path: str) -> None:
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.executescript("PRAGMA foreign_keys=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-262144")
        self.made = 0
        self.tables = list(self._take())
        self.spans = self._last()

    def _take(self) -> Iterator[Table]:
        """The tables of the block. A row is of it by the first of its columns that leads to a matter or an entry."""
        for table in Base.metadata.sorted_tables:
            if table.name == "matter":
                mine = "process <> 'plan'"
            else:
                leads = next(
                    (each for each in table.columns if each.foreign_keys and _root(each) in ROOTS), None
                )
                if leads is None or table.name in OUTSIDE:
                    continue
                mine = f"{leads.name} IN (SELECT id FROM block_{_root(leads)})"
            self.db.execute(
                f"CREATE TEMP TABLE block_{table.name} AS SELECT * FROM {table.name} WHERE {mine}"
            )
            if self._number(f"SELECT count(*) FROM block_{table.name}"):
                yield table

    def write(self, copies: int) -> None:
        """As many more, in one transaction, numbered on from the last row there is."""
        self.db.execute("BEGIN")
        self.last = self._last()
        for table in self.tables:
            names = ", ".join(column.name for column in table.columns)
            values = ", ".join(self._value(column) for column in table.columns)
            self.db.execute(
                f"WITH RECURSIVE copy(n) AS (SELECT ? UNION ALL SELECT n + 1 FROM copy WHERE n < ?)"
                f" INSERT INTO {table.name} ({names})"
                f" SELECT {values} FROM copy CROSS JOIN block_{table.name}",
                (self.made + 1, self.made + copies),
            )
        self.db.execute("COMMIT")
        self.made += copies

    def _value(self, column: Column[object]) -> str:
        root, name = _root(column), column.name
        if root in self.spans:
            new = f"{self.last[root]} + {name} + (n - {self.made + 1}) * {self.spans[root]}"
            return f"iif({name} IN (SELECT id FROM block_{root}), {new}, {name})"
        if isinstance(column.type, Moment):
            return f"strftime('%Y-%m-%d %H:%M:%S.000000', {name}, '-' || (n * {MINUTES}) || ' minutes')"
        if column.unique and column.type.python_type is str:
            return f"{name} || n"
        return name

    def _last(self) -> dict[str, int]:
        return {table.name: self._number(f"SELECT max(rowid) FROM {table.name}") for table in self.tables}

    def _number(self, query: str) -> int:
        return int(self.db.execute(query).fetchone()[0] or 0)


def _root(column: Column[object]) -> str:
    """The table whose numbers a column holds: of an own primary key its own, of a foreign key the one it leads to."""
    for key in column.foreign_keys:
        return _root(key.column)
    return column.table.name if column.primary_key and column.name == "id" else ""
