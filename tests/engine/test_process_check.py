"""The check names what is wrong with a text and on which line; no change of a shipped file that matters gets past."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from engine.editions import SHIPPED, shipped_names
from engine.process import Broken, Finding, read
from engine.process_check import check
from engine.vocabulary import DOCUMENTS, PARENTS, vocabulary
from tests.engine.test_processes import differences
from workers.jobs.documents import MAKES

GOOD = """\
process = "leave"
title = { zh = "请假", en = "Leave" }
start = "asked"

[field.reason]
kind = "text"
label = { zh = "事由", en = "Reason" }
max = 200

[field.sort]
kind = "choice"
label = { zh = "类别", en = "Sort" }
choices = { sick = "病假 | Sick leave", other = "其他 | Other" }

[state.asked]
title = { zh = "待批", en = "Asked" }
marks = ["waiting"]
[[state.asked.due]]
what = { zh = "批复", en = "Decide" }
within = "3 workdays"
owner = "office_staff"
warn = ["1 workday"]

[state.agreed]
title = { zh = "已同意", en = "Agreed" }

[state.granted]
title = { zh = "已准假", en = "Granted" }
end = true

[[verb]]
name = "ask"
title = { zh = "请假", en = "Ask" }
create = true
to = "asked"
by = ["member", "office_staff"]
needs = ["sort", "reason"]

[[verb]]
name = "note"
title = { zh = "备注", en = "Note" }
from = ["agreed"]
stays = true
by = ["office_staff"]

[[verb]]
name = "approve"
title = { zh = "同意", en = "Agree" }
from = ["asked"]
to = "agreed"
by = ["office_staff"]
not_by = ["ask"]

[[verb]]
name = "approve_again"
title = { zh = "批准", en = "Grant" }
from = ["agreed"]
to = "granted"
by = ["leader"]
when = [{ done = "note" }]
open = "5 workdays of asked"
"""

BACK = """
[[verb]]
name = "back"
title = { zh = "退回", en = "Back" }
from = ["granted"]
to = "previous"
by = ["leader"]
"""
LOST = """\
[state.lost]
title = { zh = "失", en = "Lost" }
end = true

"""
NUMBERED = """
[[verb]]
name = "approve_{0}"
title = {{ zh = "批{0}", en = "Approve {0}" }}
from = ["agreed"]
stays = true
by = ["leader"]
"""
ANY_LEADER = 'by = ["office_staff", "leader"]\nnot_by'
NOTED_BY_LEADER = 'by = ["leader"]\n\n[[verb]]\nname = "approve"'

TICKS = '"duty_leader"]\nneeds = ["readiness"]'

WRONG = {
    "unreachable state": [
        ('to = "asked"\n', 'to = "agreed"\n', "No step leads to “Asked”", "[state.asked]"),
        ("[state.agreed]", f"{LOST}[state.agreed]", "No step leads to “Lost”", "[state.lost]"),
    ],
    "dead end": [
        ("end = true\n", "", "“Granted” is a dead end", "[state.granted]"),
        ('from = ["agreed"]\nto = "granted"', "stays = true\nfrom = [\"agreed\"]", "dead end", "[state.agreed]"),
    ],
    "cycle without exit": [
        ('to = "granted"', 'to = "asked"', "all ways run in a circle", "[state.asked]"),
        ("end = true\n", BACK, "“Granted” all ways run in a circle", "[state.granted]"),
    ],
    "verb nobody may do": [
        ('by = ["leader"]\n', "", "Nobody may do “Grant”", "approve_again"),
        ('by = ["leader"]', 'by = ["chairs_meeting"]', "Nobody may do “Grant”", "approve_again"),
    ],
    "one who begins what is not there": [
        ('by = ["member", "office_staff"]', 'by = ["submitter"]', "Nobody may do “Ask”", 'name = "ask"'),
        ('by = ["leader"]', 'all_of = ["leader", "sysadmin"]', "waits for someone", "all_of"),
    ],
    "two approvals one person can do": [
        ('by = ["leader"]', 'by = ["leader", "office_staff"]', "both “Agree” and “Grant”", "approve_again"),
        ('by = ["office_staff"]\nnot_by', ANY_LEADER, "both “Agree” and “Grant”", "approve_again"),
    ],
    "approval of one's own work": [
        ('not_by = ["ask"]\n', "", "Whoever did “Ask”", '"approve"'),
        ('by = ["office_staff"]\n\n[[verb]]\nname = "approve"', NOTED_BY_LEADER, "Whoever did “Note”", "approve_again"),
    ],
    "window shorter than its warning": [
        ('warn = ["1 workday"]', 'warn = ["3 workdays"]', "warn before", "warn ="),
        ('warn = ["1 workday"]', 'warn = ["1 month"]', "warn before", "warn ="),
    ],
    "untranslated name": [
        ('en = "Granted"', 'en = ""', "needs Chinese and English", "已准假"),
        ('en = "Granted"', 'en = "已准假"', "one Chinese, one English", "已准假"),
        ('other = "其他 | Other"', 'other = "其他"', "中文 | English", "choices"),
        ('en = "Granted"', 'en = "Gran\\u0000ted"', "needs Chinese and English", "已准假"),
    ],
    "unknown field": [
        ('needs = ["sort", "reason"]', 'needs = ["sort", "reasons"]', "no field “reasons”", "needs"),
        ('needs = ["sort", "reason"]', 'needs = ["reason"]\ntakes = ["kind"]', "no field “kind”", "takes"),
    ],
    "field nobody asks for": [
        ('needs = ["sort", "reason"]', 'needs = ["sort"]', "No step asks for “Reason”", "[field.reason]"),
        ('needs = ["sort", "reason"]', 'needs = ["reason"]', "No step asks for “Sort”", "[field.sort]"),
    ],
    "field that cannot be filled": [
        ('choices = { sick = "病假 | Sick leave", other = "其他 | Other" }\n', "", "nothing to choose", "[field.sort]"),
        ("max = 200", "max = 200\nmin = 300", "`min` is more", "min = 300"),
        ('kind = "text"', 'kind = "rows"', "each column", "[field.reason]"),
        ("max = 200", 'required_unless = { sort = "ill" }', "no choice “ill”", "required_unless"),
    ],
    "unknown guard": [
        ('{ done = "note" }', '"moon_is_full"', "no guard “moon_is_full”", "when"),
        ('{ done = "note" }', '"sitting_is_live"', "no guard “sitting_is_live”", "when"),
        ('{ done = "note" }', '{ done = "nod" }', "no step “nod”", "when"),
    ],
    "checklist nobody ticks": [
        ('kind = "choice"', 'kind = "checklist"', "Nobody can tick “Sick leave”", "[field.sort]"),
        ('{ done = "note" }', '{ ticked = "sort" }', "no checklist “sort”", "when"),
        ("stays = true", 'stays = true\nundoes = "ask"', "does not tick the same", "undoes"),
    ],
    "guards in a circle": [
        ('stays = true', 'stays = true\nwhen = [{ done = "note" }]', "wait for each other", "when"),
        ('from = ["agreed"]\nstays', 'from = ["asked"]\nstays', "so “Grant” never can", "when"),
    ],
    "guard on a step that leads away": [
        ("stays = true", 'to = "granted"', "so “Grant” never can", "when"),
        ('{ done = "note" }', '{ done = "approve_again" }', "so “Grant” never can", "when"),
    ],
    "child that cannot end": [
        ('{ done = "note" }', '{ every_child = "assignment.closed" }', "no “assignment” under", "when"),
        ('open = "5', 'carries = "topic"\nopen = "5', "no “topic” under", "carries"),
    ],
    "unknown role": [
        ('by = ["leader"]', 'by = ["leader", "mayor"]', "no role “mayor”", '"mayor"'),
        ('by = ["member", "office_staff"]', 'by = ["member"]\ntells = ["everyone"]', "no role “everyone”", "tells"),
    ],
    "unknown target": [
        ('to = "granted"', 'to = "grunted"', "no state “grunted”", "grunted"),
        ('from = ["asked"]', 'from = ["asks"]', "no state “asks”", "asks"),
    ],
    "unknown time unit": [
        ('within = "3 workdays"', 'within = "3 fortnights"', "not a length of time", "[[state.asked.due]]"),
        ('{ done = "note" }', '{ waited = "5 weeks" }', "not a length of time", "when"),
        ('open = "5 workdays of asked"', 'open = "5 hours"', "not a length of time", "open ="),
    ],
    "unknown day to count from": [
        ('within = "3 workdays"', 'within = "3 workdays of nowhere"', "no state “nowhere”", "[[state.asked.due]]"),
        ('within = "3 workdays"', 'before = "3 workdays of field.moon"', "no date “field.moon”", "[[state.asked.due]]"),
    ],
    "deadline without owner": [
        ('owner = "office_staff"\n', "", "`owner` is missing", "[[state.asked.due]]"),
        ('owner = "office_staff"', 'owner = "party_committee"', "Nobody owns", "owner"),
    ],
    "step that only the system could do": [
        ('by = ["leader"]', 'by = ["system"]', "Nobody may do “Grant”", "approve_again"),
        ('owner = "office_staff"', 'owner = "system"', "Nobody owns", "owner"),
    ],
    "several who are not several": [
        ('by = ["leader"]', 'all_of = ["leader", "leader"]', "two roles or more", "all_of"),
        ('by = ["leader"]', 'by = ["leader"]\non_behalf_of = "member"', "not a body", "on_behalf_of"),
    ],
    "name that no column holds": [
        ("[state.granted]", "[state.granted-at-last]", "small letters", "[state.granted-at-last]"),
        ('name = "note"', 'name = "' + "n" * 31 + '"', "small letters", "[[verb]]"),
    ],
    "time that never runs": [
        ('within = "3 workdays"', 'before = "3 workdays"', "needs a day", "before"),
        ("create = true\nto", "create = true\nto = \"previous\"\n#", "nothing is before it", "[[verb]]"),
    ],
    "what the language does not know": [
        ("create = true", "create = true\nwhenever = 1", "no “whenever”", "whenever"),
        ("stays = true", 'stays = "yes"', "true or false", "stays"),
        ('start = "asked"', "start = 3", "`start` is missing", "start"),
        ("[state.granted]", "[state.granted", "Not valid TOML", "[state.granted"),
        ('stays = true', 'stays = true\nmakes = ["D01"]', "Only a step that leaves", "[[verb]]"),
        ('open = "5', 'makes = ["D99"]\nopen = "5', "no document “D99”", "makes"),
    ],
}  # fmt: skip
CASES = [
    pytest.param(*case, id=f"{kind}-{number}")
    for kind, cases in WRONG.items()
    for number, case in enumerate(cases, start=1)
]


def findings(text: str, name: str = "leave") -> list[Finding]:
    try:
        check(text, vocabulary(name))
    except Broken as broken:
        return broken.findings
    return []


def test_a_good_text_may_run() -> None:
    assert findings(GOOD) == []


@pytest.mark.parametrize(("old", "new", "says", "line"), CASES)
def test_what_is_wrong_is_named_with_its_line(old: str, new: str, says: str, line: str) -> None:
    assert GOOD.count(old) >= 1
    text = GOOD.replace(old, new, 1)
    named = [one for one in findings(text) if says in one.words.en]
    assert named, findings(text)
    assert named[0].words.zh != named[0].words.en
    at = named[0].line
    assert line in "\n".join(text.splitlines()[at - 1 : at + 1])  # the line itself, or the head above it


def test_a_warning_may_come_on_any_day_before_the_deadline() -> None:
    assert findings(GOOD.replace('warn = ["1 workday"]', 'warn = ["2 workdays"]')) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[" * 5000,
        "a = " + "9" * 5000,
        "a = " + "{a=" * 3000,
        "\0",
        "x" * 300_000,
        "[[state]]",
        "verb = 3",
    ],
)
def test_a_text_of_any_shape_is_refused_in_words(text: str) -> None:
    assert findings(text)


def test_a_text_of_too_many_steps_is_refused_before_it_takes_long() -> None:
    steps = "".join(NUMBERED.format(number) for number in range(200))
    assert [one.words.en for one in findings(GOOD + steps)] == ["At most 100 states and 100 steps."]


def test_a_field_fits_the_column_it_is_kept_in() -> None:
    plan = (SHIPPED / "plan.toml").read_text(encoding="utf-8")
    place = plan.index("[field.plenary_on]")
    other = plan[:place] + plan[place:].replace('"date"', '"text"', 1)
    assert ["kept as another kind" in one.words.en for one in findings(other, "plan")] == [True]


@pytest.mark.parametrize("key", ["not_by", "on_behalf_of", "carries"])
@pytest.mark.parametrize("name", shipped_names())
def test_a_shipped_step_keeps_who_is_apart_on_whose_behalf_and_what_it_carries(name: str, key: str) -> None:
    text = Text((SHIPPED / f"{name}.toml").read_text(encoding="utf-8"))
    for at, verb in enumerate(text.process.verbs.values()):
        if getattr(verb, key):
            assert findings(text.without(f"verb.{at}.{key}"), name), verb.name


def test_every_kind_is_tried_twice() -> None:
    assert {kind for kind, cases in WRONG.items() if len(cases) < 2} == set()


@given(
    st.sampled_from(re.findall(r"^\w+ = (.+)$", GOOD, re.MULTILINE)),
    st.recursive(
        st.integers() | st.booleans() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
        ),
        max_leaves=5,
    ),
)
def test_whatever_stands_there_it_is_refused_in_words_or_may_run(old: str, new: object) -> None:
    findings(GOOD.replace(f" = {old}\n", f" = {tomlkit.item(new).as_string()}\n", 1))


def test_what_the_house_offers_is_what_it_has() -> None:
    assert MAKES.keys() == DOCUMENTS
    assert {*PARENTS, *PARENTS.values()} == set(shipped_names())


# ---- changes of the shipped files


@pytest.mark.parametrize(
    ("at", "value", "says"),
    [
        ("grant.by", '["assigning_office", "unit_leader"]', "cannot put it off"),
        ("grant.needs", '["extended_to"]', "needs a published reason"),
        ("extended.at_most", '"6 months of nowhere"', "no state “nowhere”"),
        ("extended.at_most", '"6 moons"', "not a length of time"),
        ("assigned.late_tells", '["chairs_meeting"]', "nobody who can be told"),
        ("assigned.late_tells", '["nobody"]', "nobody who can be told"),
    ],
)
def test_only_another_puts_a_deadline_off_with_a_reason_and_somebody_hears_that_it_is_late(
    at: str, value: str, says: str
) -> None:
    text = Text((SHIPPED / "assignment.toml").read_text(encoding="utf-8"))
    grant = list(text.process.verbs).index("grant_extension")
    table, _, key = at.partition(".")
    places = {
        "grant": f"verb.{grant}",
        "extended": "state.extended.due.1",
        "assigned": "state.assigned.due.0",
    }
    place = f"{places[table]}.{key}"
    found = findings(text.said(place, value), "assignment")
    assert [one.line for one in found if says in one.words.en] == [text.places[place] + 1]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('cutoff_named = "duty_leader"', 'cutoff_named = "recorder"', "Nobody can tick “The person who"),
        (', cutoff_named = "duty_leader" }', " }", "Nobody can tick “The person who"),
        (f'"live_operator", {TICKS}', TICKS, "Nobody can tick “The stream"),
        ('"public_warmup"]\nstays', "]\nstays", "cannot be ticked everywhere"),
        ("stays = true\nby    = [", 'to = "ready"\nby    = [', "stays in its state"),
    ],
)
def test_every_item_of_a_checklist_can_be_ticked_where_a_step_waits_for_it(
    old: str, new: str, says: str
) -> None:
    text = (SHIPPED / "sitting.toml").read_text(encoding="utf-8")
    assert old in text
    assert [one for one in findings(text.replace(old, new, 1), "sitting") if says in one.words.en]


class Text:
    """The text of a file, to be changed at the places the reader knows."""

    def __init__(self, text: str) -> None:
        self.process, self.lines = read(text), text.splitlines()
        self.places = {place: line - 1 for place, line in self.process.lines.items()}
        self.starts = sorted({*self.places.values(), len(self.lines)})

    def said(self, place: str, value: str) -> str:
        """With this value there; a value may go over several lines."""
        key = place.rpartition(".")[2]
        return self._cut(self.places[place], self._next(place), [f"{key} = {value}"])

    def without(self, place: str) -> str:
        """Without this key, or this table with all its keys."""
        inside = [line for other, line in self.places.items() if other.startswith(f"{place}.")]
        last = max([self.places[place], *inside])
        return self._cut(self.places[place], next(start for start in self.starts if start > last), [])

    def _next(self, place: str) -> int:
        return next(start for start in self.starts if start > self.places[place])

    def _cut(self, first: int, after: int, instead: list[str]) -> str:
        return "\n".join([*self.lines[:first], *instead, *self.lines[after:]])


def mutants(text: Text) -> Iterator[tuple[str, str]]:
    """What was done to the file, and the file it became."""
    states = list(text.process.states)
    for at, verb in enumerate(text.process.verbs.values()):
        place = f"verb.{at}"
        yield f"{verb.name} dropped", text.without(place)
        for key in ("not_by", "when", "needs", "open", "once_per", "on_behalf_of", "all_of", "by", "from"):
            if f"{place}.{key}" in text.places:
                yield f"{verb.name} without {key}", text.without(f"{place}.{key}")
        for key, roles in (("by", verb.by), ("all_of", verb.all_of)):
            for role in roles:
                others = [other for other in roles if other != role]
                yield f"{verb.name} without {role}", text.said(f"{place}.{key}", json.dumps(others))
        for state in states:
            if verb.to not in (None, state):
                yield f"{verb.name} to {state}", text.said(f"{place}.to", f'"{state}"')
    for name, state in text.process.states.items():
        for mark in state.marks:
            others = [other for other in state.marks if other != mark]
            yield f"{name} without {mark}", text.said(f"state.{name}.marks", json.dumps(others))
        if state.end:
            yield f"{name} is no end", text.without(f"state.{name}.end")
        for at, clock in enumerate(state.due):
            place = f"state.{name}.due.{at}"
            yield f"{name} without its clock {at}", text.without(place)
            yield f"{name}'s clock {at} is another's", text.said(f"{place}.owner", '"member"')
            for key in ("within", "before", "at_most"):
                if getattr(clock, key):
                    yield f"{name}'s clock {at} is longer", text.said(f"{place}.{key}", '"9 months"')
            for key in ("on", "late_tells"):
                if getattr(clock, key):
                    yield f"{name}'s clock {at} without {key}", text.without(f"{place}.{key}")


@pytest.mark.parametrize("name", shipped_names())
def test_no_change_of_a_shipped_file_gets_past_the_check_and_its_tables(name: str) -> None:
    """The check proves what holds of any procedure; that it is this office's own, only its tables can say."""
    missed, tried = [], 0
    for what, mutant in mutants(Text((SHIPPED / f"{name}.toml").read_text(encoding="utf-8"))):
        tried += 1
        with suppress(Broken):
            if not differences(check(mutant, vocabulary(name))):
                missed.append(what)
    assert tried > 40
    assert missed == []
