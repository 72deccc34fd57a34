"""The figures of a sitting to be frozen: its raw rows as a file, and what an independent program counts from it."""

import csv
import gzip
import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import IO, cast

from engine import recounter
from engine.actions import figures
from engine.actions.files import Received, incoming, path_of, receive_made
from engine.database import Session
from engine.models.consultation import Sitting
from engine.models.ledger import Task
from engine.models.people import Person
from engine.queries.raw import raw_rows
from engine.queries.statistics import ByKind, at_one_moment, counts_of
from engine.rules import SYSTEM, actor_for
from engine.settings import Settings


def freeze_figures(db: Session, task: Task, config: Settings, now: datetime) -> Callable[[Session], object]:
    """`given` says why and for whom, where it is not the first edition."""
    at_one_moment(db)
    sitting = db.get_one(Sitting, task.matter_id)
    with incoming(config.data) as file:
        _write(db, sitting, file)
        raw = receive_made(file, f"{sitting.id}.csv.gz", "application/gzip", config.data)
    counted, recounted = counts_of(db, sitting), _recount(raw, config.data)

    def effect(db: Session) -> None:
        person = task.given.get("actor")
        figures.freeze(
            db,
            db.get_one(Sitting, task.matter_id),
            raw,
            counted,
            recounted,
            reason=task.given.get("reason"),
            actor=actor_for(db, db.get_one(Person, person)) if person else SYSTEM,
            now=now,
        )

    return effect


def _write(db: Session, sitting: Sitting, file: IO[bytes]) -> None:
    with (
        gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", newline="") as lines,
    ):
        csv.writer(lines).writerows(raw_rows(db, sitting))


def _recount(raw: Received, data: Path) -> ByKind:
    """As anybody else would: the program by itself, in a process of its own, on the file."""
    program = [sys.executable, "-I", recounter.__file__, str(path_of(data, raw.sha256))]
    done = subprocess.run(program, capture_output=True, check=False, text=True)
    if done.returncode:
        raise RuntimeError(f"the recount failed: {done.stderr.strip()}")
    return cast(ByKind, json.loads(done.stdout)["figures"])
