"""A procedure as a drawing, in the order of its own text: every state with its steps, and a line to where each leads.

Forward lines run down the right side, those back up the left.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from engine.process import Process, State, Verb
from engine.words import Language

HEAD, LINE, FOOT, GAP, PAD = 30, 20, 6, 18, 16
BOX = 270
LANE = 14


@dataclass
class _Trunk:
    """All lines that lead to one state from one side, as distances from the top."""

    end: int
    starts: list[int] = field(default_factory=list)
    lane: int = 0

    @property
    def reach(self) -> tuple[int, int]:
        return min(self.end, *self.starts), max(self.end, *self.starts)

    @property
    def is_back(self) -> bool:
        return self.end < self.starts[0]

    def crosses(self, other: "_Trunk") -> bool:
        return self.reach[0] < other.reach[1] and other.reach[0] < self.reach[1]


def mermaid(process: Process) -> str:
    lines = ["stateDiagram-v2"]
    lines += [f"  {state.name}: {state.title.zh}" for state in process.states.values()]
    lines += [
        f"  [*] --> {verb.to or process.start}: {verb.title.zh}"
        for verb in process.verbs.values()
        if verb.create
    ]
    for verb in process.verbs.values():
        if verb.to and verb.to != "previous":
            lines += [f"  {state} --> {verb.to}: {verb.title.zh}" for state in verb.start]
    lines += [f"  {state.name} --> [*]" for state in process.states.values() if state.end]
    return "\n".join(lines)


def svg(process: Process, language: Language = "zh", counts: Mapping[str, int] | None = None) -> str:
    """`counts`: how many matters are in each state now, where that is to be shown."""
    tops: dict[str, int] = {}
    bottom = PAD
    for state in process.states.values():
        tops[state.name] = bottom
        bottom += _height(process, state) + GAP
    trunks = _trunks(process, tops)
    lanes = {back: max((one.lane + 1 for one in trunks if one.is_back == back), default=0) for back in (0, 1)}
    left = PAD + LANE * lanes[1]
    width, height = left + BOX + LANE * lanes[0] + PAD, bottom - GAP + PAD
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' role="img" fill="none" stroke="currentColor" font-family="sans-serif" font-size="13">',
        f"<title>{escape(process.title.say(language))}</title>",
        '<defs><marker id="tip" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">'
        '<path d="M1 1 7 4 1 7" /></marker></defs>',
    ]
    for state in process.states.values():
        drawn += _state(process, state, left, tops[state.name], language, (counts or {}).get(state.name))
    for trunk in trunks:
        drawn += _lines(trunk, left)
    return "\n".join([*drawn, "</svg>"])


def _steps(process: Process, state: State) -> list[Verb]:
    """How a matter begins here, then what may be done with it."""
    begins = [
        verb for verb in process.verbs.values() if verb.create and (verb.to or process.start) == state.name
    ]
    return [*begins, *process.verbs_from(state.name)]


def _height(process: Process, state: State) -> int:
    steps = _steps(process, state)
    return HEAD + LINE * len(steps) + (FOOT if steps else 0)


def _trunks(process: Process, tops: Mapping[str, int]) -> list[_Trunk]:
    """Each in the lane nearest to the boxes that is free over its whole length, the shortest first."""
    found: dict[tuple[int, bool], _Trunk] = {}
    for state in process.states.values():
        for at, verb in enumerate(_steps(process, state)):
            if not verb.create and (to := verb.to) and to in tops:
                start, end = tops[state.name] + HEAD + LINE * at + LINE // 2, tops[to] + HEAD // 2
                found.setdefault((end, end < start), _Trunk(end)).starts.append(start)
    placed: list[_Trunk] = []
    for trunk in sorted(found.values(), key=lambda one: one.reach[1] - one.reach[0]):
        taken = {one.lane for one in placed if one.is_back == trunk.is_back and one.crosses(trunk)}
        trunk.lane = next(lane for lane in range(len(found)) if lane not in taken)
        placed.append(trunk)
    return placed


def _state(
    process: Process, state: State, left: int, top: int, language: Language, count: int | None
) -> Iterator[str]:
    height = _height(process, state)
    yield _box(left, top, BOX, height)
    if state.end:
        yield _box(left + 3, top + 3, BOX - 6, height - 6)
    yield _text(left + 12, top + 20, escape(state.title.say(language)), 'font-weight="600"')
    if count is not None:
        yield _text(left + BOX - 12, top + 20, str(count), 'text-anchor="end"')
    for at, verb in enumerate(_steps(process, state)):
        yield _text(left + 24, top + HEAD + LINE * at + 14, _step(verb, language), 'font-size="12"')


def _step(verb: Verb, language: Language) -> str:
    sign = "+" if verb.create else "·" if verb.stays else "↩" if verb.to == "previous" else "→"
    return f"{sign} {escape(verb.title.say(language))}"


def _box(x: int, y: int, width: int, height: int) -> str:
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="3" stroke-opacity="0.6" />'


def _text(x: int, y: int, text: str, more: str) -> str:
    return f'<text x="{x}" y="{y}" fill="currentColor" stroke="none" {more}>{text}</text>'


def _lines(trunk: _Trunk, left: int) -> Iterator[str]:
    edge, out = (left, -1) if trunk.is_back else (left + BOX, 1)
    lane = edge + out * LANE * (trunk.lane + 1)
    for start in trunk.starts:
        way = f"M{edge} {start} H{lane} V{trunk.end} H{edge}"
        yield f'<path d="{way}" stroke-opacity="0.6" marker-end="url(#tip)" />'
