"""Decides about one message of one viewer: what it says, and when it is too much. No I/O, no clock."""

import json
from dataclasses import dataclass
from typing import Any, TypeGuard

from engine.wire import LIKEABLE, Bearer, Beat

MAX_MESSAGE = 4096
CREDITS, CREDIT_WINDOW = 60, 15.0  # frames of any kind per seconds, per viewer
LONGEST_WATCH = 7 * 24 * 3600 * 1000  # milliseconds

INVALID_TEXT, UNSUPPORTED, LIMITS, TOO_BIG, PROTOCOL_ERROR = 1007, 1003, 1008, 1009, 1002
RESTART, TICKET_REFUSED, NO_SITTING = 1012, 4401, 4404


NOBODY = Bearer(0, "", "", "official")


class Violation(Exception):
    """The connection is to be closed with this code; the reason is for whoever writes a client."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Join:
    """Exactly one of the two tokens; `since` is the last fact the page has."""

    ticket: str | None
    resume: str | None
    since: int | None


@dataclass(frozen=True, slots=True)
class Like:
    to: str


Message = Join | Beat | Like


@dataclass(slots=True, eq=False)
class Viewer:
    """One socket after its handshake. `bearer` is somebody once it asked to join, `admitted` once it may."""

    handle: int
    bearer: Bearer = NOBODY
    admitted: bool = False
    forgiven: bool = False
    window: float = 0.0
    spent: int = 0
    greeted: float = 0.0
    liked: frozenset[str] = frozenset()

    @property
    def is_waiting(self) -> bool:
        """Asked to join and not answered yet: nothing more is read from it until then."""
        return self.bearer is not NOBODY and not self.admitted

    def spend(self, now: float) -> None:
        """One frame's credit, whatever is in it. `now` is in seconds of any steady clock."""
        if now - self.window >= CREDIT_WINDOW:
            self.window, self.spent = now, 0
        self.spent += 1
        if self.spent > CREDITS:
            raise Violation(LIMITS, "too many messages")

    def hear(self, data: bytes) -> Message | None:
        """What was said, if it makes sense now: a join first, then never again. Once it need not."""
        message = parse(data)
        if message is None or isinstance(message, Join) == self.admitted:
            if self.forgiven:
                raise Violation(LIMITS, "not understood")
            self.forgiven = True
            return None
        return message


class Bucket:
    """Lets `rate` through in a second, as many at once, and never more."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.level = rate
        self.filled = 0.0

    def take(self, now: float) -> bool:
        self.level = min(self.rate, self.level + (now - self.filled) * self.rate)
        self.filled = now
        if self.level < 1:
            return False
        self.level -= 1
        return True


def parse(data: bytes) -> Message | None:
    """None for anything but one of our three messages. Raises `Violation` for text that isn't UTF-8."""
    try:
        given = _flat_object(data.decode())
    except UnicodeDecodeError:
        raise Violation(INVALID_TEXT, "not UTF-8") from None
    except ValueError:
        return None
    match given.get("t"):
        case "join":
            return _join(given)
        case "beat":
            return _beat(given)
        case "like" if given.get("to") in LIKEABLE:
            return Like(given["to"])
    return None


def _flat_object(text: str) -> dict[str, Any]:
    """Our messages hold no list and no object, so nothing deep is ever parsed. Raises `ValueError`."""
    given = None if "[" in text or text.count("{") > 1 else _DECODER.decode(text)
    if not isinstance(given, dict):
        raise ValueError("not a flat object")
    return given


def _without_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    given = dict(pairs)
    if len(given) != len(pairs):
        raise ValueError("a key twice")
    return given


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_without_twice, parse_constant=_refuse)


def _join(given: dict[str, Any]) -> Join | None:
    ticket, resume, since = given.get("ticket"), given.get("resume"), given.get("since")
    token = resume if ticket is None else ticket
    if type(token) is not str or (ticket is not None and resume is not None):
        return None
    if since is not None and not _within(since, 2**53):
        return None
    return Join(ticket, resume, since)


def _beat(given: dict[str, Any]) -> Beat | None:
    n, visible, watched_ms = (given.get(name) for name in ("n", "visible", "watched_ms"))
    if _within(n, 2**31) and type(visible) is bool and _within(watched_ms, LONGEST_WATCH):
        return Beat(n, visible, watched_ms)
    return None


def _within(value: object, most: int) -> TypeGuard[int]:
    """A whole number from 0; True and 1.0 are none."""
    return type(value) is int and 0 <= value <= most
