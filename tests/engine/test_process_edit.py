"""A form writes into a text what it says and nothing else; the text stays the one truth."""

import difflib
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.editions import SHIPPED, shipped, shipped_names
from engine.errors import Invalid, NotFound, WrongState
from engine.process import Broken, State, Verb, read
from engine.process_check import check
from engine.process_edit import Stage, part_of, with_stage, without, written
from engine.vocabulary import vocabulary
from engine.words import Words
from tests.engine.actions.test_editions import PLAN, WITH_NOTICE

TEXTS = {name: (SHIPPED / f"{name}.toml").read_text(encoding="utf-8") for name in shipped_names()}
PARTS = [
    (name, f"{kind}.{part}")
    for name in shipped_names()
    for kind, parts in (("state", shipped(name).states), ("verb", shipped(name).verbs))
    for part in parts
]
DEADLINES = [
    (name, state.name, at)
    for name in shipped_names()
    for state in shipped(name).states.values()
    for at, clock in enumerate(state.due)
    if clock.within or clock.before
]
few = settings(max_examples=30)
"""A long text takes a tenth of a second to read and write."""
NOTICE = Stage(
    Words("公示", "Public notice"),
    Words("结束公示", "End the notice"),
    ["leader"],
    "5 workdays",
    "10 workdays",
    "1 workday",
)


def lines(old: str, new: str) -> list[str]:
    """What differs, line by line."""
    found = difflib.unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm="")
    return [line for line in found if line[0] in "+-" and line[:3] not in ("+++", "---")]


def as_it_stands(part: State | Verb) -> tuple[dict[str, str], list[str]]:
    fields = {"zh": part.title.zh, "en": part.title.en}
    if isinstance(part, Verb):
        return fields, list(part.all_of or part.by)
    for at, clock in enumerate(part.due):
        if span := clock.within or clock.before:
            fields[f"due.{at}"] = f"{span.period.count} {span.period.unit}s"
    return fields, []


@few
@given(st.sampled_from(PARTS))
def test_a_form_sent_back_as_it_came_changes_nothing(at: tuple[str, str]) -> None:
    text = TEXTS[at[0]]
    fields, doers = as_it_stands(part_of(read(text), at[1]))
    assert written(text, at[1], fields, doers) == text


@few
@given(st.sampled_from(DEADLINES), st.integers(101, 999), st.sampled_from(["workdays", "days", "months"]))
def test_a_changed_length_changes_its_line_only(at: tuple[str, str, int], number: int, unit: str) -> None:
    name, state, place = at
    text = TEXTS[name]
    new = written(text, f"state.{state}", {f"due.{place}": f"{number} {unit}"})
    gone, come = lines(text, new)
    was, will = (read(one).states[state].due[place] for one in (text, new))
    for span, before in ((will.within, was.within), (will.before, was.before)):
        assert (span is None) == (before is None)
        if span and before:
            assert (span.period.count, f"{span.period.unit}s", span.of) == (number, unit, before.of)
    assert gone.partition("=")[0][1:] == come.partition("=")[0][1:]


@few
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1).filter(str.strip))
def test_any_title_is_kept_as_it_was_typed(title: str) -> None:
    new = written(PLAN, "verb.issue", {"zh": title, "en": title}, ["leader"])
    at = list(shipped("plan").verbs).index("issue")
    assert tomllib.loads(new)["verb"][at]["title"] == {"zh": title, "en": title}


def test_who_may_is_written_where_it_stood() -> None:
    assert lines(PLAN, written(PLAN, "verb.issue", {}, ["leader", "office_staff"])) == [
        '-by      = ["leader"]',
        '+by      = ["leader", "office_staff"]',
    ]
    both = written(PLAN, "verb.agree", {}, ["party_office", "office_staff"])
    assert lines(PLAN, both)[1] == '+all_of = ["party_office", "office_staff"]'


def test_a_stage_is_put_between_two_and_may_run() -> None:
    new = with_stage(PLAN, "record_review", NOTICE)
    process = check(new, vocabulary("plan"))
    assert process.verbs["record_review"].to == "stage_1"
    assert process.verbs["end_stage_1"].to == "approved"
    assert [clock.owner for clock in process.states["stage_1"].due] == ["leader"]
    names = list(process.states)
    assert names.index("stage_1") + 1 == names.index("approved")
    assert [line for line in lines(PLAN, new) if line[0] == "-"] == ['-to           = "approved"']
    again = with_stage(new, "end_stage_1", NOTICE)
    assert check(again, vocabulary("plan")).verbs["end_stage_1"].to == "stage_2"


@pytest.mark.parametrize("verb", [verb.name for verb in shipped("plan").verbs.values() if verb.to])
def test_a_stage_that_was_put_in_is_taken_out_without_a_trace(verb: str) -> None:
    assert without(with_stage(PLAN, verb, NOTICE), "state.stage_1") == PLAN


def test_a_step_is_taken_out_alone() -> None:
    new = without(PLAN, "verb.return_to_draft")
    assert set(read(PLAN).verbs) - set(read(new).verbs) == {"return_to_draft"}
    assert not [line for line in lines(PLAN, new) if line[0] == "+"]


def test_what_stood_among_other_things_is_taken_out_too() -> None:
    process = read(without(WITH_NOTICE, "state.on_notice"))
    assert process.verbs["give_notice"].to == "issued"
    assert "issue" not in process.verbs


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(NotFound):
        written(PLAN, "state.nothing", {})
    with pytest.raises(NotFound):
        without(PLAN, "field.title")
    with pytest.raises(Invalid) as wrong:
        written(PLAN, "state.draft_plan", {"zh": " ", "due.0": "soon"})
    assert wrong.value.fields.keys() == {"zh", "due.0"}
    with pytest.raises(Invalid) as wrong:
        with_stage(PLAN, "submit", Stage(Words("", "x"), Words("x", ""), [], "x", "", ""))
    assert wrong.value.fields.keys() == {"stage.zh", "step.en", "wait", "within"}
    for verb in ("record_decision", "refuse_return"):
        with pytest.raises(WrongState, match="no certain stage"):
            with_stage(TEXTS["plan" if verb in PLAN else "assignment"], verb, NOTICE)
    with pytest.raises(Broken):
        written("process =", "verb.issue", {})


def test_a_text_in_another_shape_is_written_too() -> None:
    inline = """\
process = "x"
title = { zh = "请", en = "X" }
start = "a"
state = { a = { title = { zh = "甲", en = "A" } } }
verb = [{ name = "v", title = { zh = "办", en = "V" }, create = true, to = "a", by = ["leader"] }]
"""
    assert read(written(inline, "verb.v", {"en": "W"}, ["member"])).verbs["v"].by == ("member",)
    assert read(written(inline, "state.a", {"en": "B"})).states["a"].title.en == "B"
    assert not read(without(inline, "verb.v")).verbs
    with pytest.raises(Broken):
        with_stage(inline, "v", NOTICE)
