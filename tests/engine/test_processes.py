"""The shipped procedures: each may run, agrees with its table of steps both ways, reads in both languages."""

import csv
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import String, inspect
from sqlalchemy.orm import Mapper

from engine import process as language
from engine.editions import SHIPPED, shipped, shipped_names
from engine.models.consultation import Consultation, Sitting
from engine.models.matter import Matter
from engine.process import Clock, Process, Span, State, Verb
from engine.process_check import check
from engine.vocabulary import vocabulary
from engine.words import Words

DOCS = Path(__file__).parents[2] / "docs"
STEPS = DOCS / "steps"
REFERENCE = DOCS / "process-language.md"
MARKS = {  # what figures, queries and pages ask for; a shipped file must carry them
    "topic": {
        *(
            "received",
            "open_for_support",
            "shortlisted",
            "reserve",
            "planned",
            "declined",
            "merged",
            "public",
        ),
        *("adjusting", "cancelled", "carried_over"),
    },
    "plan": {"call_open", "drafting", "issued"},
    "consultation": {"planned", "under_way", "reported", "concluded", "cancelled", "public"},
    "research": {"planned", "in_field", "report_submitted", "returned", "accepted", "cancelled"},
    "questionnaire": {"drafted", "open", "closed", "discarded", "cancelled"},
    "sitting": {"announced", "asking_open", "live", "interrupted", "held"},
    "attendance": {
        *(
            "invited",
            "will_attend",
            "leave_requested",
            "declined",
            "on_leave",
            "attended",
            "absent",
            "cancelled",
        ),
    },
    "material": {"uploaded", "released", "recalled"},
    "question": {
        *("waiting", "approved", "shortlisted", "on_air", "answered", "owed", "merged", "refused"),
        *("loose", "public", "withdrawn", "rejected", "hidden"),
    },
    "comment": {"waiting", "approved", "rejected", "hidden", "withdrawn"},
    "recommendation": {
        *("drafted", "reported", "assigned", "replied", "assessed", "implementing", "verified", "closed"),
    },
    "assignment": {"assigned", "accepted", "countersigned", "replied", "closed", "returned"},
}
PARENTS = {"research": Consultation, "attendance": Sitting, "material": Sitting}

Step = dict[str, object]
every_process = pytest.mark.parametrize("name", sorted(MARKS))


@cache
def steps_of_table(name: str) -> dict[str, tuple[int, Step]]:
    """verb → its line in the table, and what stands there."""
    with (STEPS / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    steps = {row["verb"]: (line, step_of_row(row)) for line, row in enumerate(rows, start=2)}
    assert len(steps) == len(rows), f"docs/steps/{name}.csv names a verb twice"
    return steps


def step_of_row(row: dict[str, str]) -> Step:
    return {
        "from": several(row["from"]),
        "to": row["to"],
        "who": several(row["who"]),
        "needs": several(row["needs"]),
        "gate": several(row["gate"]),
        "within": row["within"],
        "of": row["of"],
        "owner": row["owner"],
    }


def several(cell: str) -> set[str]:
    return set(cell.split("|")) - {""}


def step_of_verb(process: Process, verb: Verb) -> Step:
    entered = process.states.get(verb.to or "")
    clocks = list(clocks_of(entered)) if entered else []
    return {
        "from": set(verb.start),
        "to": verb.to or "",
        "who": set(verb.doers),
        "needs": set(verb.needs),
        "gate": set(gates_of(verb)),
        "within": "|".join(length for length, _ in clocks),
        "of": "|".join(of for _, of in clocks),
        "owner": "|".join(owner_of(clock) for clock in entered.due) if entered else "",
    }


def clocks_of(state: State) -> Iterator[tuple[str, str]]:
    for clock in state.due:
        for sign, span in (("", clock.within), ("before ", clock.before)):
            if span:
                yield f"{sign}{length_of(span)}", span.of or ""
        if clock.on:
            yield "on", clock.on if clock.at_most is None else f"{clock.on}, at most {written(clock.at_most)}"


def length_of(span: Span) -> str:
    return span.period.words.en.replace("working day", "workday")


def written(span: Span) -> str:
    return f"{length_of(span)} of {span.of}" if span.of else length_of(span)


def owner_of(clock: Clock) -> str:
    return " then ".join((clock.owner, *clock.late_tells))


def gates_of(verb: Verb) -> Iterator[str]:
    for guard in verb.when:
        yield guard.name if guard.number is None else f"{guard.name}={guard.number}"
    for other in verb.not_by:
        yield f"not_by={other}"
    if verb.all_of:
        yield "all"
    if verb.once_per:
        yield f"once_per={verb.once_per}"
    if verb.undoes:
        yield f"undoes={verb.undoes}"
    if verb.on_behalf_of:
        yield f"behalf={verb.on_behalf_of}"
    if verb.open:
        yield f"open={written(verb.open)}"


def spans_of(process: Process) -> Iterator[Span]:
    for state in process.states.values():
        for clock in state.due:
            yield from (span for span in (clock.within, clock.before, clock.at_most) if span)
    yield from (verb.open for verb in process.verbs.values() if verb.open)


def differences(process: Process) -> list[str]:
    """What a file and its two tables do not say alike."""
    name, table = process.name, steps_of_table(process.name)
    found = [
        f"docs/steps/{name}.csv:{line} “{verb}”: the file has no such verb"
        for verb, (line, _) in table.items()
        if verb not in process.verbs
    ]
    for at, verb in enumerate(process.verbs.values()):
        if verb.name not in table:
            line = process.lines[f"verb.{at}.name"]
            found.append(f"{name}.toml:{line} “{verb.name}”: the table has no such step")
            continue
        line, step = table[verb.name]
        found += [
            f"docs/steps/{name}.csv:{line} “{verb.name}”: {column} is {step[column]}, in the file {value}"
            for column, value in step_of_verb(process, verb).items()
            if step[column] != value
        ]
    states = {state.name: (list(state.marks), state.end) for state in process.states.values()}
    tells = {verb.name: verb.tells for verb in process.verbs.values() if verb.tells}
    if tells != tells_of_table(name):
        found.append(f"docs/steps/tells.csv: {name} is {tells_of_table(name)}, in the file {tells}")
    warns = {state.name: "|".join(map(warns_of, state.due)) for state in process.states.values() if state.due}
    if warns != warns_of_table(name):
        found.append(f"docs/steps/warns.csv: {name} is {warns_of_table(name)}, in the file {warns}")
    if states != states_of_table(name):
        found.append(f"docs/steps/states.csv: {name} is {states_of_table(name)}, in the file {states}")
    return found


@cache
def states_of_table(name: str) -> dict[str, tuple[list[str], bool]]:
    """state → its marks, and whether it is an end."""
    with (STEPS / "states.csv").open(encoding="utf-8", newline="") as lines:
        return {
            row["state"]: (row["marks"].split("|") if row["marks"] else [], row["end"] == "end")
            for row in csv.DictReader(lines)
            if row["process"] == name
        }


@cache
def tells_of_table(name: str) -> dict[str, tuple[str, ...]]:
    """verb → who is told."""
    with (STEPS / "tells.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["process"] == name]
    return {row["verb"]: tuple(row["tells"].split("|")) for row in rows}


@cache
def warns_of_table(name: str) -> dict[str, str]:
    """state → when its clocks warn."""
    with (STEPS / "warns.csv").open(encoding="utf-8", newline="") as lines:
        return {row["state"]: row["warns"] for row in csv.DictReader(lines) if row["process"] == name}


def warns_of(clock: Clock) -> str:
    return "+".join(length_of(Span(warning)) for warning in clock.warn)


def mapper_of(name: str) -> Mapper[Matter]:
    return inspect(Matter).polymorphic_map[name]


def test_every_shipped_file_has_its_table_and_every_table_its_file() -> None:
    assert (
        set(shipped_names())
        == {path.stem for path in STEPS.glob("*.csv")} - {"states", "tells", "warns"}
        == MARKS.keys()
    )


@every_process
def test_a_shipped_file_may_run(name: str) -> None:
    text = (SHIPPED / f"{name}.toml").read_text(encoding="utf-8")
    assert check(text, vocabulary(name)).name == name


@every_process
def test_a_file_and_its_tables_agree_both_ways(name: str) -> None:
    found = differences(shipped(name))
    assert not found, "\n".join(found)


@every_process
def test_the_states_of_a_file_are_those_its_table_names(name: str) -> None:
    named = {state for _, step in steps_of_table(name).values() for state in (step["to"], *step["from"])}
    assert named - {"", "previous"} == shipped(name).states.keys()


@every_process
def test_everything_a_file_shows_reads_in_chinese_and_in_english(name: str) -> None:
    process = shipped(name)
    shown = [process.title]
    for state in process.states.values():
        shown += [state.title, *(clock.what for clock in state.due)]
    for field in process.fields.values():
        shown += [field.label, *field.choices.values()]
    shown += [verb.title for verb in process.verbs.values()]
    assert not [words for words in shown if not is_translated(words)]


def is_translated(words: Words) -> bool:
    chinese = re.compile("[\u4e00-\u9fff]")
    return bool(chinese.search(words.zh)) and not chinese.search(words.en) and words.en.strip() == words.en


@every_process
def test_no_field_is_declared_that_no_verb_asks_for(name: str) -> None:
    process = shipped(name)
    asked = {field for verb in process.verbs.values() for field in verb.needs + verb.takes}
    assert process.fields.keys() == asked


@every_process
def test_a_field_that_stands_in_a_column_fits_it(name: str) -> None:
    columns = mapper_of(name).columns
    for field in shipped(name).fields.values():
        if field.name in columns and isinstance(columns[field.name].type, String):
            room = columns[field.name].type.length
            longest = max(map(len, field.choices)) if field.choices else field.max
            assert room is None or (longest and longest <= room), f"{name}.{field.name}"


@every_process
def test_every_day_a_clock_counts_from_is_a_column(name: str) -> None:
    for span in spans_of(shipped(name)):
        owner, dot, column = (span.of or "").partition(".")
        if dot:
            assert owner in ("field", "parent"), span
            columns = mapper_of(name).columns if owner == "field" else inspect(PARENTS[name]).columns
            assert column in columns, f"{name}: {span.of}"


@every_process
def test_what_a_verb_carries_along_can_be_done_by_the_system(name: str) -> None:
    for verb in shipped(name).verbs.values():
        for child in verb.carries:
            assert "system" in shipped(child).verbs[verb.name].by, f"{name}.{verb.name}"


@every_process
def test_a_guard_on_children_names_a_process_and_a_mark_that_exist(name: str) -> None:
    for verb in shipped(name).verbs.values():
        for guard in verb.when:
            if guard.name in ("a_child", "every_child"):
                process, _, mark = str(guard.number).partition(".")
                assert shipped(process).marked(mark), f"{name}.{verb.name}: {guard.number}"


def test_the_example_of_the_reference_may_run() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    example = re.search(r"```toml\n(.*?)```", text, re.DOTALL)
    assert example
    assert check(example[1], vocabulary("leave")).name == "leave"


def test_the_reference_names_every_key_and_every_kind_of_field() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    known = language._FIELD_KEYS | language._STATE_KEYS | language._CLOCK_KEYS | language._VERB_KEYS
    assert not [word for word in sorted(known | language._READERS.keys()) if f"`{word}" not in text]


def test_a_sitting_goes_live_only_from_ready_and_asks_questions_only_where_it_is_open() -> None:
    sitting = shipped("sitting")
    assert [(verb.name, verb.start) for verb in sitting.verbs.values() if verb.to == "live"] == [
        ("go_live", ("ready",)),
        ("resume", ("interrupted",)),
    ]
    assert sitting.marked("asking_open") == {"public_warmup", "ready", "live", "interrupted"}


def test_a_question_that_is_loose_is_neither_answered_owed_merged_nor_refused() -> None:
    question = shipped("question")
    loose = question.marked("loose")
    assert loose == {"pending", "escalated", "approved", "shortlisted", "on_air"}
    for mark in ("answered", "owed", "merged", "refused", "withdrawn", "rejected", "hidden"):
        assert not loose & question.marked(mark)


def test_only_approval_leads_from_waiting_to_what_the_public_sees() -> None:
    for name, mark in (("question", "public"), ("comment", "approved")):
        process = shipped(name)
        shown = process.marked(mark)
        assert [verb.name for verb in process.verbs_from("pending") if verb.to in shown] == ["approve"]
