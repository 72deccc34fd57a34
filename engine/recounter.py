"""Counts a sitting's figures anew from its frozen raw rows: this one file, Python 3.11 or newer, nothing else.

    python recounter.py RAW.csv.gz

Prints the SHA-256 of the file and the figures as one JSON object, official and test traffic apart. Compare both
with what was published. It shares no code with the house that counted, which is what makes it worth running.

The file is gzipped CSV, a row a line, times in milliseconds since the opening:

    sitting, ID, OPENED, CLOSED                         first, in UTC
    join, KIND, TIME, VIEWER, VISIT                     a page of this visit connected
    beat, KIND, TIME, VIEWER, VISIT, VISIBLE, WATCHED   it says how long it has watched, in milliseconds
    like, KIND, TIME, VIEWER, TARGET, VERIFIED
    said, KIND, FIGURE                                  a comment or question that counts into this figure

KIND is official or test. A viewer's openings no more than 5 s apart are one visit; a visit watched longer than
3 s is a view, and its time is no longer than it was seen and 2 s more; whoever has a view is a unique viewer. A viewer
is online for 45 s from a beat, looked at every 5 s from the minute in which the sitting opened.
"""

import csv
import gzip
import json
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import file_digest
from itertools import islice
from typing import Any

KINDS = ("official", "test")
WIDTHS = {"join": 5, "beat": 7, "like": 6, "said": 3}
AT_ONCE = 50_000
SAID = (
    "comments",
    "comments_held",
    "comments_rejected",
    "comments_hidden",
    "comments_withdrawn",
    "questions",
)

TABLES = """
CREATE TABLE "join" (kind, at INTEGER, viewer, visit);
CREATE TABLE beat (kind, at INTEGER, viewer, visit, visible INTEGER, watched INTEGER);
CREATE TABLE "like" (kind, at INTEGER, viewer, target, verified INTEGER);
CREATE TABLE said (kind, figure);
"""
OPENINGS = """
CREATE TABLE opening AS
WITH page AS (
    SELECT kind, viewer, visit, min(at) AS first, max(at) AS last, max(watched) AS watched FROM (
        SELECT kind, viewer, visit, at, 0 AS watched FROM "join"
        UNION ALL SELECT kind, viewer, visit, at, iif(visible, watched, 0) FROM beat)
    GROUP BY kind, viewer, visit),
apart AS (
    SELECT *, coalesce(first - lag(first) OVER (PARTITION BY kind, viewer ORDER BY first) > 5000, 1) AS opens
    FROM page),
numbered AS (
    SELECT *, sum(opens) OVER (PARTITION BY kind, viewer ORDER BY first) AS number FROM apart)
SELECT kind, viewer, min(sum(watched), max(last) - min(first) + 2000) AS watched
FROM numbered GROUP BY kind, viewer, number
"""
VISITS = "SELECT count(*), coalesce(sum(watched > 3000), 0) FROM opening WHERE kind = ?"
WATCHED = (
    "SELECT sum(watched) AS time FROM opening WHERE kind = ? AND watched > 3000 GROUP BY viewer ORDER BY time"
)
LIKES = """
SELECT coalesce(sum(verified), 0), coalesce(sum(1 - verified), 0)
FROM (SELECT max(verified) AS verified FROM "like" WHERE kind = ? GROUP BY viewer, target)
"""
PEAK = """
WITH moment AS (
    SELECT viewer, at + :since_minute AS at FROM beat WHERE kind = :kind),
spell AS (
    SELECT at, lag(at + 45000, 1, 0) OVER (PARTITION BY viewer ORDER BY at) AS gone FROM moment),
edge AS (
    SELECT (max(at, gone) + 4999) / 5000 AS sample, 1 AS change FROM spell
    UNION ALL SELECT (at + 45000 + 4999) / 5000, -1 FROM spell)
SELECT coalesce(max(online), 0) FROM (
    SELECT sum(sum(change)) OVER (ORDER BY sample) AS online FROM edge
    WHERE sample * 5000 < :closed + :since_minute GROUP BY sample)
"""


def read(lines: Iterable[list[str]], db: sqlite3.Connection) -> tuple[int, int]:
    """How long it was open, and how long after the beginning of a minute that began, in milliseconds."""
    rows = iter(lines)
    name, _, opened, closed = next(rows)
    if name != "sitting":
        raise ValueError("the first row is not the sitting's")
    begin, end = datetime.fromisoformat(opened), datetime.fromisoformat(closed)
    db.executescript(TABLES)
    while part := list(islice(rows, AT_ONCE)):
        for table, width in WIDTHS.items():
            places = ", ".join("?" * (width - 1))
            db.executemany(f'INSERT INTO "{table}" VALUES ({places})', of_table(part, table))  # noqa: S608
    lasted = milliseconds(begin, end)
    for table in ("join", "beat", "like"):
        db.execute(f'DELETE FROM "{table}" WHERE at < 0 OR at >= ?', [lasted])  # noqa: S608
    return lasted, milliseconds(begin.replace(second=0, microsecond=0), begin)


def of_table(part: Iterable[list[str]], table: str) -> Iterator[list[str]]:
    for row in part:
        if not row or len(row) != WIDTHS.get(row[0]) or row[1] not in KINDS:
            raise ValueError(f"no such row: {row!r}")
        if row[0] == table:
            yield row[1:]


def milliseconds(begin: datetime, end: datetime) -> int:
    return round((end - begin).total_seconds() * 1000)


def count(db: sqlite3.Connection, kind: str, lasted: int, since_minute: int) -> dict[str, int | None]:
    visits, views = db.execute(VISITS, [kind]).fetchone()
    watched = [time for (time,) in db.execute(WATCHED, [kind])]
    middle = watched[(len(watched) - 1) // 2 : len(watched) // 2 + 1]
    verified, anonymous = db.execute(LIKES, [kind]).fetchone()
    (peak,) = db.execute(PEAK, {"kind": kind, "closed": lasted, "since_minute": since_minute}).fetchone()
    said: dict[str, int] = dict(
        db.execute("SELECT figure, count(*) FROM said WHERE kind = ? GROUP BY figure", [kind]).fetchall()
    )
    return {
        "visits": visits,
        "views": views,
        "viewers": len(watched),
        "peak": peak,
        "mean_ms": sum(watched) // len(watched) if watched else None,
        "median_ms": sum(middle) // len(middle) if middle else None,
        "likes_verified": verified,
        "likes_anonymous": anonymous,
        **{name: said.get(name, 0) for name in SAID},
    }


def recount(path: str) -> dict[str, Any]:
    with open(path, "rb") as file:
        sha256 = file_digest(file, "sha256").hexdigest()
    db = sqlite3.connect("")  # a private file that SQLite removes: a large sitting is larger than memory
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        lasted, since_minute = read(csv.reader(lines), db)
    db.execute(OPENINGS)
    figures = {kind: count(db, kind, lasted, since_minute) for kind in KINDS}
    db.close()
    return {"sha256": sha256, "figures": figures}


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write("usage: python recounter.py RAW.csv.gz\n")
        return 2
    try:
        json.dump(recount(arguments[0]), sys.stdout, indent=2)
    except (OSError, EOFError, ValueError, StopIteration, sqlite3.Error) as error:
        sys.stderr.write(f"{arguments[0]}: {error}\n")
        return 1
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
