"""What differs between two editions is said in sentences, nothing left out."""

from dataclasses import fields

import pytest

from engine.editions import shipped, shipped_names
from engine.process import Field, State, Verb, read
from engine.process_diff import PARTS, changes, lost_states
from tests.engine.test_process_check import GOOD

OLD = read(GOOD)


@pytest.mark.parametrize("name", shipped_names())
def test_a_procedure_does_not_differ_from_itself(name: str) -> None:
    assert list(changes(shipped(name), shipped(name))) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('start = "asked"', 'start = "agreed"', ["Process “Leave”, starts at: Asked → Agreed."]),
        ('en = "Leave"', 'en = "Absence"', ["Process “Absence”, name: Leave → Absence."]),
        (
            'within = "3 workdays"',
            'within = "5 days"',
            [
                "State “Asked”, deadlines: Decide 3 working days (office_staff, warned 1 working day)"
                " → Decide 5 days (office_staff, warned 1 working day)."
            ],
        ),
        ('to = "granted"', 'to = "asked"', ["Step “Grant”, leads to: Granted → Asked."]),
        ('not_by = ["ask"]\n', "", ["Step “Agree”, not by who did: Ask → none."]),
        ("stays = true", "stays = true\nfree = true", ["Step “Note”, on no to-do list: none → yes."]),
        ('when = [{ done = "note" }]\n', "", ["Step “Grant”, conditions: done Note → none."]),
        (
            'open = "5 workdays of asked"\n',
            "",
            ["Step “Grant”, window: 5 working days of Asked → none."],
        ),
        (
            '[field.sort]\nkind = "choice"',
            '[field.kind]\nkind = "choice"',
            ["Field “Sort” is gone.", "Field “Sort” is new."],
        ),
        ("max = 200", "max = 300", ["Field “Reason”, most: 200 → 300."]),
    ],
)
def test_a_change_is_a_sentence(old: str, new: str, says: list[str]) -> None:
    found = list(changes(OLD, read(GOOD.replace(old, new, 1))))
    assert [words.en for words in found] == says
    assert all(words.zh.endswith("。") for words in found)


def test_every_part_of_a_text_has_its_word() -> None:
    parts = {part.name for kind in (State, Verb, Field) for part in fields(kind)}
    assert PARTS.keys() == parts - {"name"}


def test_a_state_that_is_gone_strands_whoever_is_in_it() -> None:
    new = read(GOOD.replace("[state.agreed]", "[state.accepted]"))
    assert [state.name for state in lost_states(OLD, new)] == ["agreed"]
    assert [words.en for words in changes(OLD, new)] == ["State “Agreed” is gone.", "State “Agreed” is new."]
