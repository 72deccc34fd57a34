"""The public ledger: anyone may read it, take it away and check it without us."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, render_template, stream_with_context
from werkzeug.exceptions import NotFound

from engine import verifier
from engine.database import Session
from engine.editions import editions, shipped_names
from engine.ledger import load_or_create_key, verifier_key
from engine.models.ledger import LedgerEntry
from engine.queries import ledger
from engine.queries.matters import title_of
from web.auth import open_to_all, settings
from web.limits import limiter
from web.paging import asked_page
from web.transaction import reading

pages = Blueprint("ledger", __name__, url_prefix="/ledger")


@pages.get("")
@open_to_all
def index() -> str:
    number, size = asked_page(20)
    with reading() as db:
        entries, total = ledger.recent_entries(db, number, size)
        return render_template(
            "ledger/index.html",
            rows=[_row(db, entry) for entry in entries],
            total=total,
            number=number,
            size=size,
            checkpoint=ledger.latest_checkpoint(db),
            key=_public_key(),
        )


def _row(db: Session, entry: LedgerEntry) -> dict[str, Any]:
    """An entry in words, with the names that the log itself has for it."""
    known = editions(db, entry.noun) if entry.noun in shipped_names() else []
    states = {name: state for process in known for name, state in process.states.items()}
    moved = entry.from_state is not None and entry.from_state != entry.to_state
    stages = [states[name].title for name in (entry.from_state, entry.to_state) if name and name in states]
    return {"entry": entry, "title": title_of(db, entry), "stages": stages if moved else []}


@pages.get("/log.jsonl")
@open_to_all
def log() -> Response:
    def lines() -> Iterator[str]:
        with reading() as db:
            for line in ledger.export(db):
                yield line + "\n"

    return Response(
        stream_with_context(lines()),
        mimetype="application/jsonl",
        headers={"Content-Disposition": "attachment; filename=log.jsonl"},
    )


@pages.get("/checkpoint")
@open_to_all
def checkpoint() -> Response:
    with reading() as db:
        newest = ledger.latest_checkpoint(db)
    if newest is None:
        raise NotFound
    return Response(newest.text, mimetype="text/plain; charset=utf-8")


@pages.get("/verifier.py")
@open_to_all
def program() -> Response:
    text = Path(verifier.__file__).read_text(encoding="utf-8")
    return Response(
        text, mimetype="text/x-python", headers={"Content-Disposition": "attachment; filename=verifier.py"}
    )


@pages.get("/receipts/<id:entry_id>.json")
@open_to_all
@limiter.limit("30/minute")
def receipt(entry_id: int) -> Response:
    with reading() as db:
        text = ledger.receipt(db, entry_id)
    if text is None:
        raise NotFound
    return Response(
        text,
        mimetype="application/json",
        headers={"Content-Disposition": f"attachment; filename=receipt-{entry_id}.json"},
    )


def _public_key() -> str:
    return verifier_key(load_or_create_key(settings().data / "ledger.key"), ledger.ORIGIN)
