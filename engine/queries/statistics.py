"""The figures of a sitting: what each is, what it is now, and whether a recount of the raw rows agrees."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from sqlalchemy import ColumnElement, Select, case, func, or_, select, text
from sqlalchemy.orm import Session, joinedload

from engine import audience
from engine.audience import MILLISECOND, recount
from engine.editions import has_mark
from engine.models.base import Moment
from engine.models.consultation import Sitting
from engine.models.live import Like, LiveMinute, LiveSample, LiveTotal, Sighting, Snapshot, Stretch
from engine.models.matter import Matter
from engine.models.voice import Comment, Question
from engine.wire import KINDS, Kind
from engine.words import Words

READ_AT_ONCE = 10_000
LINGERS = timedelta(minutes=15)  # longer than a gateway keeps what it could not write
ByKind = dict[Kind, dict[str, int | None]]
WATCH_TIMES = ("mean_ms", "median_ms")
LIVE_COUNTS = ("visits", "views", "viewers", "likes_verified", "likes_anonymous", "peak")

Status = Literal["live", "provisional", "frozen"]


@dataclass(frozen=True)
class Definition:
    """What a figure is, printed beside it wherever it stands."""

    label: Words
    unit: Words
    definition: Words
    source: Words


@dataclass(frozen=True)
class Figure:
    """`id` is its name in `DEFINITIONS`; nothing where there is nobody to average over."""

    id: str
    official: float | None
    test: float | None
    as_of: datetime
    status: Status

    @property
    def definition(self) -> Definition:
        return DEFINITIONS[self.id]


class Gap(NamedTuple):
    """Entries of one gateway that never came, between two that did."""

    boot: str
    after: datetime | None
    before: datetime
    entries: int


TIMES, PEOPLE = Words("人次", "times"), Words("人", "viewers")
PIECES, SECONDS = Words("条", "pieces"), Words("秒", "seconds")
LIKES = Words("个", "likes")
ROWS = Words("直播网关逐秒记录", "the live gateways' records, second by second")
LEDGER = Words("互动审核记录", "the moderators' decisions")

DEFINITIONS: dict[str, Definition] = {
    "visits": Definition(
        Words("访问量", "Visits"),
        TIMES,
        Words(
            "开播到结束期间打开直播页的次数；断线重连算同一次，同一观众5秒内再次打开算一次。",
            "Openings of the live page between the opening and the closing; reconnecting is the same visit, and the"
            " same viewer again within 5 seconds is one.",
        ),
        ROWS,
    ),
    "views": Definition(
        Words("观看", "Views"),
        TIMES,
        Words(
            "页面在前台观看超过3秒的访问。", "Visits watched for more than 3 seconds with the page in front."
        ),
        ROWS,
    ),
    "viewers": Definition(
        Words("独立访客", "Unique viewers"),
        PEOPLE,
        Words(
            "有过观看的不同访客：已登录的按人，未登录的按浏览器；同一人用两台设备且未登录时计为两人。",
            "Different viewers with a view: people who signed in, and browsers otherwise; one person on two devices who"
            " does not sign in counts twice.",
        ),
        ROWS,
    ),
    "online": Definition(
        Words("在线", "Online"),
        PEOPLE,
        Words(
            "最近45秒内有心跳的不同访客，每5秒采样一次。",
            "Different viewers heard of in the last 45 seconds, sampled every 5 seconds.",
        ),
        ROWS,
    ),
    "peak": Definition(
        Words("峰值在线", "Peak online"),
        PEOPLE,
        Words("在线人数各次采样中的最大值。", "The highest of the samples of those online."),
        ROWS,
    ),
    "watch_mean": Definition(
        Words("平均观看时长", "Mean watch time"),
        SECONDS,
        Words("每位独立访客观看时长的平均数。", "The mean of the time each unique viewer watched."),
        ROWS,
    ),
    "watch_median": Definition(
        Words("观看时长中位数", "Median watch time"),
        SECONDS,
        Words("每位独立访客观看时长的中位数。", "The median of the time each unique viewer watched."),
        ROWS,
    ),
    "likes": Definition(
        Words("点赞", "Likes"),
        LIKES,
        Words(
            "每位访客对每个对象一个；实名与匿名之和。",
            "One per viewer and target; verified and anonymous together.",
        ),
        ROWS,
    ),
    "likes_verified": Definition(
        Words("实名点赞", "Verified likes"),
        LIKES,
        Words(
            "已登录访客的点赞，每人每个对象一个。",
            "Likes by people who signed in, one per person and target.",
        ),
        ROWS,
    ),
    "likes_anonymous": Definition(
        Words("匿名点赞", "Anonymous likes"),
        LIKES,
        Words(
            "未登录访客的点赞，每个浏览器每个对象一个。",
            "Likes without signing in, one per browser and target.",
        ),
        ROWS,
    ),
    "comments_received": Definition(
        Words("收到评论", "Comments received"),
        PIECES,
        Words(
            "已发布、待审、未通过、已隐藏和已撤回的评论之和。",
            "Approved, held, rejected, hidden and withdrawn together.",
        ),
        LEDGER,
    ),
    "comments": Definition(
        Words("评论", "Comments"),
        PIECES,
        Words("审核通过、正在展示的评论。", "Comments approved and shown."),
        LEDGER,
    ),
    "comments_held": Definition(
        Words("待审评论", "Comments held"),
        PIECES,
        Words("尚未审核的评论。", "Comments not yet reviewed."),
        LEDGER,
    ),
    "comments_rejected": Definition(
        Words("未通过评论", "Comments rejected"),
        PIECES,
        Words("审核未通过的评论。", "Comments not let through."),
        LEDGER,
    ),
    "comments_hidden": Definition(
        Words("已隐藏评论", "Comments hidden"),
        PIECES,
        Words("发布后又隐藏的评论。", "Comments shown and then hidden."),
        LEDGER,
    ),
    "comments_withdrawn": Definition(
        Words("已撤回评论", "Comments withdrawn"),
        PIECES,
        Words("作者自己撤回的评论。", "Comments taken back by their authors."),
        LEDGER,
    ),
    "questions": Definition(
        Words("网络问政", "Questions"),
        PIECES,
        Words(
            "审核通过、公开可见的提问，含已合并的。", "Questions approved and public, merged ones included."
        ),
        LEDGER,
    ),
    "likes_and_comments": Definition(
        Words("点赞评论数", "Likes and comments"),
        PIECES,
        Words("点赞与审核通过的评论之和。", "Likes and approved comments together."),
        Words("以上两项", "the two figures above"),
    ),
}
SAID = {
    "comments": ("comment", "approved"),
    "comments_held": ("comment", "waiting"),
    "comments_rejected": ("comment", "rejected"),
    "comments_hidden": ("comment", "hidden"),
    "comments_withdrawn": ("comment", "withdrawn"),
    "questions": ("question", "public"),
}
"""Figure → the noun and the mark that it counts."""


# ---- the raw rows


def heard(
    at: datetime,
    viewer: str,
    visit: str,
    kind: Kind,
    has_joined: bool,
    visible: bool | None,
    watched_ms: int | None,
) -> Iterator[audience.Row]:
    """A sighting as the arithmetic takes it."""
    if has_joined:
        yield audience.Join(at, viewer, visit, kind)
    if visible is not None and watched_ms is not None:
        yield audience.Beat(at, viewer, visit, kind, visible, watched_ms)


def seen_rows(db: Session, sitting_id: int) -> Iterator[audience.Row]:
    """Everything that was committed of a sitting, read a part at a time."""
    columns = (Sighting.at, Sighting.viewer, Sighting.visit, Sighting.kind)
    sightings = select(*columns, Sighting.has_joined, Sighting.visible, Sighting.watched_ms)
    for sighting in db.execute(sightings.where(Sighting.sitting_id == sitting_id)).yield_per(READ_AT_ONCE):
        yield from heard(*sighting)
    likes = select(Like.at, Like.viewer, Like.target, Like.kind, Like.is_verified)
    for like in db.execute(likes.where(Like.sitting_id == sitting_id)).yield_per(READ_AT_ONCE):
        yield audience.Like(*like)


def liked(db: Session, sitting_id: int, target: str) -> Iterator[str]:
    """The keys of the viewers whose like is kept."""
    rows = select(Like.viewer).where(Like.sitting_id == sitting_id, Like.target == target).distinct()
    yield from db.scalars(rows.execution_options(yield_per=READ_AT_ONCE))


def gaps(db: Session, sitting: Sitting) -> list[Gap]:
    """Where the gateways' entries have holes while the sitting was open."""
    if sitting.opened_at is None:
        return []
    before = func.lag(Stretch.ended, type_=Moment()).over(
        partition_by=Stretch.boot, order_by=Stretch.first_seq
    )
    last = func.lag(Stretch.last_seq, 1, 0).over(partition_by=Stretch.boot, order_by=Stretch.first_seq)
    runs = select(
        Stretch.boot, before.label("after"), Stretch.began, (Stretch.first_seq - last - 1).label("entries")
    )
    holes = runs.subquery()
    wanted = select(holes).where(holes.c.entries > 0, holes.c.began >= sitting.opened_at)
    if sitting.closed_at:
        wanted = wanted.where(or_(holes.c.after.is_(None), holes.c.after < sitting.closed_at))
    return [Gap(*row) for row in db.execute(wanted.order_by(holes.c.began))]


def unchecked_tickets(db: Session, sitting: Sitting) -> int:
    """Tickets let in, on all pages while the sitting was open, without knowing whether they had been used before."""
    if sitting.opened_at is None:
        return 0
    rows = select(func.coalesce(func.sum(Stretch.unchecked), 0)).where(Stretch.ended >= sitting.opened_at)
    if sitting.closed_at:
        rows = rows.where(Stretch.began < sitting.closed_at)
    return db.scalar(rows) or 0


# ---- the figures


def sittings_counted(db: Session, now: datetime) -> Sequence[Sitting]:
    """Those that are open, or closed so shortly ago that rows of theirs may still come."""
    recent = or_(Sitting.closed_at.is_(None), Sitting.closed_at > now - LINGERS)
    return db.scalars(
        select(Sitting).where(Sitting.opened_at.is_not(None), recent).order_by(Sitting.id)
    ).all()


def on_page(db: Session, sitting_id: int) -> dict[str, int]:
    """The six counts of the wire: official and test together, as the page shows them under its badge."""
    totals = db.execute(
        select(
            func.sum(LiveTotal.online),
            func.sum(LiveTotal.visits),
            func.sum(LiveTotal.likes_verified + LiveTotal.likes_anonymous),
        ).where(LiveTotal.sitting_id == sitting_id)
    ).one()
    online, visits, likes = (total or 0 for total in totals)
    together = select(func.sum(LiveSample.online).label("online")).where(LiveSample.sitting_id == sitting_id)
    return {
        "online": online,
        "peak": db.scalar(select(func.max(together.group_by(LiveSample.at).subquery().c.online))) or 0,
        "visits": visits,
        "likes": likes,
        "comments": sum(_said(db, sitting_id, *SAID["comments"]).values()),
        "questions": sum(_said(db, sitting_id, *SAID["questions"]).values()),
    }


def counted_at(db: Session, sitting_id: int) -> datetime | None:
    """What moment the counts of a sitting are of; nothing before the first."""
    return db.scalar(select(func.max(LiveTotal.as_of)).where(LiveTotal.sitting_id == sitting_id))


def has_test_traffic(db: Session, sitting_id: int) -> bool:
    """Whether the page must wear its badge."""
    total = db.get(LiveTotal, (sitting_id, "test"))
    said = [
        db.scalar(select(noun.id).where(noun.is_test, Matter.sitting_id == sitting_id).limit(1))
        for noun in (Comment, Question)
    ]
    return bool(total and (total.visits or total.likes_verified or total.likes_anonymous)) or any(said)


def figures(db: Session, sitting: Sitting, now: datetime) -> list[Figure]:
    """All of them, in the order of `DEFINITIONS`: as they were frozen, or as they are."""
    totals = {kind: db.get(LiveTotal, (sitting.id, kind)) for kind in KINDS}
    status: Status = "live" if sitting.closed_at is None else "provisional"
    until = sitting.closed_at or sitting.opened_at or now
    seen_at, said_at = max((total.as_of for total in totals.values() if total), default=until), now
    if snapshot := frozen(db, sitting):
        counts, status, said_at = snapshot.figures, "frozen", snapshot.at
    else:
        counts = counts_of(db, sitting)
    online = {kind: total.online if total else 0 for kind, total in totals.items()}
    official, test = (_values(counts[kind], online[kind]) for kind in KINDS)
    return [
        Figure(name, official[name], test[name], seen_at if definition.source == ROWS else said_at, status)
        for name, definition in DEFINITIONS.items()
    ]


def counts_of(db: Session, sitting: Sitting) -> ByKind:
    """What all figures of a sitting come from, as it stands now; `engine.recounter` says the same of its raw rows."""
    counts: ByKind = {}
    for kind in KINDS:
        total = db.get(LiveTotal, (sitting.id, kind))
        counts[kind] = {name: getattr(total, name) if total else 0 for name in LIVE_COUNTS}
        counts[kind] |= {name: getattr(total, name) if total else None for name in WATCH_TIMES}
    for figure, (noun, mark) in SAID.items():
        for kind, count in _said(db, sitting.id, noun, mark).items():
            counts[kind][figure] = count
    return counts


def editions(db: Session, sitting: Sitting) -> Sequence[Snapshot]:
    """The newest first, withheld ones among them."""
    rows = select(Snapshot).where(Snapshot.sitting_id == sitting.id).options(joinedload(Snapshot.raw))
    return db.scalars(rows.order_by(Snapshot.edition.desc())).all()


def frozen(db: Session, sitting: Sitting) -> Snapshot | None:
    """The newest edition of its figures that a recount agreed with."""
    return next((one for one in editions(db, sitting) if one.agrees), None)


def _values(counts: Mapping[str, int | None], online: int) -> dict[str, float | None]:
    likes = (counts["likes_verified"] or 0) + (counts["likes_anonymous"] or 0)
    return {
        **counts,
        "online": online,
        "watch_mean": _seconds(counts["mean_ms"]),
        "watch_median": _seconds(counts["median_ms"]),
        "likes": likes,
        "comments_received": sum(counts[name] or 0 for name in SAID if name != "questions"),
        "likes_and_comments": likes + (counts["comments"] or 0),
    }


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds // 100 / 10


def _said(db: Session, sitting_id: int, noun: str, mark: str) -> dict[Kind, int]:
    """How many of a sitting's questions or comments carry a mark now."""
    of = traffic(noun)
    rows = select(of, func.count()).where(Matter.sitting_id == sitting_id, has_mark(db, noun, mark))
    found = {kind: count for kind, count in db.execute(rows.group_by(of))}
    return {kind: found.get(kind, 0) for kind in KINDS}


def traffic(noun: str) -> ColumnElement[Kind]:
    """Which kind of traffic a comment or question is."""
    return case(((Comment if noun == "comment" else Question).is_test, "test"), else_="official")


# ---- do they agree?


def opened(db: Session) -> int:
    """How many sittings have figures."""
    return db.scalar(select(func.count()).select_from(Sitting).where(Sitting.opened_at.is_not(None))) or 0


def at_one_moment(db: Session) -> None:
    """For all reads of this transaction, of which this must be the first; SQLite's always are."""
    if db.get_bind().dialect.name == "postgresql":
        db.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))


def disagreements(db: Session) -> Iterator[Words]:
    """Every figure that a plain recount of the raw rows does not give. Must be the first read of its transaction."""
    at_one_moment(db)
    rows = select(Sitting).where(Sitting.opened_at.is_not(None)).order_by(Sitting.id)
    for sitting in db.scalars(rows).all():
        yield from _sitting_disagreements(db, sitting)


def _sitting_disagreements(db: Session, sitting: Sitting) -> Iterator[Words]:
    """A sitting that is still open is recounted up to the moment its figures are of, without watch times."""
    totals = {
        total.kind: total for total in db.scalars(select(LiveTotal).where(LiveTotal.sitting_id == sitting.id))
    }
    if sitting.opened_at is None:
        return
    as_of = max((total.as_of for total in totals.values()), default=sitting.opened_at)
    is_complete = as_of == sitting.closed_at
    again = recount(
        seen_rows(db, sitting.id), sitting.opened_at, as_of if is_complete else as_of + MILLISECOND
    )
    for kind in KINDS:
        counted = asdict(again[kind].counts) | (asdict(again[kind].watch) if is_complete else {})
        for name, value in counted.items():
            stands = (
                getattr(totals[kind], name)
                if kind in totals
                else None
                if name in ("mean_ms", "median_ms")
                else 0
            )
            if stands != value:
                yield _differs(sitting, kind, NAMES.get(name, name), "合计", "total", stands, value)
        if is_complete and (snapshot := frozen(db, sitting)):
            for name, value in counted.items():
                kept = snapshot.figures[kind][name]
                if kept != value:
                    yield _differs(
                        sitting, kind, NAMES.get(name, name), "定版数据", "frozen edition", kept, value
                    )
        for name, value in _sums(db, sitting.id, kind).items():
            if value != counted[name]:
                yield _differs(sitting, kind, name, "按分钟汇总", "sum of minutes", value, counted[name])
        sampled = db.scalar(_samples(sitting.id, kind)) or 0
        if sampled != counted["peak"]:
            yield _differs(sitting, kind, "peak", "采样", "samples", sampled, counted["peak"])


NAMES = {"mean_ms": "watch_mean", "median_ms": "watch_median"}


def _sums(db: Session, sitting_id: int, kind: Kind) -> dict[str, int]:
    sums = [func.sum(getattr(LiveMinute, name)) for name in LIVE_COUNTS[:-1]]
    row = db.execute(
        select(*sums, func.max(LiveMinute.peak)).where(
            LiveMinute.sitting_id == sitting_id, LiveMinute.kind == kind
        )
    ).one()
    return {name: value or 0 for name, value in zip(LIVE_COUNTS, row, strict=True)}


def _samples(sitting_id: int, kind: Kind) -> Select[int]:
    return select(func.max(LiveSample.online)).where(
        LiveSample.sitting_id == sitting_id, LiveSample.kind == kind
    )


def _differs(
    sitting: Sitting, kind: Kind, name: str, zh: str, en: str, stands: int | None, counted: int | None
) -> Words:
    label = DEFINITIONS[name].label
    traffic = {"official": "正式", "test": "测试"}[kind]
    return Words(
        f"会议“{sitting.title}”的{label.zh}（{traffic}）：{zh}为 {stands}，按原始记录清点为 {counted}。",
        f"“{label.en}” ({kind}) of the sitting “{sitting.title}”: the {en} says {stands}, a recount {counted}.",
    )
