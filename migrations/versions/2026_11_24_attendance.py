"""Invitations become matters with a procedure of their own, up to having signed in at the door."""

import pyotp
import sqlalchemy as sa
from alembic import op

revision = "attendance"
down_revision = "ledger_by_verb"
branch_labels = None
depends_on = None

STATES = {"waiting": "invited", "will_attend": "will_attend", "declined": "declined"}


def upgrade() -> None:
    op.add_column("sitting", sa.Column("door_key", sa.String(32), nullable=False, server_default=""))
    op.create_table(
        "attendance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("must_attend", sa.Boolean(), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["id"], ["matter.id"], name=op.f("fk_attendance_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_attendance_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance")),
    )
    op.create_index(op.f("ix_attendance_person_id"), "attendance", ["person_id"])
    sitting, matter, mark, attendance, invitation, person = _tables(
        "sitting", "matter", "matter_mark", "attendance", "invitation", "person"
    )
    bind = op.get_bind()
    for (sitting_id,) in bind.execute(sa.select(sitting.c.id)).all():
        key = sa.update(sitting).where(sitting.c.id == sitting_id).values(door_key=pyotp.random_base32())
        bind.execute(key)
    rows = (
        sa.select(invitation, matter.c.title, matter.c.created_at, person.c.name)
        .join(matter, matter.c.id == invitation.c.sitting_id)
        .join(person, person.c.id == invitation.c.person_id)
    )
    for row in bind.execute(rows.order_by(invitation.c.id)).all():
        marks = sa.select(mark.c.mark).where(mark.c.matter_id == row.sitting_id)
        state = _state(row.reply, set(bind.scalars(marks)))
        since = row.replied_at or row.created_at
        made = sa.insert(matter).values(
            process="attendance",
            edition=1,
            state=state,
            since=since,
            version=1,
            title=f"{row.title}（{row.name}）",
            created_at=row.created_at,
            parent_id=row.sitting_id,
            sitting_id=row.sitting_id,
        )
        made_id = bind.execute(made.returning(matter.c.id)).scalar_one()
        bind.execute(
            sa.insert(attendance).values(id=made_id, person_id=row.person_id, must_attend=row.must_attend)
        )
        bind.execute(sa.insert(mark).values(matter_id=made_id, mark=state, at=since))
    op.drop_table("invitation")


def _state(reply: str, marks_of_sitting: set[str]) -> str:
    """Where the sitting is over nobody waits for an answer any more; who came was not kept."""
    if "cancelled" in marks_of_sitting:
        return "cancelled"
    if "held" in marks_of_sitting and reply == "waiting":
        return "absent"
    return STATES[reply]


def downgrade() -> None:
    """What was replied is kept; the matters stay, since the ledger speaks of them."""
    op.create_table(
        "invitation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sitting_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("must_attend", sa.Boolean(), nullable=False),
        sa.Column("reply", sa.String(12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "reply IN ('waiting', 'will_attend', 'declined')", name=op.f("ck_invitation_reply")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_invitation_person_id")),
        sa.ForeignKeyConstraint(["sitting_id"], ["sitting.id"], name=op.f("fk_invitation_sitting_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("sitting_id", "person_id", name=op.f("uq_invitation_sitting_id_person_id")),
    )
    op.create_index(op.f("ix_invitation_person_id"), "invitation", ["person_id"])
    matter, attendance, invitation = _tables("matter", "attendance", "invitation")
    replies = {state: reply for reply, state in STATES.items()} | {"signed_in": "will_attend"}
    bind = op.get_bind()
    rows = sa.select(attendance, matter.c.sitting_id, matter.c.state, matter.c.since)
    for row in bind.execute(rows.join(matter, matter.c.id == attendance.c.id)).all():
        bind.execute(
            sa.insert(invitation).values(
                sitting_id=row.sitting_id,
                person_id=row.person_id,
                must_attend=row.must_attend,
                reply=replies.get(row.state, "declined"),
                reason="",
                replied_at=row.since,
            )
        )
    op.drop_index(op.f("ix_attendance_person_id"), "attendance")
    op.drop_table("attendance")
    op.drop_column("sitting", "door_key")


def _tables(*names: str) -> list[sa.Table]:
    metadata = sa.MetaData()
    return [sa.Table(name, metadata, autoload_with=op.get_bind()) for name in names]
