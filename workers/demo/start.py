"""What the supervisor needs of the demonstration: its story loaded, its crowd started, its addresses printed."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from unicodedata import east_asian_width

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actions.people import issue_link
from engine.database import Database
from engine.errors import Refused
from engine.models.consultation import Consultation, Sitting
from engine.models.matter import Matter
from engine.models.voice import Question
from engine.queries import people, sittings
from engine.settings import Settings
from engine.words import Words
from workers.demo.cast import DOMAIN
from workers.valkey import die_with_parent

MOST_VIEWERS = 1000
HALL = {
    "host": Words("主持台", "host"),
    "moderate": Words("审核台", "moderators"),
    "screen": Words("大屏", "big screen"),
    "timer": Words("计时", "timer"),
}
PARTS = {
    "committee": Words("组织者：专委会", "organiser: committee"),
    "office": Words("组织者：办公室", "organiser: office"),
    "moderator": Words("互动审核员", "moderator"),
    "host": Words("主持人", "host"),
    "unit_admin": Words("部门联络员", "department: liaison"),
    "unit_leader": Words("部门领导", "department: leader"),
    "leader": Words("政协领导", "leader"),
}
COLUMNS = (18, 22)


def load(database: Database) -> None:
    """Has the story told where there is no house yet, in a process of its own: it needs what nobody else does."""
    with database.reading() as db:
        house = people.house(db)
    if house is None:
        story = [sys.executable, "-m", "workers.demo.story"]
        if subprocess.run(story, preexec_fn=die_with_parent()).returncode:
            raise Refused(Words("演示没有装好。", "The demonstration could not be loaded."))
    elif not house.is_demo:
        raise Refused(
            Words(
                f"这里已经有“{house.name}”的数据，请用 --data 为演示另选一个文件夹。",
                f"“{house.name_en}” is here already; choose another folder for the demonstration with --data.",
            )
        )


def crowd(config: Settings, database: Database, count: int) -> Sequence[str]:
    """The arguments of the crowd's process."""
    with database.reading() as db:
        sitting = todays_sitting(db).id
    return ("--sitting", str(sitting), "--count", str(count), "--url", f"{config.socket_url}/ws")


def todays_sitting(db: Session) -> Sitting:
    """The mayor's, whatever visitors have scheduled since."""
    mayors = select(Consultation).where(Consultation.series == "mayor_f2f").order_by(Consultation.id).limit(1)
    return sittings.sittings_of(db, db.scalars(mayors).one())[0]


def welcome(db: Session, public_url: str, now: datetime) -> Iterator[str]:
    """One aligned line each; the links are new at every start and good once."""
    sitting = todays_sitting(db)
    yield _line(Words("网站", "public site"), public_url)
    yield _line(Words("直播页", "live page"), f"{public_url}/live/{sitting.id}")
    yield _line(Words("建议办理", "recommendations"), f"{public_url}/recommendations")
    yield _line(Words("回执示例", "a receipt"), f"{public_url}/r/{_receipt(db)}")
    for place, words in HALL.items():
        yield _line(words, f"{public_url}/hall/{sitting.id}/{place}")
    yield "一次性登录链接（24 小时内有效） one-time sign-in links (good for 24 hours)"
    for who, words in PARTS.items():
        person = people.by_email(db, f"{who}@{DOMAIN}")
        yield _line(words, f"{public_url}/sign-in/{issue_link(db, person, purpose='sign_in', now=now)}")


def _receipt(db: Session) -> str:
    """Of the first question of the story: answered at its second, and followed to the end."""
    return db.scalars(select(Question.receipt).order_by(Matter.id).limit(1)).one()


def _line(words: Words, address: str) -> str:
    return f"  {_padded(words.zh, COLUMNS[0])}{_padded(words.en, COLUMNS[1])}{address}"


def _padded(text: str, width: int) -> str:
    """A Chinese character takes two columns of a terminal."""
    return text + " " * (width - sum(1 + (east_asian_width(sign) in "WF") for sign in text))
