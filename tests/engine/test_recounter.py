"""The recounter is a program of its own: what it says of a file is what the house says of the same rows."""

import ast
import csv
import gzip
import io
import json
import subprocess
import sys
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import audience, recounter
from engine.audience import Beat, Join, Like, Row
from engine.wire import KINDS
from tests.crowds import OPENED

AT = OPENED + timedelta(seconds=13, milliseconds=250)
"""Not at the beginning of a minute: samples lie where the clock on the wall has them."""
LASTS_MS = 200_000


def packed(path: Path, rows: Iterable[tuple[object, ...]]) -> Path:
    text = io.StringIO()
    closed = AT + timedelta(milliseconds=LASTS_MS)
    csv.writer(text).writerows([("sitting", 1, AT.isoformat(), closed.isoformat()), *rows])
    path.write_bytes(gzip.compress(text.getvalue().encode()))
    return path


def written(row: Row) -> tuple[object, ...]:
    at = (row.at - AT) // timedelta(milliseconds=1)
    match row:
        case Join():
            return "join", row.kind, at, row.viewer, row.visit
        case Beat():
            return "beat", row.kind, at, row.viewer, row.visit, int(row.visible), row.watched_ms
        case Like():
            return "like", row.kind, at, row.viewer, row.to, int(row.verified)


MOMENTS = st.integers(-5_000, LASTS_MS + 5_000).map(lambda at: AT + timedelta(milliseconds=at))
VIEWERS, VISITS = st.sampled_from("abc"), st.sampled_from("123")
ROWS = st.one_of(
    st.builds(
        lambda at, viewer, visit, kind: Join(at, viewer, viewer + visit, kind),
        MOMENTS,
        VIEWERS,
        VISITS,
        st.sampled_from(KINDS),
    ),
    st.builds(
        lambda at, viewer, visit, kind, visible, watched: Beat(
            at, viewer, viewer + visit, kind, visible, watched
        ),
        MOMENTS,
        VIEWERS,
        VISITS,
        st.sampled_from(KINDS),
        st.booleans(),
        st.integers(0, 90_000),
    ),
    st.builds(
        Like, MOMENTS, VIEWERS, st.sampled_from(["sitting", "q1"]), st.sampled_from(KINDS), st.booleans()
    ),
)


@settings(deadline=None, max_examples=150)
@given(st.lists(ROWS, max_size=60))
def test_it_counts_what_the_house_counts(tmp_path_factory: pytest.TempPathFactory, rows: list[Row]) -> None:
    path = packed(tmp_path_factory.mktemp("raw") / "raw.csv.gz", map(written, rows))
    again = recounter.recount(str(path))["figures"]
    closed = AT + timedelta(milliseconds=LASTS_MS)
    for kind, figures in audience.recount(rows, AT, closed).items():
        said = {name: getattr(figures.counts, name) for name in ("visits", "views", "viewers", "peak")}
        likes = {name: getattr(figures.counts, name) for name in ("likes_verified", "likes_anonymous")}
        watch = {"mean_ms": figures.watch.mean_ms, "median_ms": figures.watch.median_ms}
        assert said | likes | watch == {name: again[kind][name] for name in [*said, *likes, *watch]}


def test_what_was_said_is_counted_by_figure_and_kind(tmp_path: Path) -> None:
    rows = [("said", "official", "comments")] * 3 + [("said", "test", "questions")]
    figures = recounter.recount(str(packed(tmp_path / "raw.csv.gz", rows)))["figures"]
    assert (figures["official"]["comments"], figures["official"]["questions"]) == (3, 0)
    assert (figures["test"]["comments"], figures["test"]["questions"]) == (0, 1)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-I", recounter.__file__, *arguments]
    return subprocess.run(program, capture_output=True, check=False, text=True)


def test_it_runs_by_itself_on_the_file_alone(tmp_path: Path) -> None:
    path = packed(tmp_path / "raw.csv.gz", [("join", "official", 10, 1, 1)])
    done = run(str(path))
    assert json.loads(done.stdout)["figures"]["official"]["visits"] == 1
    assert run().returncode == 2


HEAD = "sitting,1,2026-11-04T06:00:00Z,2026-11-04T07:00:00Z\r\n"


@pytest.mark.parametrize(
    "text",
    [
        "join,official,1,1,1\r\n",
        "",
        f"{HEAD}seen,official,1\r\n",
        f"{HEAD}join,other,1,1,1\r\n",
        f"{HEAD}join,official,1\r\n",
        f"{HEAD}\r\n",
        "sitting,1\r\n",
    ],
)
def test_what_is_no_such_text_is_refused_in_a_line(tmp_path: Path, text: str) -> None:
    refuses(tmp_path / "raw.csv.gz", gzip.compress(text.encode()))


def test_what_is_no_such_file_is_refused_in_a_line(tmp_path: Path) -> None:
    for content in (b"no gzip", gzip.compress(Random(1).randbytes(200))[:-9]):
        refuses(tmp_path / "raw.csv.gz", content)


def refuses(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    done = run(str(path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{path}: ")
    assert "Traceback" not in done.stderr


def test_it_shares_no_code_with_the_house() -> None:
    tree = ast.parse(Path(recounter.__file__).read_text(encoding="utf-8"))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }
    assert imported <= sys.stdlib_module_names
    assert len(Path(recounter.__file__).read_text(encoding="utf-8").splitlines()) < 300
