"""The engine in a growing house: a verb, three desks, a matter with 1,000 entries: `python3 dev.py bench engine`.

One SQLite house grows from 1,000 to 1,000,000 matters (`--quick`: to 20,000). One matter of forty waits for each person
whose desk is opened: 5,000 among 200,000. Bare statements of the same weight run beside, in the same process, on the
same rows. Times are CPU of the one thread that does it all, SQLite's part too, since other work shares the machine;
waiting for the disk is not in them. Ratios and growth mean something, and the number of queries, the same anywhere.
"""

import argparse
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import func, insert, select, update

import migrations
from bench.engine_house.block import SIZE, build
from bench.engine_house.copies import Copies
from bench.engine_house.driver import Spent, watch
from engine import clock
from engine.actions.perform import perform
from engine.database import Database, Session
from engine.models.ledger import LedgerEntry, Outbox
from engine.models.matter import Matter
from engine.queries import desk
from engine.settings import Settings
from tests.houses import House
from web.app import create_app
from web.auth import SignedIn
from web.limits import limiter

OUT = Path(__file__).resolve().parent / "out"
SIZES = (1_000, 10_000, 100_000, 200_000, 1_000_000)
QUICK = (1_000, 5_000, 20_000)
HISTORIES = (10, 1_000)
WARM, TIMES = 3, 40
DESKS = {"office": "whole house", "unit_admin": "one unit", "scorer1": "once a person"}
PEERS = {"verb": "verb, bare SQLAlchemy"} | {
    f"desk query, {reach}": "desk, bare SQLAlchemy" for reach in DESKS.values()
}


@dataclass(frozen=True)
class Measured:
    """Milliseconds of one thing done `TIMES` times. `over_driver` is the median outside SQLite's driver, `engine`
    the median outside SQLAlchemy's session as well.
    """

    name: str
    matters: int
    p50_ms: float
    p95_ms: float
    over_driver_ms: float
    engine_ms: float
    queries: int


Prepare = Callable[[], AbstractContextManager[Callable[[], object]]]


def measure(name: str, matters: int, prepare: Prepare) -> Measured:
    """What `prepare` gives is timed, what it does before and after is not."""
    whole, over_driver, engine, queries = [], [], [], 0
    for number in range(WARM + TIMES):
        with prepare() as do:
            driver, session, asked, start = Spent.driver, Spent.session, Spent.queries, time.thread_time()
            do()
            spent = time.thread_time() - start
            queries = Spent.queries - asked
            if number >= WARM:
                whole.append(spent)
                over_driver.append(spent - (Spent.driver - driver))
                engine.append(spent - (Spent.session - session))
    middle = (_ms(times, 0.5) for times in (over_driver, engine))
    return Measured(name, matters, _ms(whole, 0.5), _ms(whole, 0.95), *middle, queries)


def _ms(seconds: Sequence[float], share: float) -> float:
    return round(sorted(seconds)[int(len(seconds) * share)] * 1000, 2)


# ---- what is measured


@dataclass(frozen=True)
class Grown:
    """The house at one of its sizes, and the web server on it."""

    house: House
    matters: int
    client: Callable[[str], FlaskClient]
    histories: dict[int, int]
    """How many entries a matter has → its number."""
    assignment: int
    """One that waits for the liaison."""

    def everything(self) -> Iterator[Measured]:
        yield self.verb()
        yield self.bare_verb()
        for name in DESKS:
            yield self.desk_query(name)
            yield self.page(f"desk page, {DESKS[name]}", name, "/desk/")
        yield self.bare_desk()
        for length, number in self.histories.items():
            yield self.page(f"matter, {length} entries", "unit_admin", f"/desk/matters/{number}")

    def verb(self) -> Measured:
        """The liaison accepts an assignment: a move that names two people and tells them. Undone each time."""
        with self.house.database.transaction() as db:
            people = {
                field: self.house.actor(db, name).id
                for field, name in (("handler_id", "unit_handler"), ("leader_id", "unit_leader"))
            }

        @contextmanager
        def accept() -> Iterator[Callable[[], object]]:
            with self.house.database.transaction() as db:
                matter = db.get_one(Matter, self.assignment)
                actor = self.house.actor(db, "unit_admin")
                yield lambda: perform(db, matter, "accept", actor=actor, now=clock.now(), **people)
                db.rollback()

        return measure("verb", self.matters, accept)

    def bare_verb(self) -> Measured:
        """The same change by SQLAlchemy's core alone: one SELECT, one UPDATE, an entry and its outbox row."""
        matter, entry, outbox = (model.__table__ for model in (Matter, LedgerEntry, Outbox))
        fact = {
            "event": "assignment.accepted",
            "noun": "assignment",
            "matter_id": self.assignment,
            "verb": "accept",
            "data": {},
        }

        def change(db: Session) -> None:
            at, mine = clock.now(), matter.c.id == self.assignment
            version = db.scalar(select(matter.c.version).where(mine))
            db.execute(update(matter).where(mine).values(state="accepted", since=at, version=version + 1))
            done = db.execute(insert(entry).values(at=at, **fact))
            db.execute(insert(outbox).values(entry_id=done.inserted_primary_key[0]))

        @contextmanager
        def accept() -> Iterator[Callable[[], object]]:
            with self.house.database.transaction() as db:
                yield lambda: change(db)
                db.rollback()

        return measure("verb, bare SQLAlchemy", self.matters, accept)

    def desk_query(self, name: str) -> Measured:
        def ask() -> None:
            with self.house.database.reading() as db:
                desk.waiting(db, self.house.actor(db, name), clock.now())

        return measure(f"desk query, {DESKS[name]}", self.matters, lambda: nullcontext(ask))

    def bare_desk(self) -> Measured:
        """What any list with a number over it costs: a count and fifty rows of one state, by the index."""

        def ask() -> None:
            with self.house.database.reading() as db:
                mine = (Matter.process == "topic", Matter.state == "scoring")
                db.scalar(select(func.count()).select_from(Matter).where(*mine))
                db.execute(select(Matter.__table__).where(*mine).order_by(Matter.since).limit(50)).all()

        return measure("desk, bare SQLAlchemy", self.matters, lambda: nullcontext(ask))

    def page(self, what: str, name: str, path: str) -> Measured:
        client = self.client(name)

        def get() -> None:
            answer = client.get(path)
            assert answer.status_code == 200, answer.text

        return measure(what, self.matters, lambda: nullcontext(get))


# ---- the house


def grow(sizes: Sequence[int], folder: Path) -> Iterator[Measured]:
    url = f"sqlite:///{folder / 'xieshang.db'}"
    database = Database(url)
    migrations.upgrade(database.bind)
    house = build(database)
    copies = Copies(str(folder / "xieshang.db"))
    settings = Settings(data=folder, database_url=url, redis_url="", secret=b"of the bench", is_demo=True)
    with serving(settings, house) as client:
        histories: dict[int, int] = {}
        for size in sizes:
            start = time.perf_counter()
            copies.write(size // SIZE - 1 - copies.made)
            print(f"{size:>9,} matters, filled in {time.perf_counter() - start:.0f} s", file=sys.stderr)
            histories = histories or with_histories(house)
            yield from Grown(house, size, client, histories, assigned(house)[0]).everything()
    database.close()


def assigned(house: House) -> Sequence[int]:
    """The assignments that the liaison is to accept, the first ones first."""
    rows = select(Matter.id).where(Matter.process == "assignment", Matter.state == "assigned")
    with house.database.reading() as db:
        return db.scalars(rows.where(Matter.unit_id == 1).order_by(Matter.id).limit(1 + len(HISTORIES))).all()


def with_histories(house: House) -> dict[int, int]:
    """Assignments of which the assigning office has reminded so often that their histories are that long."""
    found = dict(zip(HISTORIES, assigned(house)[1:], strict=True))
    with house.transaction() as db:
        office = house.actor(db, "government")
        for length, number in found.items():
            for _ in range(length - 1):
                matter = db.get_one(Matter, number)
                perform(db, matter, "remind", actor=office, now=house.now, reminder="请按期办理。")
    return found


@contextmanager
def serving(settings: Settings, house: House) -> Iterator[Callable[[str], FlaskClient]]:
    app = create_app(settings)
    limiter.enabled = False
    watch(house.database, app.extensions["database"])

    def client(name: str) -> FlaskClient:
        with house.transaction() as db, app.test_request_context():
            cookie = SignedIn(house.actor(db, name).person).get_id()
        browser = app.test_client()
        with browser.session_transaction() as session:
            session["_user_id"] = cookie
        return browser

    yield client
    app.extensions["database"].close()


# ---- the tables


def table(found: Sequence[Measured]) -> str:
    """The largest house, with how many times a bare peer's median each thing costs."""
    last = {one.name: one for one in found if one.matters == found[-1].matters}
    names = ("p50_ms", "p95_ms", "over_driver_ms", "engine_ms", "queries")
    lines = [
        "".join((f"{found[-1].matters:>11,} matters{'':<11}", *(f"{name:>16}" for name in names), "   ratio"))
    ]
    for one in last.values():
        figures = "".join(f"{asdict(one)[name]:>16}" for name in names)
        peer = last.get(PEERS.get(one.name, ""))
        lines.append(f"{one.name:<30}{figures}" + (f"{one.p50_ms / peer.p50_ms:>7.1f}×" if peer else ""))
    return "\n".join(lines)


def growth(found: Sequence[Measured]) -> str:
    """Medians by size; the exponents between neighbours (1 is in proportion); whether n log n is outgrown."""
    sizes = sorted({one.matters for one in found})
    allowed = _n_log_n(sizes[-1]) / _n_log_n(sizes[0])
    lines = [f"{'median ms of':<30}" + "".join(f"{size:>11,}" for size in sizes) + "   exponents"]
    for name, times in by_name(found).items():
        exponents = (
            math.log(after / before) / math.log(larger / smaller)
            for (smaller, larger), (before, after) in zip(pairwise(sizes), pairwise(times), strict=True)
        )
        verdict = "  FASTER THAN n log n" if times[-1] / times[0] > allowed else ""
        row = "".join(f"{value:>11}" for value in times)
        lines.append(f"{name:<30}{row}   {' '.join(f'{one:5.2f}' for one in exponents)}{verdict}")
    return "\n".join(lines)


def by_name(found: Sequence[Measured]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {}
    for one in found:
        times.setdefault(one.name, []).append(one.p50_ms)
    return times


def _n_log_n(size: int) -> float:
    return size * math.log(size)


def drawn(found: Sequence[Measured]) -> str:
    """The medians over the sizes as SVG, both axes logarithmic; dashed is what n log n would be from the first verb."""
    sizes = sorted({one.matters for one in found})
    lines = by_name(found)
    first = lines["verb"][0]
    bound = [first * _n_log_n(size) / _n_log_n(sizes[0]) for size in sizes]
    top, bottom = max(max(times) for times in lines.values()) * 2, min(map(min, lines.values())) / 2

    def points(times: Sequence[float]) -> str:
        return " ".join(
            f"{60 + 440 * math.log(size / sizes[0]) / math.log(sizes[-1] / sizes[0]):.0f},"
            f"{20 + 340 * (1 - math.log(min(time, top) / bottom) / math.log(top / bottom)):.0f}"
            for size, time in zip(sizes, times, strict=True)
        )

    parts = [f'<polyline points="{points(bound)}" stroke="#999" stroke-dasharray="4"/>']
    for number, (name, times) in enumerate(lines.items()):
        colour, line = f"hsl({number * 360 // len(lines)} 70% 40%)", points(times)
        x, y = line.split()[-1].split(",")
        parts.append(f'<polyline points="{line}" stroke="{colour}"/>')
        parts.append(
            f'<text x="{int(x) + 8}" y="{y}" fill="{colour}" stroke="none">{name} {times[-1]} ms</text>'
        )
    for size, x in zip(sizes, (point.split(",")[0] for point in points(bound).split()), strict=True):
        parts.append(f'<text x="{x}" y="385" text-anchor="middle" stroke="none">{size:,}</text>')
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 400" font-size="11" font-family="sans-serif"'
    return f'{head} fill="none">{"".join(parts)}</svg>\n'


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="up to 20,000 matters instead of 1,000,000")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = list(grow(QUICK if asked.quick else SIZES, Path(folder)))
    print(f"{table(found)}\n\n{growth(found)}")
    OUT.mkdir(exist_ok=True)
    kept = {"measured": [asdict(one) for one in found], "cores": os.cpu_count(), "load": os.getloadavg()}
    (OUT / "engine.json").write_text(json.dumps(kept, indent=2) + "\n")
    (OUT / "engine.svg").write_text(drawn(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
