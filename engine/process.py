"""A procedure is a file: reads and interprets the text of one process. No database.

The language is described in `docs/process-language.md`; whether a text may run is decided by `engine.process_check`.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from engine.clock import CITY
from engine.errors import Invalid
from engine.words import Words
from engine.workdays import FIRST_YEAR, LAST_YEAR, Period, day_written

TEXT_MAX = 10_000
ROWS_MAX = 50


@dataclass(frozen=True)
class Finding:
    """Something wrong with a text, and the line it stands on (0 where it is about the whole)."""

    line: int
    words: Words


class Broken(Exception):
    """The text is not a process."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("; ".join(f"line {finding.line}: {finding.words.en}" for finding in findings))
        self.findings = findings


@dataclass(frozen=True)
class Field:
    name: str
    kind: str
    label: Words
    help: Words | None = None
    choices: Mapping[str, Words] = field(default_factory=dict)
    of: Mapping[str, Any] = field(default_factory=dict)
    """For `rows`: column → kind of cell. For `points`: criterion → most points. For `checklist`: item → its owner."""
    min: int | None = None
    max: int | None = None
    required_unless: Mapping[str, str] = field(default_factory=dict)
    untold: bool = False
    """Its answer stands in no history and is not filled in again in a form."""
    watermark: bool = False
    """A PDF is handed out with the name of whoever gets it on every page."""

    def optional_with(self, given: Mapping[str, object]) -> bool:
        """Whether another answer makes this one unnecessary."""
        return any(given.get(name) == value for name, value in self.required_unless.items())


@dataclass(frozen=True)
class Span:
    """A length of time and where it starts: `5 workdays of assigned`; without `of`, from entering the state."""

    period: Period
    of: str | None = None


@dataclass(frozen=True)
class Clock:
    """A deadline of a state. It is computed when asked and never stored."""

    what: Words
    owner: str
    within: Span | None = None
    before: Span | None = None
    on: str | None = None
    """A date of the matter or its parent; where it is given it holds instead of the clock of the same name."""
    at_most: Span | None = None
    """How far the day in `on` may put a deadline off."""
    warn: tuple[Period, ...] = ()
    late_tells: tuple[str, ...] = ()
    """Roles that are told, once, when it has become late."""


@dataclass(frozen=True)
class State:
    name: str
    title: Words
    marks: tuple[str, ...] = ()
    due: tuple[Clock, ...] = ()
    end: bool = False


@dataclass(frozen=True)
class Guard:
    name: str
    number: int | str | None = None


@dataclass(frozen=True)
class Verb:
    name: str
    title: Words
    by: tuple[str, ...] = ()
    all_of: tuple[str, ...] = ()
    not_by: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    to: str | None = None
    stays: bool = False
    free: bool = False
    """Nobody waits for it: it may be done, and stands on no to-do list."""
    create: bool = False
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    when: tuple[Guard, ...] = ()
    open: Span | None = None
    once_per: str | None = None
    undoes: str | None = None
    """A step that ticks: the items given to this one are open again."""
    on_behalf_of: str | None = None
    carries: tuple[str, ...] = ()
    tells: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()
    help: Words | None = None

    @property
    def doers(self) -> tuple[str, ...]:
        return self.by + self.all_of


@dataclass(frozen=True)
class Process:
    name: str
    title: Words
    start: str
    edition: int
    fields: Mapping[str, Field]
    states: Mapping[str, State]
    verbs: Mapping[str, Verb]
    lines: Mapping[str, int]

    def verbs_from(self, state: str) -> Iterator[Verb]:
        return (verb for verb in self.verbs.values() if not verb.create and state in verb.start)

    def marked(self, mark: str) -> frozenset[str]:
        """The states that carry a mark: what figures and code ask for instead of a state's name."""
        return frozenset(state.name for state in self.states.values() if mark in state.marks)

    def checklist_of(self, verb: Verb) -> Field | None:
        """The one whose items a step ticks, or opens again."""
        asked = (self.fields.get(name) for name in verb.needs)
        return next((one for one in asked if one and one.kind == "checklist"), None)

    @property
    def ends(self) -> frozenset[str]:
        return frozenset(state.name for state in self.states.values() if state.end)

    def accept(self, verb: Verb, given: Mapping[str, object]) -> dict[str, Any]:
        """The answers of a form, typed; only fields this verb names get in. Raises `Invalid` by field."""
        wrong = {
            name: Words("这里没有这一项。", "There is no such field here.")
            for name in given
            if name not in verb.needs + verb.takes
        }
        values: dict[str, Any] = {}
        for name in verb.needs + verb.takes:
            spec = self.fields[name]
            if _is_empty(given.get(name)):
                if name in verb.needs and not spec.optional_with(given):
                    wrong[name] = Words(f"请填写“{spec.label.zh}”。", f"“{spec.label.en}” is required.")
                continue
            try:
                values[name] = _READERS[spec.kind](spec, given[name])
            except _Wrong as reason:
                wrong[name] = reason.words
        if wrong:
            raise Invalid(wrong)
        return values


def read(text: str, edition: int = 1) -> Process:
    """The process a text describes. Raises `Broken` with every finding of form; meaning is `process_check`'s."""
    if len(text) > LONGEST:
        raise Broken([Finding(0, Words(f"最多 {LONGEST} 字。", f"At most {LONGEST} characters."))])
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, a thousand brackets
        line = int(found[1]) if (found := re.search(r"line (\d+)", str(error))) else 0
        raise Broken(
            [Finding(line, Words(f"不是有效的 TOML：{error}", f"Not valid TOML: {error}"))]
        ) from error
    reader = _Reader(_lines(text))
    process = reader.process(table, edition)
    if reader.findings:
        raise Broken(reader.findings)
    return process


LONGEST = 200_000
_NAME = re.compile("[a-z][a-z0-9_]{0,29}")
"""As long as the narrowest column that a name of a text is kept in."""
_HEADER = re.compile(r"^\s*\[(\[)?\s*([\w.-]+)\s*\]")
_CHINESE = re.compile("[\u4e00-\u9fff]")
_KEY = re.compile(r"^\s*([\w-]+)\s*=")
_STRING = re.compile(
    r'"""(?:\\.|.)*?"{3,5}|' r"'''.*?'{3,5}|" r'"(?:\\.|[^"\\\n])*"|' r"'[^'\n]*'|" r"#[^\n]*", re.DOTALL
)
"""A text in quotes, or a comment: what stands in it over several lines is no header and no key."""


def _lines(text: str) -> dict[str, int]:
    """Where each header and key stands, which tomllib does not tell: `state.assigned`, `verb.2.by` → line."""
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    place = ""
    bare = _STRING.sub(lambda found: "\n" * found[0].count("\n") or found[0], text)
    for number, line in enumerate(bare.split("\n"), start=1):
        if header := _HEADER.match(line):
            place = header[2]
            if header[1]:
                counts[place] = counts.get(place, -1) + 1
                place = f"{place}.{counts[place]}"
            lines[place] = number
        elif key := _KEY.match(line):
            lines[f"{place}.{key[1]}".lstrip(".")] = number
    return lines


def line_of(lines: Mapping[str, int], place: str) -> int:
    """Where it stands, or what it stands in; 0 for what is nowhere."""
    while place and place not in lines:
        place = place.rpartition(".")[0]
    return lines.get(place, 0)


_PROCESS_KEYS = {"process", "title", "start", "field", "state", "verb"}
_FIELD_KEYS = {
    "kind",
    "label",
    "help",
    "choices",
    "of",
    "min",
    "max",
    "required_unless",
    "untold",
    "watermark",
}
_STATE_KEYS = {"title", "marks", "due", "end"}
_CLOCK_KEYS = {"what", "within", "before", "on", "of", "owner", "at_most", "warn", "late_tells"}
_VERB_KEYS = {
    "name",
    "title",
    "from",
    "to",
    "by",
    "all_of",
    "not_by",
    "needs",
    "takes",
    "when",
    "open",
    "help",
}
_VERB_KEYS |= {"stays", "free", "create", "once_per", "undoes", "on_behalf_of", "carries", "tells", "makes"}


class _Reader:
    """Turns the tables of a text into a `Process`, gathering what is wrong instead of stopping at the first."""

    def __init__(self, lines: Mapping[str, int]) -> None:
        self.lines = lines
        self.findings: list[Finding] = []

    def wrong(self, place: str, zh: str, en: str) -> None:
        line = line_of(self.lines, place)
        self.findings.append(Finding(line, Words(zh, en)))

    def process(self, table: dict[str, Any], edition: int) -> Process:
        self.known(table, _PROCESS_KEYS, "")
        fields = self.tables(table, "field")
        states = self.tables(table, "state")
        verbs = [
            self.verb(f"verb.{at}", entry) for at, entry in enumerate(self.list_of_tables(table, "verb"))
        ]
        names = [verb.name for verb in verbs]
        for place, name in (
            ("process", table.get("process")),
            *((f"field.{name}", name) for name in fields),
            *((f"state.{name}", name) for name in states),
            *((f"verb.{at}", name) for at, name in enumerate(names)),
        ):
            if isinstance(name, str) and name and not _NAME.fullmatch(name):
                self.wrong(
                    place,
                    f"名称“{name[:40]}”只能用小写字母、数字和下划线，最多 30 个。",
                    f"The name “{name[:40]}” may only have small letters, digits and _, at most 30.",
                )
        first = {name: at for at, name in reversed(list(enumerate(names)))}
        for at, verb in enumerate(verbs):
            if first[verb.name] != at:
                self.wrong(f"verb.{at}", f"“{verb.name}”写了两次。", f"“{verb.name}” stands twice.")
        return Process(
            name=self.text(table, "process", ""),
            title=self.words(table, "title", ""),
            start=self.text(table, "start", ""),
            edition=edition,
            fields={name: self.field(name, entry) for name, entry in fields.items()},
            states={name: self.state(name, entry) for name, entry in states.items()},
            verbs={verb.name: verb for verb in verbs},
            lines=self.lines,
        )

    def field(self, name: str, table: dict[str, Any]) -> Field:
        place = f"field.{name}"
        self.known(table, _FIELD_KEYS, place)
        kind = self.text(table, "kind", place)
        if kind and kind not in _READERS:
            self.wrong(f"{place}.kind", f"没有“{kind}”这种填写项。", f"There is no kind of field “{kind}”.")
        choices = self.pairs(table, "choices", place)
        return Field(
            name=name,
            kind=kind,
            label=self.words(table, "label", place),
            help=self.words(table, "help", place) if "help" in table else None,
            choices={key: self.pair(value, f"{place}.choices") for key, value in choices.items()},
            of=self.pairs(table, "of", place),
            min=self.number(table, "min", place),
            max=self.number(table, "max", place),
            required_unless=self.pairs(table, "required_unless", place),
            untold=self.flag(table, "untold", place),
            watermark=self.flag(table, "watermark", place),
        )

    def state(self, name: str, table: dict[str, Any]) -> State:
        place = f"state.{name}"
        self.known(table, _STATE_KEYS, place)
        return State(
            name=name,
            title=self.words(table, "title", place),
            marks=self.names(table, "marks", place),
            due=tuple(
                self.clock(f"{place}.due.{at}", entry)
                for at, entry in enumerate(self.list_of_tables(table, "due"))
            ),
            end=self.flag(table, "end", place),
        )

    def clock(self, place: str, table: dict[str, Any]) -> Clock:
        self.known(table, _CLOCK_KEYS, place)
        of = self.name(table, "of", place)
        within, before = (
            self.span(table[key], place, of) if key in table else None for key in ("within", "before")
        )
        at_most = self.span(table["at_most"], f"{place}.at_most", None) if "at_most" in table else None
        on = self.name(table, "on", place)
        if [within, before, on].count(None) != 2 or (on and not re.fullmatch(r"(field|parent)\.\w+", on)):
            self.wrong(
                place,
                "期限要写 within、before 或 on（field.… 或 parent.…）之一。",
                "A deadline is one of `within`, `before` or `on` (field.… or parent.…).",
            )
        if at_most and not (on or "").startswith("field."):
            self.wrong(
                f"{place}.at_most",
                "at_most 限制的是 on 所写的 field.… 那一天。",
                "`at_most` bounds the day of an `on` of field.….",
            )
        warn = (self.span(text, place, None) for text in self.names(table, "warn", place))
        return Clock(
            what=self.words(table, "what", place),
            owner=self.text(table, "owner", place),
            within=within,
            before=before,
            on=on,
            at_most=at_most,
            warn=tuple(span.period for span in warn if span),
            late_tells=self.names(table, "late_tells", place),
        )

    def verb(self, place: str, table: dict[str, Any]) -> Verb:
        self.known(table, _VERB_KEYS, place)
        name = self.text(table, "name", place)
        stays, create = self.flag(table, "stays", place), self.flag(table, "create", place)
        if ("to" in table) == stays:
            self.wrong(place, f"“{name}”要写 to 或 stays 之一。", f"“{name}” needs either `to` or `stays`.")
        if ("from" in table) == create:
            self.wrong(
                place, f"“{name}”要写 from 或 create 之一。", f"“{name}” needs either `from` or `create`."
            )
        if create and table.get("to") == "previous":
            self.wrong(
                place, f"“{name}”新建事项，没有上一阶段。", f"“{name}” begins a matter: nothing is before it."
            )
        return Verb(
            name=name,
            title=self.words(table, "title", place),
            by=self.names(table, "by", place),
            all_of=self.names(table, "all_of", place),
            not_by=self.names(table, "not_by", place),
            start=self.names(table, "from", place),
            to=self.name(table, "to", place),
            stays=stays,
            free=self.flag(table, "free", place),
            create=create,
            needs=self.names(table, "needs", place),
            takes=self.names(table, "takes", place),
            when=tuple(self.guard(entry, f"{place}.when") for entry in self.entries(table, "when", place)),
            open=self.span(table["open"], f"{place}.open", None) if "open" in table else None,
            once_per=self.name(table, "once_per", place),
            undoes=self.name(table, "undoes", place),
            on_behalf_of=self.name(table, "on_behalf_of", place),
            carries=self.one_or_several(table, "carries", place),
            tells=self.names(table, "tells", place),
            makes=self.names(table, "makes", place),
            help=self.words(table, "help", place) if "help" in table else None,
        )

    def guard(self, entry: object, place: str) -> Guard:
        if isinstance(entry, str):
            return Guard(entry)
        if isinstance(entry, dict) and len(entry) == 1:
            return Guard(*next(iter(entry.items())))
        self.wrong(place, "条件要写成名称或 { 名称 = 数 }。", "A guard is a name, or { name = number }.")
        return Guard("")

    def span(self, text: object, place: str, of: str | None) -> Span | None:
        length, _, anchor = str(text).partition(" of ")
        try:
            return Span(Period.parse(length), anchor or of)
        except ValueError as error:
            self.wrong(place, f"期限“{text}”无法识别。", f"“{text}” is not a length of time: {error}")
            return None

    def known(self, table: dict[str, Any], keys: set[str], place: str) -> None:
        for key in table.keys() - keys:
            self.wrong(
                f"{place}.{key}".lstrip("."), f"没有“{key}”这种写法。", f"The language has no “{key}” here."
            )

    def text(self, table: dict[str, Any], key: str, place: str) -> str:
        value = table.get(key)
        if isinstance(value, str) and value:
            return value
        self.wrong(f"{place}.{key}".lstrip("."), f"缺少 {key}。", f"`{key}` is missing.")
        return ""

    def words(self, table: dict[str, Any], key: str, place: str) -> Words:
        value = table.get(key)
        if isinstance(value, dict) and all(
            isinstance(said := value.get(language), str) and said and said.isprintable()
            for language in ("zh", "en")
        ):
            words = Words(value["zh"], value["en"])
            return words if key == "help" else self.translated(words, f"{place}.{key}".lstrip("."))
        self.wrong(
            f"{place}.{key}".lstrip("."), f"{key} 要有中文和英文。", f"`{key}` needs Chinese and English."
        )
        return Words("", "")

    def pair(self, text: object, place: str) -> Words:
        zh, bar, en = str(text).partition(" | ")
        if not (bar and zh and en):
            self.wrong(
                place,
                f"选项“{text}”要写成“中文 | English”。",
                f"The choice “{text}” is written “中文 | English”.",
            )
            return Words(zh, en)
        return self.translated(Words(zh, en), place)

    def translated(self, words: Words, place: str) -> Words:
        """A name is in its language throughout; a help may quote."""
        if not _CHINESE.search(words.zh) or _CHINESE.search(words.en):
            self.wrong(
                place,
                f"“{words.zh}”“{words.en}”应是一中一英。",
                f"“{words.zh}”, “{words.en}” should be one Chinese, one English.",
            )
        return words

    def name(self, table: dict[str, Any], key: str, place: str) -> str | None:
        return self.text(table, key, place) if key in table else None

    def flag(self, table: dict[str, Any], key: str, place: str) -> bool:
        value = table.get(key, False)
        if not isinstance(value, bool):
            self.wrong(f"{place}.{key}", f"{key} 只能是 true 或 false。", f"`{key}` is true or false.")
        return value is True

    def number(self, table: dict[str, Any], key: str, place: str) -> int | None:
        value = table.get(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        self.wrong(f"{place}.{key}", f"{key} 要写整数。", f"`{key}` is a whole number.")
        return None

    def pairs(self, table: dict[str, Any], key: str, place: str) -> dict[str, Any]:
        value = table.get(key, {})
        if isinstance(value, dict) and all(isinstance(entry, str | int) for entry in value.values()):
            return value
        self.wrong(f"{place}.{key}", f"{key} 要写成 {{ 名称 = 值 }}。", f"`{key}` is {{ name = value }}.")
        return {}

    def entries(self, table: dict[str, Any], key: str, place: str) -> list[Any]:
        value = table.get(key, [])
        if isinstance(value, list):
            return value
        self.wrong(f"{place}.{key}", f"{key} 要写成列表。", f"`{key}` is a list.")
        return []

    def names(self, table: dict[str, Any], key: str, place: str) -> tuple[str, ...]:
        value = table.get(key, [])
        if isinstance(value, list) and all(isinstance(name, str) for name in value):
            return tuple(value)
        self.wrong(f"{place}.{key}", f"{key} 要写成列表。", f"`{key}` is a list of names.")
        return ()

    def one_or_several(self, table: dict[str, Any], key: str, place: str) -> tuple[str, ...]:
        value = table.get(key)
        return self.names(table | {key: [value]} if isinstance(value, str) else table, key, place)

    def tables(self, table: dict[str, Any], key: str) -> dict[str, dict[str, Any]]:
        value = table.get(key, {})
        if isinstance(value, dict) and all(isinstance(entry, dict) for entry in value.values()):
            return value
        self.wrong(key, f"{key} 的写法不对。", f"`{key}` is a set of tables.")
        return {}

    def list_of_tables(self, table: dict[str, Any], key: str) -> list[dict[str, Any]]:
        value = table.get(key, [])
        if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
            return value
        self.wrong(key, f"{key} 的写法不对。", f"`{key}` is a list of tables.")
        return []


class _Wrong(Exception):
    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.words = Words(zh, en)


def _is_empty(value: object) -> bool:
    """Also a table as a page sends it that nobody has written in."""
    if isinstance(value, list) and all(isinstance(row, dict) for row in value):
        return all(_is_empty(cell) for row in value for cell in row.values())
    return value is None or value in ("", [], ()) or (isinstance(value, str) and not value.strip())


def has_controls(text: str) -> bool:
    """Whether it holds characters that no text is kept with."""
    return any(ord(char) < 32 and char not in "\n\t" for char in text)


def _text(spec: Field, value: object) -> str:
    if not isinstance(value, str):
        raise _Wrong("请填写文字。", "Please write text.")
    text = value.replace("\r\n", "\n").strip()
    limit = spec.max or TEXT_MAX
    if has_controls(text):
        raise _Wrong("含有无法保存的控制字符。", "It holds control characters that cannot be kept.")
    if len(text) > limit:
        raise _Wrong(
            f"最多 {limit} 字，现有 {len(text)} 字。", f"At most {limit} characters; there are {len(text)}."
        )
    if spec.min and len(text) < spec.min:
        raise _Wrong(f"至少 {spec.min} 字。", f"At least {spec.min} characters.")
    return text


def _number(spec: Field, value: object) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]{1,12}", text):
        raise _Wrong("请填写整数。", "Please give a whole number.")
    number = int(text)
    if (spec.min is not None and number < spec.min) or (spec.max is not None and number > spec.max):
        low, high = (edge if edge is not None else "…" for edge in (spec.min, spec.max))
        raise _Wrong(f"应在 {low} 到 {high} 之间。", f"It must be between {low} and {high}.")
    return number


def _date(spec: Field, value: object) -> date:
    day = value if isinstance(value, date) else _day_written(str(value))
    _require_our_time(day)
    return day


def _require_our_time(day: date) -> None:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise _Wrong("请核对年份。", "Please check the year.")


def _day_written(text: str) -> date:
    try:
        return day_written(text)
    except ValueError:
        raise _Wrong(
            "日期请写成 2019-03-08 或 2019年3月8日。", "Please write the date as 2019-03-08."
        ) from None


def _moment(spec: Field, value: object) -> datetime:
    """A day and time as the city's clocks show it; kept as UTC."""
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC)
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}", str(value)):
        raise _Wrong("时间请写成 2019-04-03 14:30。", "Please write the time as 2019-04-03 14:30.")
    try:
        moment = datetime.fromisoformat(str(value)).replace(tzinfo=CITY)
    except ValueError:
        raise _Wrong("没有这个时间。", "There is no such time.") from None
    _require_our_time(moment)
    return moment.astimezone(UTC)


def _choice(spec: Field, value: object) -> str:
    if value not in spec.choices:
        raise _Wrong("请从列出的选项中选择。", "Please choose one of those listed.")
    return str(value)


def _items(spec: Field, value: object) -> list[str]:
    """Items of a checklist, in its order."""
    given = {str(item) for item in (value if isinstance(value, list | tuple) else [value])}
    if given - spec.choices.keys():
        raise _Wrong("请从列出的选项中选择。", "Please choose from those listed.")
    return [item for item in spec.choices if item in given]


def _yes(spec: Field, value: object) -> bool:
    if value not in (True, "yes", "on"):
        raise _Wrong("需要确认。", "This must be confirmed.")
    return True


def _id(spec: Field, value: object) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"[1-9][0-9]{0,17}", str(value)):
        raise _Wrong("请从列表中选择。", "Please choose from the list.")
    return int(str(value))


def _ids(spec: Field, value: object) -> list[int]:
    return sorted({_id(spec, one) for one in (value if isinstance(value, list | tuple) else [value])})


def _rows(spec: Field, value: object) -> list[dict[str, Any]]:
    """A small table: rows of column → value, dates as ISO text. Wholly empty rows are left out."""
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise _Wrong("请逐行填写。", "Please fill it in row by row.")
    rows = [row for row in value if not all(_is_empty(cell) for cell in row.values())]
    if len(rows) > ROWS_MAX:
        raise _Wrong(f"最多 {ROWS_MAX} 行。", f"At most {ROWS_MAX} rows.")
    return [_row(spec, number, row) for number, row in enumerate(rows, start=1)]


def _row(spec: Field, number: int, row: Mapping[str, object]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for column, kind in spec.of.items():
        if _is_empty(row.get(column)):
            raise _Wrong(f"第 {number} 行没有填完。", f"Row {number} is not complete.")
        try:
            value = _READERS[kind](Field(column, kind, spec.label), row[column])
            values[column] = value.isoformat() if isinstance(value, date) else value
        except _Wrong as reason:
            raise _Wrong(f"第 {number} 行：{reason.words.zh}", f"Row {number}: {reason.words.en}") from None
    return values


def _points(spec: Field, value: object) -> dict[str, int]:
    """A score sheet: every criterion with whole points from 0 to its most."""
    if not isinstance(value, dict) or value.keys() - spec.of.keys():
        raise _Wrong("请按评分表逐项打分。", "Please score each criterion of the sheet.")
    points: dict[str, int] = {}
    for name, most in spec.of.items():
        text = str(value.get(name, "")).strip()
        if not (re.fullmatch(r"[0-9]{1,3}", text) and int(text) <= most):
            title = spec.choices[name]
            raise _Wrong(
                f"“{title.zh}”请填 0 到 {most} 的整数。",
                f"“{title.en}” takes a whole number from 0 to {most}.",
            )
        points[name] = int(text)
    return points


_READERS = {
    "text": _text,
    "number": _number,
    "date": _date,
    "moment": _moment,
    "choice": _choice,
    "checklist": _items,
    "yes": _yes,
    "rows": _rows,
    "points": _points,
    "person": _id,
    "unit": _id,
    "units": _ids,
    "group": _id,
    "groups": _ids,
    "file": _id,
    "matter": _id,
}
CELLS = frozenset({"text", "number", "date", "moment", "yes"})
"""What the cell of a table may hold."""
REFERENCES = frozenset({"person", "unit", "units", "group", "groups", "file", "matter"})
"""Kinds whose values are ids: that the row exists is for whoever has the database to see."""
