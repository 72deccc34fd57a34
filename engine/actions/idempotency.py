"""Writes that may be sent twice: the same key gives the same thing, whoever answered first."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Invalid
from engine.models.matter import Matter
from engine.models.people import Person
from engine.models.voice import IdempotencyKey
from engine.rules import Actor
from engine.words import Words

M = TypeVar("M", bound=Matter)
KEY_MAX = 64


def earlier(
    db: Session, kind: type[M], parent: Matter, actor: Actor, key: str, given: Mapping[str, Any]
) -> M | None:
    """What this key has made already under `parent`. `Invalid` where it is used again for something else, or is no key.

    Two requests of one person wait for each other here, so that the second finds what the first has made.
    """
    if len(key) > KEY_MAX or not key.isascii() or not key.isprintable():
        raise Invalid({"key": Words("请求编号无效。", "The idempotency key is not valid.")})
    db.execute(select(Person.id).where(Person.id == actor.id).with_for_update(key_share=True))
    found = db.get(IdempotencyKey, (actor.id, key)) if actor.id else None
    if found is None:
        return None
    made = db.get(kind, found.matter_id)
    if made is None or made.parent_id != parent.id or found.body_hash != _hash(given):
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
