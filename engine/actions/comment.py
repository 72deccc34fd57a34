"""Comments on a sitting: reviewed before they are shown."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine.actions.idempotency import earlier, keep
from engine.advance import begin
from engine.models.consultation import Sitting
from engine.models.voice import Comment
from engine.rules import Actor


def post_comment(
    db: Session,
    sitting: Sitting,
    *,
    actor: Actor,
    now: datetime,
    key: str | None = None,
    is_test: bool = False,
    **given: Any,
) -> Comment:
    """A citizen's comment. The same idempotency key again gives the same comment."""
    if key and (found := earlier(db, Comment, sitting, actor, key, given)):
        return found
    comment = Comment(sitting_id=sitting.id, parent_id=sitting.id, is_test=is_test)
    begin(db, comment, "post", actor=actor, now=now, **given)
    if key:
        keep(db, comment, actor, key, given, now)
    return comment
