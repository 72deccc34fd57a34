"""Lists as programs page through them: the newest first, each page beginning after the last id of the one before."""

from collections.abc import Sequence

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from engine.editions import has_mark
from engine.models.consultation import Consultation
from engine.models.matter import MatterMark
from engine.models.recommendation import Assignment, Recommendation
from engine.queries.recommendations import PUBLIC


def consultations_after(
    db: Session,
    cursor: int | None,
    limit: int,
    *,
    mark: str | None = None,
    series: str | None = None,
    form: str | None = None,
) -> Sequence[Consultation]:
    """The public ones; those that were cancelled since only when just these are asked for."""
    was_public = exists().where(MatterMark.matter_id == Consultation.id, MatterMark.mark == "public")
    rows = select(Consultation).where(was_public, has_mark(db, "consultation", mark or "public"))
    if cursor:
        rows = rows.where(Consultation.id < cursor)
    if series:
        rows = rows.where(Consultation.series == series)
    if form:
        rows = rows.where(Consultation.form == form)
    return db.scalars(rows.order_by(Consultation.id.desc()).limit(limit)).all()


def recommendations_after(
    db: Session,
    cursor: int | None,
    limit: int,
    *,
    mark: str | None = None,
    kind: str | None = None,
    consultation_id: int | None = None,
    unit_id: int | None = None,
) -> Sequence[Recommendation]:
    """Those the public may see."""
    rows = select(Recommendation).where(or_(*(has_mark(db, "recommendation", known) for known in PUBLIC)))
    if mark:
        rows = rows.where(has_mark(db, "recommendation", mark))
    if cursor:
        rows = rows.where(Recommendation.id < cursor)
    if kind:
        rows = rows.where(Recommendation.kind == kind)
    if consultation_id:
        rows = rows.where(Recommendation.parent_id == consultation_id)
    if unit_id:
        handled = select(Assignment.parent_id).where(Assignment.unit_id == unit_id)
        rows = rows.where(Recommendation.id.in_(handled))
    return db.scalars(rows.order_by(Recommendation.id.desc()).limit(limit)).all()
