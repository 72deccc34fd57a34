"""Every table of the first house."""

import sqlalchemy as sa
from alembic import op

revision = "first"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "activity_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint("name <> ''", name=op.f("ck_activity_group_named")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_group")),
        sa.UniqueConstraint("name", name=op.f("uq_activity_group_name")),
    )
    op.create_table(
        "checkpoint",
        sa.Column("size", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.CheckConstraint("size >= 1", name=op.f("ck_checkpoint_size")),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_checkpoint")),
    )
    op.create_table(
        "counter_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("position", sa.String(length=40), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_counter_state_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counter_state")),
    )
    op.create_table(
        "house",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("name <> ''", name=op.f("ck_house_named")),
        sa.CheckConstraint("id = 1", name=op.f("ck_house_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_house")),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=60), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("email", sa.String(length=120), nullable=True),
        sa.Column("phone_key", sa.String(length=64), nullable=True),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("totp_secret", sa.String(length=64), nullable=True),
        sa.Column("totp_step", sa.Integer(), nullable=True),
        sa.Column("signed_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("name <> ''", name=op.f("ck_person_named")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_person_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("email", name=op.f("uq_person_email")),
        sa.UniqueConstraint("phone_key", name=op.f("uq_person_phone_key")),
    )
    op.create_table(
        "stretch",
        sa.Column("boot", sa.String(length=64), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("began", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unchecked", sa.Integer(), nullable=False),
        sa.CheckConstraint("first_seq <= last_seq", name=op.f("ck_stretch_order")),
        sa.PrimaryKeyConstraint("boot", "first_seq", name=op.f("pk_stretch")),
    )
    op.create_table(
        "unit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint("name <> ''", name=op.f("ck_unit_named")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
        sa.UniqueConstraint("name", name=op.f("uq_unit_name")),
    )
    op.create_table(
        "workday",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("worked", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_workday")),
    )
    op.create_table(
        "matter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("process", sa.String(length=30), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("sitting_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("title <> ''", name=op.f("ck_matter_titled")),
        sa.CheckConstraint("edition >= 1", name=op.f("ck_matter_edition")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_matter_version")),
        sa.ForeignKeyConstraint(["created_by_id"], ["person.id"], name=op.f("fk_matter_created_by_id")),
        sa.ForeignKeyConstraint(["group_id"], ["activity_group.id"], name=op.f("fk_matter_group_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["matter.id"], name=op.f("fk_matter_parent_id")),
        sa.ForeignKeyConstraint(["sitting_id"], ["matter.id"], name=op.f("fk_matter_sitting_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_matter_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matter")),
    )
    with op.batch_alter_table("matter", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_matter_group_id"), ["group_id"], unique=False)
        batch_op.create_index("ix_matter_parent", ["parent_id", "process"], unique=False)
        batch_op.create_index("ix_matter_process_state", ["process", "state"], unique=False)
        batch_op.create_index("ix_matter_sitting", ["sitting_id", "process", "state"], unique=False)
        batch_op.create_index(batch_op.f("ix_matter_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "process_edition",
        sa.Column("process", sa.String(length=30), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("from_date", sa.Date(), nullable=False),
        sa.Column("adopted_by_id", sa.Integer(), nullable=False),
        sa.Column("adopted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("number >= 2", name=op.f("ck_process_edition_number")),
        sa.ForeignKeyConstraint(
            ["adopted_by_id"], ["person.id"], name=op.f("fk_process_edition_adopted_by_id")
        ),
        sa.PrimaryKeyConstraint("process", "number", name=op.f("pk_process_edition")),
    )
    op.create_table(
        "sign_in_link",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_sign_in_link_person_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sign_in_link")),
    )
    op.create_table(
        "assignment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("duty", sa.String(length=8), nullable=False),
        sa.Column("handler_id", sa.Integer(), nullable=True),
        sa.Column("decision", sa.String(length=12), nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("measures", sa.JSON(), nullable=True),
        sa.Column("percent", sa.Integer(), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.CheckConstraint("duty IN ('lead', 'co', 'sole', 'split')", name=op.f("ck_assignment_duty")),
        sa.ForeignKeyConstraint(["handler_id"], ["person.id"], name=op.f("fk_assignment_handler_id")),
        sa.ForeignKeyConstraint(["id"], ["matter.id"], name=op.f("fk_assignment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
    )
    op.create_table(
        "comment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("author_name", sa.String(length=60), nullable=False),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["matter.id"], name=op.f("fk_comment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment")),
    )
    op.create_table(
        "consultation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("aim", sa.Text(), nullable=False),
        sa.Column("form", sa.String(length=20), nullable=False),
        sa.Column("series", sa.String(length=20), nullable=False),
        sa.Column("people", sa.Text(), nullable=False),
        sa.Column("online_plan", sa.Text(), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["id"], ["matter.id"], name=op.f("fk_consultation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultation")),
    )
    op.create_table(
        "document",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("matter_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("size > 0", name=op.f("ck_document_size")),
        sa.ForeignKeyConstraint(["created_by_id"], ["person.id"], name=op.f("fk_document_created_by_id")),
        sa.ForeignKeyConstraint(["matter_id"], ["matter.id"], name=op.f("fk_document_matter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
    )
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.create_index("ix_document_matter", ["matter_id"], unique=False)

    op.create_table(
        "draft",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("matter_id", sa.Integer(), nullable=False),
        sa.Column("verb", sa.String(length=40), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["matter_id"], ["matter.id"], name=op.f("fk_draft_matter_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_draft_person_id")),
        sa.PrimaryKeyConstraint("person_id", "matter_id", "verb", name=op.f("pk_draft")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("matter_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["matter_id"], ["matter.id"], name=op.f("fk_idempotency_key_matter_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_idempotency_key_person_id")),
        sa.PrimaryKeyConstraint("person_id", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(length=60), nullable=False),
        sa.Column("noun", sa.String(length=30), nullable=False),
        sa.Column("matter_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("verb", sa.String(length=40), nullable=False),
        sa.Column("from_state", sa.String(length=40), nullable=True),
        sa.Column("to_state", sa.String(length=40), nullable=True),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("role", sa.String(length=40), nullable=True),
        sa.Column("behalf", sa.String(length=40), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name=op.f("fk_ledger_entry_actor_id")),
        sa.ForeignKeyConstraint(["matter_id"], ["matter.id"], name=op.f("fk_ledger_entry_matter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
    )
    with op.batch_alter_table("ledger_entry", schema=None) as batch_op:
        batch_op.create_index("ix_ledger_entry_matter", ["matter_id", "id"], unique=False)

    op.create_table(
        "matter_mark",
        sa.Column("matter_id", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["matter_id"], ["matter.id"], name=op.f("fk_matter_mark_matter_id")),
        sa.PrimaryKeyConstraint("matter_id", "mark", name=op.f("pk_matter_mark")),
    )
    with op.batch_alter_table("matter_mark", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_matter_mark_at"), ["at"], unique=False)

    op.create_table(
        "plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("plenary_on", sa.Date(), nullable=True),
        sa.Column("decision_no", sa.String(length=60), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.CheckConstraint("year BETWEEN 2000 AND 2100", name=op.f("ck_plan_year")),
        sa.ForeignKeyConstraint(["id"], ["matter.id"], name=op.f("fk_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
        sa.UniqueConstraint("year", name=op.f("uq_plan_year")),
    )
    op.create_table(
        "post",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("sitting_id", sa.Integer(), nullable=True),
        sa.Column("granted_by_id", sa.Integer(), nullable=True),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by_id", sa.Integer(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "confirmed_by_id IS NULL OR confirmed_by_id <> granted_by_id", name=op.f("ck_post_two_people")
        ),
        sa.CheckConstraint(
            "confirmed_by_id IS NULL OR confirmed_by_id <> person_id", name=op.f("ck_post_not_oneself")
        ),
        sa.ForeignKeyConstraint(["confirmed_by_id"], ["person.id"], name=op.f("fk_post_confirmed_by_id")),
        sa.ForeignKeyConstraint(["granted_by_id"], ["person.id"], name=op.f("fk_post_granted_by_id")),
        sa.ForeignKeyConstraint(["group_id"], ["activity_group.id"], name=op.f("fk_post_group_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_post_person_id")),
        sa.ForeignKeyConstraint(["sitting_id"], ["matter.id"], name=op.f("fk_post_sitting_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_post_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post")),
    )
    with op.batch_alter_table("post", schema=None) as batch_op:
        batch_op.create_index("ix_post_person_role", ["person_id", "role"], unique=False)

    op.create_table(
        "question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("receipt", sa.String(length=16), nullable=False),
        sa.Column("asker_name", sa.String(length=60), nullable=False),
        sa.Column("district", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("merged_into_id", sa.Integer(), nullable=True),
        sa.Column("on_air_second", sa.Integer(), nullable=True),
        sa.Column("answered_second", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.CheckConstraint("source IN ('online', 'phone', 'paper', 'hall')", name=op.f("ck_question_source")),
        sa.CheckConstraint(
            "answered_second IS NULL OR answered_second >= 0", name=op.f("ck_question_second")
        ),
        sa.CheckConstraint("merged_into_id <> id", name=op.f("ck_question_not_into_itself")),
        sa.ForeignKeyConstraint(["id"], ["matter.id"], name=op.f("fk_question_id")),
        sa.ForeignKeyConstraint(["merged_into_id"], ["question.id"], name=op.f("fk_question_merged_into_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question")),
        sa.UniqueConstraint("receipt", name=op.f("uq_question_receipt")),
    )
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_question_merged_into_id"), ["merged_into_id"], unique=False)

    op.create_table(
        "recommendation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("suggested_unit_id", sa.Integer(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.CheckConstraint("text <> ''", name=op.f("ck_recommendation_text")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_recommendation_number")),
        sa.ForeignKeyConstraint(["id"], ["matter.id"], name=op.f("fk_recommendation_id")),
        sa.ForeignKeyConstraint(
            ["suggested_unit_id"], ["unit.id"], name=op.f("fk_recommendation_suggested_unit_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recommendation")),
    )
    op.create_table(
        "sitting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.String(length=100), nullable=False),
        sa.Column("stream_url", sa.String(length=300), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fact_no", sa.Integer(), nullable=False),
        sa.CheckConstraint("closed_at IS NULL OR closed_at >= opened_at", name=op.f("ck_sitting_window")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_sitting_order")),
        sa.ForeignKeyConstraint(["id"], ["matter.id"], name=op.f("fk_sitting_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sitting")),
    )
    op.create_table(
        "task",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("matter_id", sa.Integer(), nullable=True),
        sa.Column("given", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'running', 'done', 'failed')", name=op.f("ck_task_state")),
        sa.ForeignKeyConstraint(["matter_id"], ["matter.id"], name=op.f("fk_task_matter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("key", name=op.f("uq_task_key")),
    )
    with op.batch_alter_table("task", schema=None) as batch_op:
        batch_op.create_index("ix_task_state", ["state", "lease_until"], unique=False)

    op.create_table(
        "topic",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("why_now", sa.Text(), nullable=False),
        sa.Column("matter_kind", sa.String(length=20), nullable=True),
        sa.Column("form", sa.String(length=20), nullable=True),
        sa.Column("feasibility", sa.Text(), nullable=True),
        sa.Column("merged_into_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "merged_into_id IS NULL OR merged_into_id <> id", name=op.f("ck_topic_merged_into_other")
        ),
        sa.ForeignKeyConstraint(["id"], ["matter.id"], name=op.f("fk_topic_id")),
        sa.ForeignKeyConstraint(["merged_into_id"], ["topic.id"], name=op.f("fk_topic_merged_into_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic")),
    )
    op.create_table(
        "invitation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sitting_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("must_attend", sa.Boolean(), nullable=False),
        sa.Column("reply", sa.String(length=12), nullable=False),
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
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invitation_person_id"), ["person_id"], unique=False)

    op.create_table(
        "ledger_leaf",
        sa.Column("leaf_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint("leaf_index >= 0", name=op.f("ck_ledger_leaf_index")),
        sa.ForeignKeyConstraint(["entry_id"], ["ledger_entry.id"], name=op.f("fk_ledger_leaf_entry_id")),
        sa.PrimaryKeyConstraint("leaf_index", name=op.f("pk_ledger_leaf")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_ledger_leaf_entry_id")),
    )
    op.create_table(
        "ledger_text",
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=True),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["entry_id"], ["ledger_entry.id"], name=op.f("fk_ledger_text_entry_id")),
        sa.PrimaryKeyConstraint("entry_id", "field", name=op.f("pk_ledger_text")),
    )
    op.create_table(
        "live_like",
        sa.Column("sitting_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("viewer", sa.String(length=64), nullable=False),
        sa.Column("target", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_verified", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('official', 'test')", name=op.f("ck_live_like_kind")),
        sa.ForeignKeyConstraint(["sitting_id"], ["sitting.id"], name=op.f("fk_live_like_sitting_id")),
        sa.PrimaryKeyConstraint("sitting_id", "kind", "viewer", "target", name=op.f("pk_live_like")),
    )
    op.create_table(
        "live_minute",
        sa.Column("sitting_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("views", sa.Integer(), nullable=False),
        sa.Column("viewers", sa.Integer(), nullable=False),
        sa.Column("likes_verified", sa.Integer(), nullable=False),
        sa.Column("likes_anonymous", sa.Integer(), nullable=False),
        sa.Column("peak", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('official', 'test')", name=op.f("ck_live_minute_kind")),
        sa.ForeignKeyConstraint(["sitting_id"], ["sitting.id"], name=op.f("fk_live_minute_sitting_id")),
        sa.PrimaryKeyConstraint("sitting_id", "kind", "at", name=op.f("pk_live_minute")),
    )
    op.create_table(
        "live_sample",
        sa.Column("sitting_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("online", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('official', 'test')", name=op.f("ck_live_sample_kind")),
        sa.ForeignKeyConstraint(["sitting_id"], ["sitting.id"], name=op.f("fk_live_sample_sitting_id")),
        sa.PrimaryKeyConstraint("sitting_id", "kind", "at", name=op.f("pk_live_sample")),
    )
    op.create_table(
        "live_total",
        sa.Column("sitting_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("online", sa.Integer(), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("views", sa.Integer(), nullable=False),
        sa.Column("viewers", sa.Integer(), nullable=False),
        sa.Column("likes_verified", sa.Integer(), nullable=False),
        sa.Column("likes_anonymous", sa.Integer(), nullable=False),
        sa.Column("peak", sa.Integer(), nullable=False),
        sa.Column("mean_ms", sa.BigInteger(), nullable=True),
        sa.Column("median_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind IN ('official', 'test')", name=op.f("ck_live_total_kind")),
        sa.ForeignKeyConstraint(["sitting_id"], ["sitting.id"], name=op.f("fk_live_total_sitting_id")),
        sa.PrimaryKeyConstraint("sitting_id", "kind", name=op.f("pk_live_total")),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("matter_id", sa.Integer(), nullable=True),
        sa.Column("entry_id", sa.Integer(), nullable=True),
        sa.Column("zh", sa.Text(), nullable=False),
        sa.Column("en", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["entry_id"], ["ledger_entry.id"], name=op.f("fk_notice_entry_id")),
        sa.ForeignKeyConstraint(["matter_id"], ["matter.id"], name=op.f("fk_notice_matter_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_notice_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index("ix_notice_mail", ["mailed_at", "created_at"], unique=False)
        batch_op.create_index("ix_notice_person", ["person_id", "read_at"], unique=False)

    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("sitting_id", sa.Integer(), nullable=True),
        sa.Column("fact_no", sa.Integer(), nullable=True),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["entry_id"], ["ledger_entry.id"], name=op.f("fk_outbox_entry_id")),
        sa.ForeignKeyConstraint(["sitting_id"], ["matter.id"], name=op.f("fk_outbox_sitting_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_outbox_entry_id")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_unannounced", ["announced_at", "id"], unique=False)

    op.create_table(
        "promise",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sitting_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("speaker", sa.String(length=60), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("second", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("words <> ''", name=op.f("ck_promise_words")),
        sa.CheckConstraint("second >= 0", name=op.f("ck_promise_second")),
        sa.ForeignKeyConstraint(["entry_id"], ["ledger_entry.id"], name=op.f("fk_promise_entry_id")),
        sa.ForeignKeyConstraint(["question_id"], ["question.id"], name=op.f("fk_promise_question_id")),
        sa.ForeignKeyConstraint(["sitting_id"], ["sitting.id"], name=op.f("fk_promise_sitting_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_promise_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promise")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_promise_entry_id")),
    )
    with op.batch_alter_table("promise", schema=None) as batch_op:
        batch_op.create_index("ix_promise_sitting", ["sitting_id"], unique=False)

    op.create_table(
        "research",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("questions", sa.Text(), nullable=False),
        sa.Column("visits", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=True),
        sa.Column("slides_id", sa.Integer(), nullable=True),
        sa.Column("video_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["id"], ["matter.id"], name=op.f("fk_research_id")),
        sa.ForeignKeyConstraint(["report_id"], ["document.id"], name=op.f("fk_research_report_id")),
        sa.ForeignKeyConstraint(["slides_id"], ["document.id"], name=op.f("fk_research_slides_id")),
        sa.ForeignKeyConstraint(["video_id"], ["document.id"], name=op.f("fk_research_video_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_research")),
    )
    op.create_table(
        "score_sheet",
        sa.Column("topic_id", sa.Integer(), nullable=False),
        sa.Column("scorer_id", sa.Integer(), nullable=False),
        sa.Column("points", sa.JSON(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("total BETWEEN 0 AND 100", name=op.f("ck_score_sheet_total")),
        sa.ForeignKeyConstraint(["scorer_id"], ["person.id"], name=op.f("fk_score_sheet_scorer_id")),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=op.f("fk_score_sheet_topic_id")),
        sa.PrimaryKeyConstraint("topic_id", "scorer_id", name=op.f("pk_score_sheet")),
    )
    op.create_table(
        "segment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sitting_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("speaker", sa.String(length=100), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('briefing', 'questions', 'answers', 'statements')", name=op.f("ck_segment_kind")
        ),
        sa.CheckConstraint("ended_at IS NULL OR ended_at >= started_at", name=op.f("ck_segment_order")),
        sa.CheckConstraint("minutes BETWEEN 1 AND 240", name=op.f("ck_segment_minutes")),
        sa.ForeignKeyConstraint(["sitting_id"], ["sitting.id"], name=op.f("fk_segment_sitting_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment")),
        sa.UniqueConstraint("sitting_id", "position", name=op.f("uq_segment_sitting_id_position")),
    )
    op.create_table(
        "sighting",
        sa.Column("boot", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("visit", sa.String(length=64), nullable=False),
        sa.Column("sitting_id", sa.Integer(), nullable=False),
        sa.Column("viewer", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("has_joined", sa.Boolean(), nullable=False),
        sa.Column("has_left", sa.Boolean(), nullable=False),
        sa.Column("visible", sa.Boolean(), nullable=True),
        sa.Column("watched_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind IN ('official', 'test')", name=op.f("ck_sighting_kind")),
        sa.CheckConstraint("(visible IS NULL) = (watched_ms IS NULL)", name=op.f("ck_sighting_beat")),
        sa.ForeignKeyConstraint(["sitting_id"], ["sitting.id"], name=op.f("fk_sighting_sitting_id")),
        sa.PrimaryKeyConstraint("boot", "seq", "visit", name=op.f("pk_sighting")),
    )
    with op.batch_alter_table("sighting", schema=None) as batch_op:
        batch_op.create_index("ix_sighting_sitting", ["sitting_id"], unique=False)

    op.create_table(
        "support",
        sa.Column("topic_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_support_person_id")),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=op.f("fk_support_topic_id")),
        sa.PrimaryKeyConstraint("topic_id", "person_id", name=op.f("pk_support")),
    )
    with op.batch_alter_table("support", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_support_person_id"), ["person_id"], unique=False)

    op.create_table(
        "upvote",
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_upvote_person_id")),
        sa.ForeignKeyConstraint(["question_id"], ["question.id"], name=op.f("fk_upvote_question_id")),
        sa.PrimaryKeyConstraint("question_id", "person_id", name=op.f("pk_upvote")),
    )
    with op.batch_alter_table("upvote", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_upvote_person_id"), ["person_id"], unique=False)

    op.create_table(
        "finding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("research_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("place", sa.String(length=100), nullable=False),
        sa.Column("found_on", sa.Date(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=True),
        sa.Column("photo_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("claim <> ''", name=op.f("ck_finding_claim")),
        sa.ForeignKeyConstraint(["photo_id"], ["document.id"], name=op.f("fk_finding_photo_id")),
        sa.ForeignKeyConstraint(["research_id"], ["research.id"], name=op.f("fk_finding_research_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
        sa.UniqueConstraint("research_id", "position", name=op.f("uq_finding_research_id_position")),
    )
    op.create_table(
        "source",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recommendation_id", sa.Integer(), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=True),
        sa.Column("finding_id", sa.Integer(), nullable=True),
        sa.Column("promise_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "CASE WHEN question_id IS NULL THEN 0 ELSE 1 END + CASE WHEN finding_id IS NULL THEN 0 ELSE 1 END + CASE WHEN promise_id IS NULL THEN 0 ELSE 1 END = 1",
            name=op.f("ck_source_one"),
        ),
        sa.ForeignKeyConstraint(["finding_id"], ["finding.id"], name=op.f("fk_source_finding_id")),
        sa.ForeignKeyConstraint(["promise_id"], ["promise.id"], name=op.f("fk_source_promise_id")),
        sa.ForeignKeyConstraint(["question_id"], ["question.id"], name=op.f("fk_source_question_id")),
        sa.ForeignKeyConstraint(
            ["recommendation_id"], ["recommendation.id"], name=op.f("fk_source_recommendation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sa.UniqueConstraint(
            "recommendation_id",
            "question_id",
            "finding_id",
            "promise_id",
            name=op.f("uq_source_recommendation_id_question_id_finding_id_promise_id"),
        ),
    )
    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.create_index("ix_source_question", ["question_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.drop_index("ix_source_question")

    op.drop_table("source")
    op.drop_table("finding")
    with op.batch_alter_table("upvote", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_upvote_person_id"))

    op.drop_table("upvote")
    with op.batch_alter_table("support", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_support_person_id"))

    op.drop_table("support")
    with op.batch_alter_table("sighting", schema=None) as batch_op:
        batch_op.drop_index("ix_sighting_sitting")

    op.drop_table("sighting")
    op.drop_table("segment")
    op.drop_table("score_sheet")
    op.drop_table("research")
    with op.batch_alter_table("promise", schema=None) as batch_op:
        batch_op.drop_index("ix_promise_sitting")

    op.drop_table("promise")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_unannounced")

    op.drop_table("outbox")
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_index("ix_notice_person")
        batch_op.drop_index("ix_notice_mail")

    op.drop_table("notice")
    op.drop_table("live_total")
    op.drop_table("live_sample")
    op.drop_table("live_minute")
    op.drop_table("live_like")
    op.drop_table("ledger_text")
    op.drop_table("ledger_leaf")
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_invitation_person_id"))

    op.drop_table("invitation")
    op.drop_table("topic")
    with op.batch_alter_table("task", schema=None) as batch_op:
        batch_op.drop_index("ix_task_state")

    op.drop_table("task")
    op.drop_table("sitting")
    op.drop_table("recommendation")
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_question_merged_into_id"))

    op.drop_table("question")
    with op.batch_alter_table("post", schema=None) as batch_op:
        batch_op.drop_index("ix_post_person_role")

    op.drop_table("post")
    op.drop_table("plan")
    with op.batch_alter_table("matter_mark", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_matter_mark_at"))

    op.drop_table("matter_mark")
    with op.batch_alter_table("ledger_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_ledger_entry_matter")

    op.drop_table("ledger_entry")
    op.drop_table("idempotency_key")
    op.drop_table("draft")
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.drop_index("ix_document_matter")

    op.drop_table("document")
    op.drop_table("consultation")
    op.drop_table("comment")
    op.drop_table("assignment")
    op.drop_table("sign_in_link")
    op.drop_table("process_edition")
    with op.batch_alter_table("matter", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_matter_unit_id"))
        batch_op.drop_index("ix_matter_sitting")
        batch_op.drop_index("ix_matter_process_state")
        batch_op.drop_index("ix_matter_parent")
        batch_op.drop_index(batch_op.f("ix_matter_group_id"))

    op.drop_table("matter")
    op.drop_table("workday")
    op.drop_table("unit")
    op.drop_table("stretch")
    op.drop_table("person")
    op.drop_table("lease")
    op.drop_table("house")
    op.drop_table("counter_state")
    op.drop_table("checkpoint")
    op.drop_table("activity_group")
