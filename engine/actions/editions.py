"""A procedure is changed by two: one proposes a text that may run, another adopts it from a day on."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.actions.decisions import drop_overtaken
from engine.advance import move
from engine.clock import day
from engine.errors import Forbidden, Invalid, WrongState
from engine.models.edition import ProcessEdition
from engine.process import Broken, read
from engine.process_check import check
from engine.queries.procedures import moving, require_known, to_be_moved, without_place
from engine.record import record
from engine.rules import EDITION_ADOPTERS, EDITION_PROPOSERS, Actor, require
from engine.vocabulary import vocabulary
from engine.words import Words

AT_ONCE = 200
"""As many matters as one transaction moves: nobody else writes while it lasts."""


def propose_edition(
    db: Session, name: str, text: str, *, from_date: date, actor: Actor, now: datetime
) -> ProcessEdition:
    """Raises `Broken` where the text may not run, `Invalid` by field where it is not this procedure's or too late."""
    require(actor, EDITION_PROPOSERS)
    require_known(name)
    text = text.replace("\r\n", "\n")
    process = read(text)
    if process.name != name:
        raise Invalid(
            {
                "text": Words(
                    f"这份文本是“{process.name}”的，不是“{name}”的。",
                    f"This text is of “{process.name}”, not of “{name}”.",
                )
            }
        )
    check(text, vocabulary(name))
    if from_date < day(now):
        raise Invalid({"from_date": Words("请写今天或以后的日期。", "Please give today or a later day.")})
    newest = select(func.max(ProcessEdition.number)).where(ProcessEdition.process == name)
    edition = ProcessEdition(
        process=name,
        number=(db.scalar(newest) or 1) + 1,
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        from_date=from_date,
        proposed_by_id=actor.id,
        proposed_at=now,
    )
    db.add(edition)
    db.flush()
    _record(db, edition, "proposed", actor, now)
    return edition


def adopt_edition(
    db: Session,
    edition: ProcessEdition,
    *,
    moves: Mapping[str, str] | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    """The second person's yes. Matters that have begun keep the edition they began under, unless `moves` says for each
    stage that is lost where those that stand there go; then they are taken over on the edition's day.
    """
    require(actor, EDITION_ADOPTERS)
    _require_open(edition)
    if actor.id == edition.proposed_by_id:
        raise Forbidden(
            Words("提出的人不能自己批准。", "Whoever proposed it cannot adopt it; someone else must.")
        )
    if edition.from_date < day(now):
        raise WrongState(
            Words(
                "执行日期已过，请退回后重新提出。",
                "Its day has passed; decline it, and let it be proposed anew.",
            )
        )
    try:
        check(edition.text, vocabulary(edition.process))
    except Broken as broken:  # what the house offers may have changed since
        first = broken.findings[0]
        raise WrongState(
            Words(
                f"这一版现在不能执行，第 {first.line} 行：{first.words.zh}",
                f"It may not run any more, line {first.line}: {first.words.en}",
            )
        ) from broken
    if moves is not None:
        _require_places(db, edition, moves)
        edition.moves = dict(moves)
    edition.decided_by_id, edition.adopted_at = actor.id, now
    db.flush()
    _record(db, edition, "adopted", actor, now)


def move_running(db: Session, *, now: datetime) -> None:
    """Takes over what is under way, so many at a time, until all are in the editions that ask for them."""
    for edition in moving(db, day(now)):
        process = read(edition.text, edition.number)
        for matter in to_be_moved(db, process, AT_ONCE):
            drop_overtaken(db, matter, now=now)
            move(db, matter, process, (edition.moves or {}).get(matter.state, matter.state), now=now)


def _require_places(db: Session, edition: ProcessEdition, moves: Mapping[str, str]) -> None:
    process = read(edition.text, edition.number)
    wrong = {
        name: Words(
            f"要写明停在“{title.zh}”的事项转到新版的哪个阶段。",
            f"Say to which stage matters at “{title.en}” go.",
        )
        for name, title in without_place(db, process).items()
        if moves.get(name) not in process.states or process.states[moves[name]].end
    }
    if wrong:
        raise Invalid(wrong)


def decline_edition(db: Session, edition: ProcessEdition, *, actor: Actor, now: datetime) -> None:
    """By the second person, or by whoever proposed it."""
    require(actor, EDITION_ADOPTERS | EDITION_PROPOSERS)
    _require_open(edition)
    edition.decided_by_id, edition.declined_at = actor.id, now
    db.flush()
    _record(db, edition, "declined", actor, now)


def _require_open(edition: ProcessEdition) -> None:
    if not edition.is_open:
        raise WrongState(Words("这一版已经处理过了。", "This edition has been decided already."))


def _record(db: Session, edition: ProcessEdition, what: str, actor: Actor, now: datetime) -> None:
    record(
        db,
        f"procedure.{what}",
        noun="procedure",
        verb=what,
        actor=actor,
        now=now,
        data={
            "process": edition.process,
            "edition": edition.number,
            "sha256": edition.sha256,
            "from": edition.from_date.isoformat(),
            "title": read(edition.text).title.zh,
            **({} if edition.moves is None else {"moves": edition.moves}),
        },
    )
