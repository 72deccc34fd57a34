"""The check names what is wrong with a text and on which line; no change of a shipped file that matters gets past."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from engine.editions import SHIPPED, shipped, shipped_names
from engine.process import Broken, Clock, Finding, Process, State, Verb, read
from engine.process_check import check, prove
from engine.vocabulary import DOCUMENTS, PARENTS, vocabulary
from engine.workdays import Period
from tests.engine.test_processes import differences
from workers.jobs.documents import MAKES

T = TypeVar("T")

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
BY_TWO = GOOD[GOOD.index('by = ["office_staff"]\nnot_by') :]
FOR_ONE_BODY = BY_TWO.replace('"leader"', '"office_staff"').replace(
    'by = ["office_staff"]\n', 'by = ["office_staff"]\non_behalf_of = "chairs_meeting"\n'
)
"""The same staff record both approvals of one meeting."""
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
TO_AGREED = 'to = "agreed"'
NOTED_BY_LEADER = 'by = ["leader"]\n\n[[verb]]\nname = "approve"'

TICKS = '"duty_leader"]\nneeds = ["readiness"]'
TICKED_BY = 'by    = ["committee_staff", "moderator"'

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
        (BY_TWO, FOR_ONE_BODY, "both “Agree” and “Grant”", "approve_again"),
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
    "wait that outlasts the deadline": [
        (TO_AGREED, f'{TO_AGREED}\nwhen = [{{ waited = "3 workdays" }}]', "it would always be late", "when"),
        (TO_AGREED, f'{TO_AGREED}\nwhen = [{{ waited = "10 days" }}]', "it would always be late", "when"),
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


def test_the_same_staff_may_record_what_two_bodies_decide() -> None:
    by_two = FOR_ONE_BODY.replace('"chairs_meeting"', '"party_committee"', 1)
    assert [one for one in findings(GOOD.replace(BY_TWO, by_two)) if "both" in one.words.en] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (TO_AGREED, f'{TO_AGREED}\nwhen = [{{ waited = "2 workdays" }}]'),
        (TO_AGREED, f'{TO_AGREED}\nwhen = [{{ waited = "3 workdays" }}]\nfree = true'),
        ('within = "3 workdays"', 'within = "3 workdays of agreed"'),
    ],
)
def test_a_step_may_wait_where_it_or_another_can_still_be_in_time(old: str, new: str) -> None:
    sooner = """
[[verb]]
name = "refuse"
title = { zh = "不同意", en = "Refuse" }
from = ["asked"]
to = "granted"
by = ["leader"]
"""
    assert findings(GOOD.replace(old, new, 1) + (sooner if "free" in new else "")) == []


@pytest.mark.parametrize(
    ("name", "verb", "role"),
    [
        ("plan", "draft", "unit_admin"),
        ("plan", "draft", "moderator"),
        ("topic", "accept", "host"),
        ("consultation", "approve_programme", "unit_leader"),
        ("topic", "accept", "invitee"),
    ],
)
def test_who_reaches_no_row_of_a_procedure_can_do_nothing_in_it(name: str, verb: str, role: str) -> None:
    text = Text((SHIPPED / f"{name}.toml").read_text(encoding="utf-8"))
    at = f"verb.{list(text.process.verbs).index(verb)}"
    found = findings(text.said(f"{at}.by", f'["{role}"]'), name)
    assert [one.line for one in found if "Nobody may do" in one.words.en] == [text.places[at] + 1]
    clock = next(f"state.{state.name}.due.0" for state in text.process.states.values() if state.due)
    found = findings(text.said(f"{clock}.owner", f'"{role}"'), name)
    assert [one.line for one in found if "Nobody owns" in one.words.en] == [text.places[f"{clock}.owner"] + 1]


def test_whoever_has_a_unit_may_be_asked_where_the_form_names_one() -> None:
    text = Text((SHIPPED / "topic.toml").read_text(encoding="utf-8"))
    at = list(text.process.verbs).index("answer")
    assert findings(text.said(f"verb.{at}.by", '["unit_leader"]'), "topic") == []


def test_what_stands_in_a_text_of_several_lines_is_no_header_and_no_key() -> None:
    several = '''zh = """请\\
[[verb]]\\
[state.asked]\\
name = \\"""假""", en = 'Leave' }  # it's'''
    longer = GOOD.replace('zh = "请假", en = "Leave" }', several, 1)
    assert findings(longer) == []
    broken = longer.replace('to = "granted"', 'to = "grunted"')
    line = broken.splitlines().index('to = "grunted"') + 1
    assert findings(broken)[0].line == line == GOOD.splitlines().index('to = "granted"') + 4


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


def test_a_shipped_step_that_carries_several_keeps_each_of_them() -> None:
    text = (SHIPPED / "sitting.toml").read_text(encoding="utf-8")
    assert findings(text, "sitting") == []
    (lost,) = findings(text.replace('["attendance", "material"]', '"attendance"'), "sitting")
    assert lost.words.en == "“Cancel the sitting” keeps `carries` = “material”."


def test_what_a_shipped_text_leaves_untold_stays_so() -> None:
    text = (SHIPPED / "attendance.toml").read_text(encoding="utf-8")
    (lost,) = findings(text.replace("untold = true", "untold = false"), "attendance")
    assert lost.words.en == "“Link of the remote seat” keeps `untold`."


def test_only_a_file_bears_a_watermark() -> None:
    text = (SHIPPED / "material.toml").read_text(encoding="utf-8")
    (wrong,) = findings(text.replace("[field.note]", "[field.note]\nwatermark = true"), "material")
    assert wrong.words.en == "Only a file can bear a watermark."


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
        (f"stays = true\n{TICKED_BY}", f'to = "ready"\n{TICKED_BY}', "stays in its state"),
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

    def after(self, place: str, line: str) -> str:
        """With one line more."""
        return self._cut(self.places[place] + 1, self.places[place] + 1, [line])

    def _next(self, place: str) -> int:
        return next(start for start in self.starts if start > self.places[place])

    def _cut(self, first: int, after: int, instead: list[str]) -> str:
        return "\n".join([*self.lines[:first], *instead, *self.lines[after:]])


ON_SHIPPED = {
    "lost mark": [
        ("topic", "state.reserve.marks", '["public"]', "The mark “reserve”"),
        ("plan", "state.issued.marks", "[]", "The mark “issued”"),
        ("plan", "state.draft_plan.marks", '["drafted"]', "The mark “drafting”"),
    ],
    "child that cannot end": [
        ("consultation", "conclude.when", '[{ every_child = "recommendation.buried" }]', "never reach “buried”"),
        ("consultation", "report_up.when", '[{ a_child = "sitting.approved" }]', "never reach “approved”"),
        ("plan", "return_to_draft.carries", '"topic"', "no step “return_to_draft” that the system does"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "at", "value", "says"), [case for cases in ON_SHIPPED.values() for case in cases]
)
def test_what_is_wrong_with_a_shipped_file_is_named_with_its_line(
    name: str, at: str, value: str, says: str
) -> None:
    text = Text((SHIPPED / f"{name}.toml").read_text(encoding="utf-8"))
    table, _, key = at.rpartition(".")
    place = table if table.startswith("state.") else f"verb.{list(text.process.verbs).index(table)}"
    last = f"{place}.{key}" if f"{place}.{key}" in text.places else f"{place}.name"
    changed = (
        text.said(f"{place}.{key}", value) if last.endswith(key) else text.after(last, f"{key} = {value}")
    )
    found = [one.line for one in findings(changed, name) if says in one.words.en]
    assert len(found) == 1
    assert text.places[place] < found[0] <= text.places[last] + 2


def test_every_kind_of_fault_that_was_asked_for_is_tried_twice() -> None:
    asked = {
        *("unreachable state", "dead end", "verb nobody may do", "two approvals one person can do"),
        *("window shorter than its warning", "lost mark", "child that cannot end", "untranslated name"),
        *("unknown field", "unknown guard", "unknown role", "unknown target", "unknown time unit"),
        *("cycle without exit", "deadline without owner"),
    }
    tried = {kind: len(cases) for kind, cases in (WRONG | ON_SHIPPED).items()}
    assert asked <= tried.keys()
    assert {kind for kind, cases in tried.items() if cases < 2} == set()


class Mutants:
    """Every small change of a process: its kind, what was changed, and what became of it."""

    def __init__(self, process: Process) -> None:
        self.process = process

    def verb(self, verb: Verb, **change: object) -> Process:
        changed = replace(verb, **change)  # type: ignore[arg-type]
        return replace(self.process, verbs={**self.process.verbs, verb.name: changed})

    def state(self, state: State, **change: object) -> Process:
        changed = replace(state, **change)  # type: ignore[arg-type]
        return replace(self.process, states={**self.process.states, state.name: changed})

    def clock(self, state: State, at: int, **change: object) -> Process:
        changed = replace(state.due[at], **change)  # type: ignore[arg-type]
        return self.state(state, due=(*state.due[:at], changed, *state.due[at + 1 :]))

    def __iter__(self) -> Iterator[tuple[str, str, Process]]:
        for verb in self.process.verbs.values():
            yield from self.of_verb(verb)
        for state in self.process.states.values():
            for mark in state.marks:
                yield "mark", f"{state.name} without {mark}", self.state(state, marks=but(state.marks, mark))
            yield "end", state.name, self.state(state, end=not state.end)
            for at, clock in enumerate(state.due):
                yield from self.of_clock(state, at, clock)

    def of_verb(self, verb: Verb) -> Iterator[tuple[str, str, Process]]:
        others = {name: other for name, other in self.process.verbs.items() if name != verb.name}
        yield "verb", verb.name, replace(self.process, verbs=others)
        for name in self.process.states:
            if verb.to not in (None, name):
                yield "target", f"{verb.name} to {name}", self.verb(verb, to=name)
        for key in ("by", "all_of", "tells"):
            for role in getattr(verb, key):
                changed = self.verb(verb, **{key: but(getattr(verb, key), role)})
                yield "role", f"{verb.name} {key} without {role}", changed
        if verb.on_behalf_of:
            yield "role", f"{verb.name} on nobody's behalf", self.verb(verb, on_behalf_of=None)
        for period in other_periods(verb.open and verb.open.period):
            assert verb.open
            changed = self.verb(verb, open=replace(verb.open, period=period))
            yield "period", f"{verb.name} open for {period}", changed
        for key in ("not_by", "when", "needs", "start"):
            for one in getattr(verb, key):
                yield (
                    "gate",
                    f"{verb.name} {key} {one}",
                    self.verb(verb, **{key: but(getattr(verb, key), one)}),
                )
        for guard in verb.when:
            if isinstance(guard.number, int):
                more = replace(guard, number=guard.number + 1)
                yield "gate", f"{verb.name} {more}", self.verb(verb, when=(*but(verb.when, guard), more))
        for key, nothing in (("open", None), ("once_per", None), ("carries", ())):
            if getattr(verb, key):
                yield "gate", f"{verb.name} without {key}", self.verb(verb, **{key: nothing})

    def of_clock(self, state: State, at: int, clock: Clock) -> Iterator[tuple[str, str, Process]]:
        what = f"{state.name}’s clock {at}"
        yield "deadline", f"no {what}", self.state(state, due=but(state.due, clock))
        yield "role", f"{what} is another's", self.clock(state, at, owner="member")
        for role in clock.late_tells:
            changed = self.clock(state, at, late_tells=but(clock.late_tells, role))
            yield "role", f"{what} late without {role}", changed
        for key in ("within", "before", "at_most"):
            for period in other_periods((span := getattr(clock, key)) and span.period):
                changed = self.clock(state, at, **{key: replace(span, period=period)})
                yield "period", f"{what} {key} {period}", changed
        for place, warning in enumerate(clock.warn):
            for period in other_periods(warning):
                warn = (*clock.warn[:place], period, *clock.warn[place + 1 :])
                yield "period", f"{what} warns {period}", self.clock(state, at, warn=warn)


def but(those: Sequence[T], one: T) -> tuple[T, ...]:
    return tuple(other for other in those if other != one)


def other_periods(period: Period | None) -> list[Period]:
    """One longer, and as many of another unit."""
    if period is None:
        return []
    unit = "day" if period.unit != "day" else "workday"
    return [replace(period, count=period.count + 1), replace(period, unit=unit)]


def gets_past(process: Process) -> bool:
    """The check proves what holds of any procedure; that it is this office's own, only its tables can say."""
    try:
        prove(process, vocabulary(process.name))
    except Broken:
        return False
    return not differences(process)


def test_of_all_changes_of_the_shipped_files_at_least_95_in_100_are_caught() -> None:
    tried, missed = Counter[str](), dict[str, list[str]]()
    for name in shipped_names():
        kinds = Counter[str]()
        for kind, what, mutant in Mutants(shipped(name)):
            kinds[kind] += 1
            if gets_past(mutant):
                missed.setdefault(kind, []).append(f"{name}: {what}")
        assert {"verb", "target", "role"} <= kinds.keys(), name
        tried += kinds
    assert tried["period"]
    assert {kind: missed[kind] for kind in missed if len(missed[kind]) > 0.05 * tried[kind]} == {}
