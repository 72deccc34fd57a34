"""A trial walk refuses what the engine refuses, moves where it moves, and its clock is the one that is given."""

from datetime import date, timedelta

import pytest

from engine.editions import SHIPPED, shipped
from engine.errors import Forbidden, Invalid, NotFound, Refused, WrongState
from engine.process import Process, read
from engine.walk import MOST, Step, Walk, Walker, dates_of, walked
from engine.workdays import Calendar
from tests.engine.actions.test_editions import WITH_NOTICE

MONDAY = date(2027, 1, 4)
DAYS = Calendar({})


def step(verb: str, role: str, who: int | None = 1, after: int = 0) -> Step:
    return Step(verb, Walker(role, who, MONDAY + timedelta(after)))


PLAN = [
    step("open_call", "office_staff"),
    step("draft", "office_staff"),
    step("submit", "office_staff"),
]
AGREED = [
    *PLAN,
    step("agree", "office_staff", 1),
    step("agree", "party_office", 2),
    step("agree", "government_office", 3),
]
ASSIGNED = [step("assign", "assigning_office", 1), step("accept", "unit_admin", 2, after=1)]


def walk(name: str | Process, steps: list[Step]) -> Walk:
    return walked(shipped(name) if isinstance(name, str) else name, DAYS, steps)


def open_to(walk: Walk, role: str, who: int = 1, after: int = 0) -> dict[str, str]:
    """Verb → why not, of what this role may do."""
    offers = walk.offers(Walker(role, who, MONDAY + timedelta(after)))
    return {one.verb.name: one.refusal.words.en if one.refusal else "" for one in offers}


def test_it_begins_with_a_step_that_begins_a_matter() -> None:
    fresh = walk("assignment", [])
    assert fresh.state is None
    assert open_to(fresh, "assigning_office") == {"assign": "", "assign_co": ""}
    with pytest.raises(WrongState, match="not begun"):
        fresh.take(step("accept", "unit_admin"))
    with pytest.raises(Forbidden, match="is done by: Assigning office"):
        fresh.take(step("assign", "unit_admin"))
    with pytest.raises(NotFound):
        fresh.take(step("nothing", "unit_admin"))
    fresh.take(ASSIGNED[0])
    with pytest.raises(WrongState, match="not possible now"):
        fresh.take(ASSIGNED[0])


def test_each_office_agrees_once_and_each_by_another_person() -> None:
    two = walk("plan", AGREED[:5])
    assert two.state == "joint_revision"
    assert open_to(two, "party_office", 3) == {"agree": "Your office has already confirmed."}
    assert "someone else must do so" in open_to(two, "government_office", 2)["agree"]
    two.take(AGREED[5])
    assert two.state == "chairs_reviewed"


def test_nobody_approves_their_own_work_whatever_role_they_come_in() -> None:
    drafted = walk("assignment", [*ASSIGNED, step("draft_reply", "unit_handler", 3, after=2)])
    assert "their own work" in open_to(drafted, "unit_leader", 3, after=2)["reply"]
    assert open_to(drafted, "unit_leader", 4, after=2)["reply"] == ""


def test_what_must_be_on_record_is_asked_for_and_what_a_house_tells_is_taken_as_held() -> None:
    accepted = walk("assignment", ASSIGNED)
    assert open_to(accepted, "unit_leader", 4, after=1) == {
        "reply": "“Draft the reply” has to be done first."
    }
    asked = walk("assignment", [*ASSIGNED, step("request_extension", "unit_admin", 2, after=2)])
    assert open_to(asked, "unit_admin", 2, after=2)["request_extension"] == "This has been done already."


def test_what_was_done_at_an_earlier_stage_does_not_count_at_this_one() -> None:
    steps = [step("draft_reply", "unit_handler", 3, after=2), step("reply", "unit_leader", 4, after=2)]
    returned = walk("assignment", [*ASSIGNED, *steps, step("reject_reply", "assigning_office", after=3)])
    assert open_to(returned, "unit_leader", 4, after=3)["reply"].startswith(
        "“Draft the reply” has to be done first"
    )


def test_a_step_back_leads_to_where_it_came_from() -> None:
    returned = walk("assignment", [ASSIGNED[0], step("request_return", "unit_admin", 2, after=1)])
    assert returned.state == "return_requested"
    returned.take(step("refuse_return", "assigning_office", 1, after=2))
    assert returned.state == "assigned"


def test_a_window_closes_and_a_waiting_time_ends_as_the_days_pass() -> None:
    assigned = walk("assignment", ASSIGNED[:1])
    assert open_to(assigned, "unit_admin", after=7)["request_return"] == ""
    assert open_to(assigned, "unit_admin", after=8)["request_return"].endswith("possible until 2027-01-11.")
    noticed = walk(
        read(WITH_NOTICE),
        [
            *AGREED,
            step("record_review", "office_staff"),
            step("record_decision", "office_staff"),
            step("give_notice", "office_staff"),
        ],
    )
    assert noticed.state == "on_notice"
    assert open_to(noticed, "leader", after=7)["issue"] == "The time for it runs until 2027-01-11."
    assert open_to(noticed, "leader", after=8)["issue"] == ""


def test_deadlines_run_from_the_days_of_the_walk() -> None:
    found = walk("assignment", ASSIGNED)
    assert {one.clock.what.en: one.due for one in found.deadlines()} == {"Written reply": date(2027, 3, 4)}
    assert found.unknown() == []
    decided = walk("plan", [*AGREED, step("record_review", "office_staff")])
    assert list(decided.deadlines()) == []
    assert [clock.what.en for clock in decided.unknown()] == ["Decide and issue before the plenary"]


def test_with_the_dates_that_a_procedure_names_its_deadlines_and_windows_run() -> None:
    steps = [*AGREED, step("record_review", "office_staff")]
    assert dates_of(shipped("plan")) == ["field.plenary_on"]
    dated = walked(shipped("plan"), DAYS, steps, {"field.plenary_on": date(2027, 2, 22)})
    assert [one.due for one in dated.deadlines()] == [date(2027, 2, 19)]
    assert dated.unknown() == []
    text = (SHIPPED / "plan.toml").read_text(encoding="utf-8")
    issue = 'when    = [{ done = "record_decision" }]\n'
    window = read(text.replace(issue, f'{issue}open    = "5 days of field.plenary_on"\n', 1))
    steps.append(step("record_decision", "office_staff"))
    for given, refusal in (
        ({}, ""),
        ({"field.plenary_on": date(2026, 12, 28)}, "possible until 2027-01-04."),
    ):
        found = open_to(walked(window, DAYS, steps, given), "leader", after=1)["issue"]
        assert found.endswith(refusal)
        assert bool(found) == bool(refusal)


def test_a_date_of_what_a_matter_belongs_to_is_named_as_its_parents() -> None:
    assert dates_of(shipped("research")) == ["parent.planned_on"]
    assert dates_of(shipped("comment")) == []


def test_the_one_invited_is_one_person() -> None:
    asked = walk("attendance", [step("invite", "committee_staff", 1)])
    for who in (2, 3):
        assert open_to(asked, "invitee", who)["accept"] == ""
    asked.take(step("accept", "invitee", 2))
    assert open_to(asked, "invitee", 2)["request_leave"] == ""
    assert "is done by: The one invited" in open_to(asked, "invitee", 3)["request_leave"]


def test_what_is_the_submitters_is_only_theirs() -> None:
    begun = walk("comment", [step("post", "citizen", 2)])
    assert "is done by: The one who put it forward" in open_to(begun, "submitter", 1)["withdraw"]
    assert open_to(begun, "submitter", 2)["withdraw"] == ""


def test_the_system_keeps_nobody_apart() -> None:
    by_system = Walker.of("system", "3", "2027-01-04")
    assert by_system.who is None


def test_days_do_not_run_backwards() -> None:
    with pytest.raises(WrongState, match="stops at step 2: The day cannot be before"):
        walk("assignment", [step("assign", "assigning_office", after=2), ASSIGNED[1]])


def test_a_walk_that_cannot_be_is_refused_at_its_step() -> None:
    with pytest.raises(
        WrongState, match="stops at step 2: “Close the call and draft” is done by: CPPCC Office"
    ):
        walk("plan", [PLAN[0], step("draft", "leader")])
    more = [step("record_decision", "office_staff")] * MOST
    with pytest.raises(Refused, match=f"stops at step {MOST + 1}: A walk has at most"):
        walk(
            read(WITH_NOTICE.replace('once_per     = "stay"\n', "")),
            [*AGREED, step("record_review", "office_staff"), *more],
        )


def test_a_step_is_a_text_and_back() -> None:
    for one in (*AGREED, step("close", "system", None)):
        assert Step.parse(str(one)) == one


@pytest.mark.parametrize(
    "text",
    [
        "",
        "agree",
        "agree.leader.1",
        "agree.nobody.1.2027-01-04",
        "agree.leader.11.2027-01-04",
        "agree.leader.01.2027-01-04",
        "agree.leader.1.2027-02-30",
        "agree.leader.1.9999-12-31",
        "agree.leader.１.2027-01-04",
        "agree.leader.1.2027-01-04\n",
        "a" * 10_000,
    ],
)
def test_a_text_that_is_no_step_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        Step.parse(text)
