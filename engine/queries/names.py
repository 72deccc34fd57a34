"""What a chosen row is called, whatever kind it is of."""

from sqlalchemy.orm import Session

from engine.models.chosen import ROWS
from engine.models.matter import Matter


def said(db: Session, kind: str, id: int) -> str:
    """The name of a row that a field of this kind chose; nothing where it is gone."""
    found = db.get(ROWS[kind], id)
    return str(getattr(found, "title" if isinstance(found, Matter) else "name", ""))
