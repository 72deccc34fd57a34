"""A procedure is changed by two people; what has begun goes on as it began, what begins later walks the new way."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from engine.actions.editions import adopt_edition, decline_edition, move_running, propose_edition
from engine.actions.perform import perform
from engine.actions.research import plan_research
from engine.clock import day
from engine.deadlines import deadlines
from engine.editions import SHIPPED, editions, has_mark
from engine.errors import Forbidden, Invalid, NotFound, WrongState
from engine.models.edition import ProcessEdition
from engine.models.ledger import LedgerEntry
from engine.models.matter import Matter
from engine.models.people import Post
from engine.models.topic import Plan
from engine.process import Broken
from tests.houses import House, consultation, decided, planned_topic

PLAN, CONSULTATION = (
    (SHIPPED / f"{name}.toml").read_text(encoding="utf-8") for name in ("plan", "consultation")
)
WITH_NOTICE = (
    PLAN.replace(
        '[[verb]]\nname    = "issue"',
        """[state.on_notice]
title = { zh = "公示", en = "Public notice" }
[[state.on_notice.due]]
what   = { zh = "公示期满后印发", en = "Issue after the notice" }
within = "10 workdays"
owner  = "leader"

[[verb]]
name  = "give_notice"
title = { zh = "开始公示", en = "Give public notice" }
from  = ["approved"]
to    = "on_notice"
by    = ["office_staff"]
when  = [{ done = "record_decision" }]

[[verb]]
name    = "issue\"""",
    )
    .replace('from    = ["approved"]\nto      = "issued"', 'from    = ["on_notice"]\nto      = "issued"')
    .replace('when    = [{ done = "record_decision" }]', 'when    = [{ waited = "5 workdays" }]')
)
"""Five working days of public notice between the decision and the issue of the plan."""


def propose(
    house: House, db, text: str = WITH_NOTICE, from_date: date | None = None, name: str = "plan"
) -> ProcessEdition:
    actor = house.actor(db, "sysadmin")
    return propose_edition(db, name, text, from_date=from_date or day(house.now), actor=actor, now=house.now)


def adopted(house: House, db, moves: dict[str, str] | None = None, **given) -> ProcessEdition:
    edition = propose(house, db, **given)
    adopt_edition(db, edition, moves=moves, actor=house.actor(db, "office"), now=house.now)
    return edition


def test_a_proposal_changes_nothing(house: House) -> None:
    with house.transaction() as db:
        edition = propose(house, db)
        assert (edition.number, edition.is_open) == (2, True)
        assert house.plan(db).edition == 1
        assert len(editions(db, "plan")) == 1


def test_a_plan_walks_through_the_step_that_the_office_added(house: House) -> None:
    with house.transaction() as db:
        old = house.plan(db, 2026)
        adopted(house, db)
        plan = house.plan(db)
        assert (old.edition, plan.edition) == (1, 2)
        decided(house, db, plan)
        leader, office = house.actor(db, "leader"), house.actor(db, "office")
        with pytest.raises(WrongState, match="Before the Party committee"):
            perform(db, plan, "issue", actor=leader, now=house.now)
        perform(db, plan, "give_notice", actor=office, now=house.now)
        assert plan.state == "on_notice"
        assert [one.due - day(house.now) for one in deadlines(db, plan)] == [timedelta(days=14)]
        house.later(days=7)
        with pytest.raises(WrongState, match="runs until 2026-10-19"):
            perform(db, plan, "issue", actor=leader, now=house.now)
        house.later(days=1)
        perform(db, plan, "issue", actor=leader, now=house.now)
        assert plan.state == "issued"
        marked = select(Matter.id).where(has_mark(db, "plan", "issued"))
        assert db.scalars(marked).all() == [plan.id]


def test_it_holds_from_its_day_on(house: House) -> None:
    with house.transaction() as db:
        adopted(house, db, from_date=day(house.now) + timedelta(days=3))
        assert house.plan(db, 2027).edition == 1
        house.later(days=3)
        assert house.plan(db, 2028).edition == 2


def test_of_two_the_one_with_the_later_day_holds_from_its_day(house: House) -> None:
    with house.transaction() as db:
        today = day(house.now)
        late = propose(house, db, from_date=today + timedelta(days=60))
        soon = propose(house, db, from_date=today + timedelta(days=30))
        for edition in (soon, late):
            adopt_edition(db, edition, actor=house.actor(db, "office"), now=house.now)
        house.later(days=30)
        assert house.plan(db, 2027).edition == soon.number
        house.later(days=30)
        assert house.plan(db, 2028).edition == late.number


def test_one_whose_day_has_passed_is_not_adopted(house: House) -> None:
    with house.transaction() as db:
        edition = propose(house, db)
        house.later(days=1)
        with pytest.raises(WrongState, match="Its day has passed"):
            adopt_edition(db, edition, actor=house.actor(db, "office"), now=house.now)


def test_one_that_may_not_run_any_more_is_not_adopted(house: House) -> None:
    with house.transaction() as db:
        edition = propose(house, db)
        edition.text = edition.text.replace("waited", "waitet")
        with pytest.raises(WrongState, match="no guard “waitet”"):
            adopt_edition(db, edition, actor=house.actor(db, "office"), now=house.now)


def test_nobody_adopts_what_they_proposed(house: House) -> None:
    with house.transaction() as db:
        admin = house.actor(db, "sysadmin")
        db.add(Post(person_id=admin.id, role="office_staff", granted_at=house.now, confirmed_at=house.now))
        edition = propose(house, db)
        with pytest.raises(Forbidden, match="someone else"):
            adopt_edition(db, edition, actor=house.actor(db, "sysadmin"), now=house.now)
        assert edition.is_open


def test_only_those_whose_task_it_is_propose_and_adopt(house: House) -> None:
    with house.transaction() as db:
        for name in ("office", "secadmin", "leader", "citizen1"):
            with pytest.raises(Forbidden):
                propose_edition(
                    db, "plan", PLAN, from_date=day(house.now), actor=house.actor(db, name), now=house.now
                )
        edition = propose(house, db)
        for name in ("sysadmin", "leader", "committee", "citizen1"):
            with pytest.raises(Forbidden):
                adopt_edition(db, edition, actor=house.actor(db, name), now=house.now)


def test_what_may_not_run_is_not_even_proposed(house: House) -> None:
    with house.transaction() as db:
        with pytest.raises(Broken, match="no state “on_notise”"):
            propose(house, db, WITH_NOTICE.replace('to    = "on_notice"', 'to    = "on_notise"'))
        with pytest.raises(Invalid) as refusal:
            propose(house, db, from_date=day(house.now) - timedelta(days=1))
        assert refusal.value.fields.keys() == {"from_date"}
        with pytest.raises(Broken, match="The mark “issued”"):
            propose(house, db, PLAN.replace('marks = ["issued"]\n', ""))
        for name, text, error in (("plan", "topic", Invalid), ("leave", "plan", NotFound)):
            with pytest.raises(error):
                propose_edition(
                    db,
                    name,
                    (SHIPPED / f"{text}.toml").read_text(encoding="utf-8"),
                    from_date=day(house.now),
                    actor=house.actor(db, "sysadmin"),
                    now=house.now,
                )
        assert db.scalars(select(ProcessEdition)).all() == []


def test_it_is_decided_once(house: House) -> None:
    with house.transaction() as db:
        edition = propose(house, db)
        decline_edition(db, edition, actor=house.actor(db, "office"), now=house.now)
        for decide in (adopt_edition, decline_edition):
            with pytest.raises(WrongState):
                decide(db, edition, actor=house.actor(db, "office"), now=house.now)
        assert adopted(house, db).number == 3
        told = db.scalars(select(LedgerEntry.event).where(LedgerEntry.noun == "procedure"))
        assert list(told.all())[:2] == ["procedure.proposed", "procedure.declined"]


RENAMED = (
    PLAN.replace("joint_revision", "joint_talks")
    .replace("[state.approved]", "[state.settled]")
    .replace("[[state.approved.due]]", "[[state.settled.due]]")
    .replace('"approved"', '"settled"')
)
MOVES = {"joint_revision": "joint_talks", "approved": "settled"}
"""A procedure whose two stages are called otherwise, and where those that stand there go."""


def test_what_is_under_way_is_taken_over_on_the_day_to_where_its_stage_went(house: House) -> None:
    with house.transaction() as db:
        ended = db.get_one(Plan, planned_topic(house, db).parent_id)
        plan = house.plan(db, 2028)
        decided(house, db, plan)
        since, due = plan.since, [one.due for one in deadlines(db, plan)]
        edition = propose(house, db, RENAMED, day(house.now) + timedelta(days=1))
        adopt_edition(db, edition, moves=MOVES, actor=house.actor(db, "office"), now=house.now)
        move_running(db, now=house.now)
        assert (plan.edition, plan.state) == (1, "approved")  # its day has not come
        house.later(days=1)
        for _ in range(2):
            move_running(db, now=house.now)
        assert (plan.edition, plan.state, plan.since) == (edition.number, "settled", since)
        assert [one.due for one in deadlines(db, plan)] == due
        assert ended.edition == 1
        (moved,) = db.scalars(select(LedgerEntry).where(LedgerEntry.event == "matter.moved"))
        assert (moved.from_state, moved.to_state) == ("approved", "settled")
        assert moved.data == {"from_edition": 1, "to_edition": edition.number}
        (adopted,) = db.scalars(select(LedgerEntry).where(LedgerEntry.event == "procedure.adopted"))
        assert adopted.data["moves"] == MOVES


def test_a_step_back_leads_to_what_the_stage_before_is_called_now(house: House) -> None:
    text = (
        CONSULTATION.replace("state.programme_approved", "state.programme_settled")
        .replace('"programme_approved"', '"programme_settled"')
        .replace('marks = ["programme_settled"', 'marks = ["programme_approved"')
    )
    with house.transaction() as db:
        matter, committee = consultation(house, db), house.actor(db, "committee")
        plan_research(
            db, matter, actor=committee, now=house.now, title="走访", group_id=1, questions="缺什么？"
        )
        perform(db, matter, "start_research", actor=committee, now=house.now)
        moves = {"programme_approved": "programme_settled"}
        edition = propose(house, db, text, name="consultation")
        adopt_edition(db, edition, moves=moves, actor=house.actor(db, "office"), now=house.now)
        move_running(db, now=house.now)
        for state in ("programme_settled", "planned"):
            perform(db, matter, "step_back", actor=committee, now=house.now, reason="方案要改。")
            assert matter.state == state


@pytest.mark.parametrize(
    "moves",
    [{}, {"joint_revision": "joint_talks"}, MOVES | {"approved": "nowhere"}, MOVES | {"approved": "issued"}],
    ids=["none", "one of two", "to no stage", "to an end"],
)
def test_an_adoption_that_would_strand_matters_is_refused_stage_by_stage(
    house: House, moves: dict[str, str]
) -> None:
    with house.transaction() as db:
        edition = propose(house, db, RENAMED)
        with pytest.raises(Invalid) as refused:
            adopt_edition(db, edition, moves=moves, actor=house.actor(db, "office"), now=house.now)
        assert refused.value.fields.keys() == {
            state for state in MOVES if moves.get(state) not in ("joint_talks", "settled")
        }
        assert edition.is_open
