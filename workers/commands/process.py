"""`xieshang process list | check FILE | diagram NAME | diff A B | adopt FILE`: the procedures of the house, whether a
text may become one, what it looks like, what would change, and that it holds from a day on.
"""

import argparse
import sys
from contextlib import closing
from datetime import date
from pathlib import Path

from engine import settings
from engine.actions.editions import adopt_edition, propose_edition
from engine.clock import now
from engine.database import Database, Session
from engine.editions import shipped, shipped_names
from engine.errors import Invalid, Refused
from engine.models.people import Person
from engine.process import Broken, Process, read
from engine.process_check import check
from engine.process_diagram import mermaid, svg
from engine.process_diff import changes, lost_states
from engine.queries import people, procedures
from engine.rules import actor_for
from engine.vocabulary import vocabulary
from engine.words import LANGUAGES, Words


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("xieshang process", description=__doc__)
    words = parser.add_subparsers(dest="word", required=True)
    words.add_parser("list", help="every procedure with its states and steps")
    words.add_parser("check", help="whether a file may run").add_argument("file", type=Path)
    drawing = words.add_parser("diagram", help="a procedure drawn, as SVG or Mermaid")
    drawing.add_argument("name", help="a procedure of the house, or a file")
    drawing.add_argument("--mermaid", action="store_true")
    drawing.add_argument("--language", choices=LANGUAGES, default="zh")
    difference = words.add_parser("diff", help="what differs between two, each a procedure or a file")
    difference.add_argument("a")
    difference.add_argument("b")
    difference.add_argument(
        "--data", type=Path, metavar="DIR", help="a house: how many of its matters would be stranded"
    )
    adoption = words.add_parser("adopt", help="a file becomes the house's next edition, by two people")
    adoption.add_argument("file", type=Path)
    adoption.add_argument("--from", dest="from_date", type=date.fromisoformat, required=True, metavar="DATE")
    adoption.add_argument("--proposed-by", required=True, metavar="EMAIL")
    adoption.add_argument("--adopted-by", required=True, metavar="EMAIL")
    adoption.add_argument(
        "--move-running", action="store_true", help="matters under way are taken over on that day"
    )
    adoption.add_argument(
        "--move", action="append", default=[], metavar="OLD=NEW", help="where those at a lost stage go"
    )
    arguments = parser.parse_args(argv)
    match arguments.word:
        case "list":
            return list_all()
        case "check":
            return check_file(arguments.file)
        case "diagram":
            process = named(arguments.name)
            print(mermaid(process) if arguments.mermaid else svg(process, arguments.language))
            return 0
        case "adopt":
            by = (arguments.proposed_by, arguments.adopted_by)
            places = dict(move.partition("=")[::2] for move in arguments.move)
            moves = places if places or arguments.move_running else None
            return adopt_file(arguments.file, arguments.from_date, by, moves)
        case _:
            old, new = named(arguments.a), named(arguments.b)
            differs = compare(old, new)
            if arguments.data:
                count_stranded(arguments.data, new)
            return differs


def list_all() -> int:
    for name in shipped_names():
        process = shipped(name)
        size = f"{len(process.states):3} 个状态 states {len(process.verbs):3} 步 steps"
        print(f"{name:16}{size}  {process.title.zh} {process.title.en}")
    return 0


def check_file(path: Path) -> int:
    """0 where the file may run, 1 with every finding and its line where it may not."""
    text = text_of(path)
    try:
        process = check(text, vocabulary(read(text).name))
    except Broken as broken:
        return show(path, broken)
    print(f"{process.title.zh} {process.title.en}：可以运行。 It may run.")
    return 0


def show(path: Path, broken: Broken) -> int:
    for finding in broken.findings:
        print(f"{path}:{finding.line}: {finding.words.zh} {finding.words.en}")
    return 1


def adopt_file(path: Path, from_date: date, by: tuple[str, str], moves: dict[str, str] | None) -> int:
    """Proposed by the one and adopted by the other in one transaction: half of it is nothing."""
    text = text_of(path)
    with closing(Database(settings.load().database_url)) as database, database.transaction() as db:
        proposer, adopter = (actor_for(db, person_of(db, email)) for email in by)
        try:
            name = read(text).name
            edition = propose_edition(db, name, text, from_date=from_date, actor=proposer, now=now())
            adopt_edition(db, edition, moves=moves, actor=adopter, now=now())
        except Broken as broken:
            return show(path, broken)
        except Invalid as refusal:
            raise Refused(next(iter(refusal.fields.values()))) from refusal
        print(
            f"{name} 第 {edition.number} 版自 {from_date} 起执行。"
            f" Edition {edition.number} of {name} holds from {from_date}."
        )
    return 0


def person_of(db: Session, email: str) -> Person:
    person = people.by_email(db, email)
    if person is None:
        raise Refused(Words(f"没有登记 {email}。", f"{email} is not registered."))
    return person


def compare(old: Process, new: Process) -> int:
    """0 where they are alike, 1 where they differ, as diff has it."""
    found = list(changes(old, new))
    for words in found:
        print(f"{words.zh} {words.en}")
    for state in lost_states(old, new):
        title = state.title
        print(
            f"仍在“{title.zh}”的事项转到新版时要指明去处。"
            f" Matters still at “{title.en}” need a place named for them when they move."
        )
    return 1 if found else 0


def count_stranded(data: Path, process: Process) -> None:
    """The matters of a house that are under way where this text has no stage."""
    if not data.is_dir():
        raise Refused(Words(f"{data} 下没有本机构的数据。", f"There is no house at {data}."))
    with closing(Database(settings.load(data).database_url)) as database, database.reading() as db:
        for state, count in procedures.stranded(db, process.name, process):
            print(f"现有 {count} 项在“{state.title.zh}”。 Matters now at “{state.title.en}”: {count}.")


def named(name: str) -> Process:
    """A shipped procedure by its name, or the one a file describes."""
    if name in shipped_names():
        return shipped(name)
    try:
        return read(text_of(Path(name)))
    except Broken as broken:
        first = broken.findings[0]
        raise Refused(
            Words(f"{name}:{first.line}: {first.words.zh}", f"{name}:{first.line}: {first.words.en}")
        ) from broken


def text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(Words(f"读不了 {path}：{error}", f"Cannot read {path}: {error}")) from error


if __name__ == "__main__":
    sys.exit(main())
