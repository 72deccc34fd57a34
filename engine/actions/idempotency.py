"""Writes that may be sent twice: the same key gives the same thing, whoever answered first."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from engine.errors import Invalid
from engine.models.matter import Matter
from engine.models.voice import IdempotencyKey
from engine.rules import Actor
from engine.words import Words

M = TypeVar("M", bound=Matter)
KEY_MAX = 64


def earlier(db: Session, kind: type[M], actor: Actor, key: str, given: Mapping[str, Any]) -> M | None:
    """What this key has made already. `Invalid` where it is used again for something else, or is no key."""
    if len(key) > KEY_MAX or not key.isascii() or not key.isprintable():
        raise Invalid({"key": Words("请求编号无效。", "The idempotency key is not valid.")})
    found = db.get(IdempotencyKey, (actor.id, key)) if actor.id else None
    if found is None:
        return None
    made = db.get(kind, found.matter_id)
    if made is None or found.body_hash != _hash(given):
        raise Invalid(
            {
                "key": Words(
                    "这个请求编号已经用于别的内容。", "This idempotency key was used for something else."
                )
            }
        )
    return made


def keep(
    db: Session, matter: Matter, actor: Actor, key: str, given: Mapping[str, Any], now: datetime
) -> None:
    db.add(IdempotencyKey(person_id=actor.id, key=key, body_hash=_hash(given), matter_id=matter.id, at=now))
    db.flush()


def _hash(given: Mapping[str, Any]) -> str:
    return hashlib.sha256(
        json.dumps(given, sort_keys=True, ensure_ascii=False, default=str).encode()
    ).hexdigest()
