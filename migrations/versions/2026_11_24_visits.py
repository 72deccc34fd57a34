"""Visits of a research become rows. A plan written as a text stays, as one visit without a day or a place."""

import sqlalchemy as sa
from alembic import op

revision = "visits"
down_revision = "topics_carried_over"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "visit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("research_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("visit_on", sa.Date(), nullable=True),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("whom", sa.Text(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("whom <> ''", name=op.f("ck_visit_whom")),
        sa.CheckConstraint("held IS NULL OR held OR note <> ''", name=op.f("ck_visit_reason")),
        sa.ForeignKeyConstraint(["research_id"], ["research.id"], name=op.f("fk_visit_research_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
        sa.UniqueConstraint("research_id", "position", name=op.f("uq_visit_research_id_position")),
    )
    with op.batch_alter_table("finding") as table:
        table.add_column(sa.Column("visit_id", sa.Integer(), nullable=True))
        table.create_foreign_key(op.f("fk_finding_visit_id"), "visit", ["visit_id"], ["id"])
    bind, (visit, research, draft) = op.get_bind(), _tables("visit", "research", "draft")
    for row in bind.execute(sa.select(research.c.id, research.c.visits).where(research.c.visits != "")).all():
        kept = {"visit_on": None, "place": "", "whom": row.visits, "note": ""}
        bind.execute(sa.insert(visit).values(research_id=row.id, position=1, **kept))
    unsent = sa.select(draft).join(research, research.c.id == draft.c.matter_id)
    for row in bind.execute(unsent).all():
        if isinstance(typed := row.answers.get("visits"), str):
            answers = row.answers | {"visits": [{"visit_on": "", "place": "", "whom": typed}]}
            this = draft.c.person_id == row.person_id, draft.c.matter_id == row.matter_id
            bind.execute(sa.update(draft).where(*this, draft.c.verb == row.verb).values(answers=answers))
    op.drop_column("research", "visits")


def downgrade() -> None:
    """Each visit becomes a line; whether it was held is lost."""
    op.add_column("research", sa.Column("visits", sa.Text(), nullable=False, server_default=""))
    bind, (visit, research, draft) = op.get_bind(), _tables("visit", "research", "draft")
    lines: dict[int, list[str]] = {}
    for row in bind.execute(sa.select(visit).order_by(visit.c.research_id, visit.c.position)).all():
        words = (row.visit_on and row.visit_on.isoformat(), row.place, row.whom)
        lines.setdefault(row.research_id, []).append(" ".join(word for word in words if word))
    for number, texts in lines.items():
        bind.execute(sa.update(research).where(research.c.id == number).values(visits="\n".join(texts)))
    for row in bind.execute(sa.select(draft).join(research, research.c.id == draft.c.matter_id)).all():
        if isinstance(typed := row.answers.get("visits"), list):
            text = "\n".join(" ".join(filter(None, one.values())) for one in typed)
            this = draft.c.person_id == row.person_id, draft.c.matter_id == row.matter_id
            answers = row.answers | {"visits": text}
            bind.execute(sa.update(draft).where(*this, draft.c.verb == row.verb).values(answers=answers))
    with op.batch_alter_table("finding") as table:
        table.drop_constraint(op.f("fk_finding_visit_id"), type_="foreignkey")
        table.drop_column("visit_id")
    op.drop_table("visit")


def _tables(*names: str) -> list[sa.Table]:
    metadata = sa.MetaData()
    return [sa.Table(name, metadata, autoload_with=op.get_bind()) for name in names]
