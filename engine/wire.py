"""The live path's words: names in Valkey, tickets, stream entries, channel messages, frames. Pure bytes.

What stands here is shared by the site (tickets), the gateways, the relay and the counter; the frames are
the public wire of `live.md` to the letter.
"""

import base64
import hmac
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

Kind = Literal["official", "test"]
KINDS: tuple[Kind, ...] = ("official", "test")
Who = Literal["browser", "person", "hall"]
LIKEABLE = ("sitting",)
STATS = ("online", "peak", "visits", "likes", "comments", "questions")

TICKET_LIFE = 60  # seconds, also how long a used one is remembered
RESUME_LIFE = 600
BEAT_EVERY = 30  # seconds, told to the page in `hello`
PRESENT_FOR = 45  # a viewer is online while the last beat is younger
FACT_BYTES = 1024
NAME = re.compile(r"[ -~]{1,64}")  # of a gateway's boot, a viewer, a visit

# ---- names in Valkey

ENTRIES = "live:entries"  # stream: what the gateways saw, one entry a second each
ENTRY_FIELD = "entry"
COUNTED = "live:counted"  # channel: which entries the counter has committed
GATEWAYS = "live:gateways"  # sorted set: boot id by the unix second of its last entry


def facts_channel(sitting: int | str) -> str:
    """Each committed fact, published in order by the relay. `"*"` gives the pattern of all sittings."""
    return f"sitting:{sitting}:facts"


def recent_key(sitting: int) -> str:
    """A list of the last facts, oldest first; the relay pushes and publishes in one transaction."""
    return f"sitting:{sitting}:recent"


def stats_key(sitting: int | str) -> str:
    """The latest counts: a string under this key, and published on the channel of the same name."""
    return f"sitting:{sitting}:stats"


def likes_key(sitting: int, to: str) -> str:
    """A set of the viewer keys whose like of this target the counter has committed. Only a cache."""
    return f"sitting:{sitting}:likes:{to}"


def gone_key(sitting: int) -> str:
    """Set for `RESUME_LIFE` when a sitting is removed: every ticket to it is then answered 4404."""
    return f"sitting:{sitting}:gone"


def ticket_key(nonce: str) -> str:
    return f"ticket:{nonce}"


# ---- who is counted


def viewer_key(sitting: int, who: str, is_a: Who, *, secret: bytes) -> str:
    """What one sitting knows a browser or a person by: a pseudonym that no two sittings share."""
    digest = hmac.digest(secret, f"{is_a}\n{sitting}\n{who}".encode(), "sha256")
    return f"{is_a[0]}.{_text64(digest[:15])}"


def is_verified(viewer: str) -> bool:
    """Whether a viewer key is that of a person who signed in."""
    return viewer.startswith("p.")


def only_looks_on(viewer: str) -> bool:
    """Whether a viewer key is that of a screen or desk in the hall, which is nobody's visit."""
    return viewer.startswith("h.")


# ---- tickets


class BadToken(Exception):
    """Not one of ours, for another use, or too old."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who a socket is: `viewer` is the key that makes unique viewers, `visit` the opening of the page."""

    sitting: int
    viewer: str
    visit: str
    kind: Kind


def new_ticket(bearer: Bearer, *, secret: bytes, now: datetime) -> str:
    """Opens one socket, once, within `TICKET_LIFE`."""
    return _sign("ticket", bearer, secrets.token_urlsafe(12), TICKET_LIFE, secret, now)


def new_resume(bearer: Bearer, *, secret: bytes, now: datetime) -> str:
    """Lets the same visit come back within `RESUME_LIFE` without asking the site."""
    return _sign("resume", bearer, "", RESUME_LIFE, secret, now)


def read_ticket(token: str, *, secret: bytes, now: datetime) -> tuple[Bearer, str]:
    """The bearer, and the nonce that may be used once. Raises `BadToken`."""
    return _read("ticket", token, secret, now)


def read_resume(token: str, *, secret: bytes, now: datetime) -> Bearer:
    return _read("resume", token, secret, now)[0]


def _sign(use: str, bearer: Bearer, nonce: str, life: int, secret: bytes, now: datetime) -> str:
    issued = int(now.timestamp())
    payload = _dump([*_listed(bearer), issued, issued + life, nonce])
    return f"{_text64(payload)}.{_text64(_mac(use, payload, secret))}"


def _read(use: str, token: str, secret: bytes, now: datetime) -> tuple[Bearer, str]:
    try:
        payload, mac = map(_bytes64, token.split("."))
    except ValueError as error:
        raise BadToken("malformed") from error
    if not hmac.compare_digest(mac, _mac(use, payload, secret)):
        raise BadToken("forged")
    sitting, viewer, visit, kind, issued, expires, nonce = json.loads(payload)
    if not issued - TICKET_LIFE <= now.timestamp() < expires:  # two machines' clocks may differ by a minute
        raise BadToken("expired")
    return Bearer(sitting, viewer, visit, KINDS[kind]), nonce


def _mac(use: str, payload: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, use.encode() + b"\n" + payload, "sha256")


def _text64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _listed(bearer: Bearer) -> list[int | str]:
    return [bearer.sitting, bearer.viewer, bearer.visit, KINDS.index(bearer.kind)]


# ---- stream entries: gateway → counter


@dataclass(frozen=True, slots=True)
class Beat:
    """`n` counts the beats of one page, `watched_ms` is its total watched with the page visible."""

    n: int
    visible: bool
    watched_ms: int


@dataclass(slots=True)
class Row:
    """What one visit did in one second. `left` says a socket went, not that the visit is over.

    An entry has at most one row per visit, so (boot, seq, visit) is unique. Of several beats in the second
    the last stands.
    """

    bearer: Bearer
    joined: bool = False
    left: bool = False
    beat: Beat | None = None
    likes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Entry:
    """One second of one gateway process. Within a `boot`, `seq` rises by one from 1: a hole is lost rows.

    `unchecked` counts the tickets let in while Valkey could not say whether they had been used.
    """

    boot: str
    seq: int
    at: datetime
    rows: Sequence[Row]
    unchecked: int = 0


def encode_entry(entry: Entry) -> bytes:
    """The one field, `ENTRY_FIELD`, of the stream entry."""
    head = [entry.boot, entry.seq, stamp(entry.at), entry.unchecked]
    return _dump([head, [_compact(row) for row in entry.rows]])


def decode_entry(data: bytes) -> Entry:
    """Raises `ValueError` for whatever is not an entry."""
    try:
        (boot, seq, at, unchecked), rows = json.loads(data)
        seen = [_row(*row) for row in rows]
        moment = datetime.fromisoformat(at).astimezone(UTC)
        return Entry(_name(boot), _number(seq), moment, seen, _number(unchecked))
    except (TypeError, IndexError, OverflowError, RecursionError) as error:
        raise ValueError("not a stream entry") from error


def _compact(row: Row) -> list[Any]:
    beat = row.beat and [row.beat.n, int(row.beat.visible), row.beat.watched_ms]
    return [*_listed(row.bearer), int(row.joined), int(row.left), beat, row.likes]


def _row(
    sitting: int,
    viewer: str,
    visit: str,
    kind: int,
    joined: int,
    left: int,
    beat: tuple[int, int, int] | None,
    likes: list[str],
) -> Row:
    if kind not in (0, 1) or not set(likes) <= set(LIKEABLE):
        raise ValueError("no such kind or target")
    bearer = Bearer(_number(sitting), _name(viewer), _name(visit), KINDS[kind])
    seen = Beat(_number(beat[0]), bool(beat[1]), _number(beat[2])) if beat else None
    return Row(bearer, bool(joined), bool(left), seen, likes)


def _number(value: int) -> int:
    if type(value) is not int or not 0 <= value <= 2**53:
        raise ValueError("not a number that a database holds")
    return value


def _name(value: str) -> str:
    if not NAME.fullmatch(value):
        raise ValueError("not a name")
    return value


# ---- channel messages: relay and counter → gateways


@dataclass(frozen=True, slots=True)
class Fact:
    """What the public may see of a committed fact; `fact_no` rises by one within a sitting."""

    fact_no: int
    event: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stats:
    """The counts of a sitting as they were `at`; the counter says them every second while anyone is there."""

    at: datetime
    figures: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Counted:
    """The entries of one gateway that have just been committed: exactly these, not "up to"."""

    boot: str
    seqs: Sequence[int]


def encode_fact(fact: Fact) -> bytes:
    """Raises `ValueError` above `FACT_BYTES`: what is longer has to be fetched."""
    data = _dump(_fact(fact))
    if len(data) > FACT_BYTES:
        raise ValueError(f"fact {fact.fact_no} takes {len(data)} bytes of {FACT_BYTES}")
    return data


def decode_fact(data: bytes) -> Fact:
    given = _object(data)
    if len(data) > FACT_BYTES or type(given.get("fact_no")) is not int or given["fact_no"] < 1:
        raise ValueError("not a fact")
    return Fact(given["fact_no"], str(given.get("event")), given.get("data") or {})


def encode_stats(stats: Stats) -> bytes:
    return _dump({"at": stamp(stats.at), "stats": dict(stats.figures)})


def decode_stats(data: bytes) -> Stats:
    given = _object(data)
    try:
        return Stats(datetime.fromisoformat(given["at"]), {name: int(given["stats"][name]) for name in STATS})
    except (KeyError, TypeError) as error:
        raise ValueError("not the six counts") from error


def encode_counted(counted: Counted) -> bytes:
    return _dump({"boot": counted.boot, "seqs": list(counted.seqs)})


def decode_counted(data: bytes) -> Counted:
    given = _object(data)
    try:
        return Counted(given["boot"], [int(seq) for seq in given["seqs"]])
    except (KeyError, TypeError) as error:
        raise ValueError("not a counter's progress") from error


# ---- frames: gateway → page


def hello(sitting: int, fact_no: int, stats: Stats | None, resume: str, liked: Sequence[str]) -> bytes:
    """`fact_no` is the last fact this page has: the next tick goes on from there."""
    return _dump(
        {
            "t": "hello",
            "sitting": sitting,
            "fact_no": fact_no,
            "stats": _figures(stats),
            "beat": BEAT_EVERY,
            "resume": resume,
            "liked": list(liked),
        }
    )


def tick(seq: int, at: datetime, stats: Stats | None, facts: Sequence[Fact], more: int) -> bytes:
    """`at` is when the counts were true, so that a page can say "as of"; without counts, now."""
    return _dump(
        {
            "t": "tick",
            "seq": seq,
            "at": stamp(stats.at if stats else at),
            "stats": _figures(stats),
            "facts": [_fact(fact) for fact in facts],
            "more": more,
        }
    )


def liked(to: str) -> bytes:
    return _dump({"t": "liked", "to": to})


def resync(fact_no: int) -> bytes:
    return _dump({"t": "resync", "fact_no": fact_no})


def bye(retry: int) -> bytes:
    return _dump({"t": "bye", "retry": retry})


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _figures(stats: Stats | None) -> dict[str, int]:
    return dict(stats.figures) if stats else {}


def _fact(fact: Fact) -> dict[str, Any]:
    return {"fact_no": fact.fact_no, "event": fact.event, "data": fact.data}


def _object(data: bytes) -> dict[str, Any]:
    given = json.loads(data)
    if not isinstance(given, dict):
        raise ValueError("not an object")
    return given


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
