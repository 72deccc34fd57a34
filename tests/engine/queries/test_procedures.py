"""Where matters stand is counted by the edition each is in, also where the present one has no such stage."""

from sqlalchemy import update

from engine.editions import shipped
from engine.models.matter import Matter
from engine.process import read
from engine.queries import procedures
from tests.engine.actions.test_editions import PLAN, WITH_NOTICE, adopted
from tests.houses import House


def test_matters_under_way_where_a_text_has_no_stage_are_counted(house: House) -> None:
    with house.transaction() as db:
        adopted(house, db)
        plans = [house.plan(db, year) for year in (2027, 2028, 2029)]
        stages = ("on_notice", "on_notice", "issued")
        for plan, state in zip(plans, stages, strict=True):
            db.execute(update(Matter).where(Matter.id == plan.id).values(state=state))
        found = procedures.stranded(db, "plan", shipped("plan"))
        assert [(state.title.en, count) for state, count in found] == [("Public notice", 2)]
        assert procedures.stranded(db, "plan", read(WITH_NOTICE)) == []
        ended_otherwise = read(PLAN.replace("[state.issued]", "[state.printed]"))
        assert [count for _, count in procedures.stranded(db, "plan", ended_otherwise)] == [2]
        assert procedures.in_states(db, "plan") == {"on_notice": 2, "issued": 1}
        assert procedures.under_way(db, "plan") == 2
