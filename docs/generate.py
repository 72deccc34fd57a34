"""Writes docs/workflow.md and docs/glossary.md from the process files and the roles: `python -m docs.generate`.

A test fails while they differ from what this would write.
"""

from pathlib import Path

from engine.editions import shipped, shipped_names
from engine.process import Clock, Process, Span, Verb
from engine.process_diagram import mermaid
from engine.rules import ROLES

DOCS = Path(__file__).parent
ORDER = (
    "plan",
    "topic",
    "consultation",
    "research",
    "questionnaire",
    "sitting",
    "attendance",
    "material",
    "question",
    "comment",
    "recommendation",
    "assignment",
)


def workflow() -> str:
    parts = [
        "# The procedures\n\nGenerated from `engine/processes/*.toml` by `python -m docs.generate`. Do not edit.\n"
    ]
    parts += [_process(shipped(name)) for name in sorted(shipped_names(), key=ORDER.index)]
    return "\n".join(parts)


def _process(process: Process) -> str:
    lines = [
        f"## {process.title.zh} {process.title.en} (`{process.name}`)\n",
        f"```mermaid\n{mermaid(process)}\n```\n",
        "| step | from | to | who | gate |",
        "|---|---|---|---|---|",
    ]
    lines += [_row(process, verb) for verb in process.verbs.values()]
    lines += ["", "| stage | deadline | within | owner | when late |", "|---|---|---|---|---|"]
    for state in process.states.values():
        for clock in state.due:
            owner, told = (
                ROLES[clock.owner].title.zh,
                "、".join(ROLES[role].title.zh for role in clock.late_tells),
            )
            lines.append(
                f"| {state.title.zh} {state.title.en} | {clock.what.zh} {clock.what.en} | {_length(clock)} | {owner}"
                f" | {told} |"
            )
    return "\n".join(lines) + "\n"


def _row(process: Process, verb: Verb) -> str:
    start = "、".join(process.states[name].title.zh for name in verb.start) or "（新建）"
    to = (
        "退回上一步" if verb.to == "previous" else process.states[verb.to].title.zh if verb.to else "（不变）"
    )
    who = "、".join(ROLES[role].title.zh for role in verb.doers)
    gates = [guard.name if guard.number is None else f"{guard.name} {guard.number}" for guard in verb.when]
    return f"| {verb.title.zh} {verb.title.en} | {start} | {to} | {who} | {', '.join(gates)} |"


def _length(clock: Clock) -> str:
    if clock.on:
        return f"{clock.on}, at most {_span(clock.at_most)}" if clock.at_most else clock.on
    return _span(clock.within) if clock.within else f"{_span(clock.before)} before"


def _span(span: Span | None) -> str:
    if span is None:
        return ""
    return span.period.words.en + (f" of {span.of}" if span.of else "")


def glossary() -> str:
    lines = [
        "# Glossary\n",
        "Generated from the process files and `engine/rules.py` by `python -m docs.generate`. Do not edit.",
        "The words are those of the field; a session is SQLAlchemy's only, the broadcast is a sitting,",
        "次会议 is a plenary number, 台账 is a work ledger and the provable log is the ledger.\n",
        "## Procedures and their stages\n",
        "| Chinese | English | in code |",
        "|---|---|---|",
    ]
    for name in sorted(shipped_names(), key=ORDER.index):
        process = shipped(name)
        lines.append(f"| **{process.title.zh}** | **{process.title.en}** | `{name}` |")
        lines += [
            f"| {state.title.zh} | {state.title.en} | `{name}.{state.name}` |"
            for state in process.states.values()
        ]
    lines += ["\n## Roles\n", "| Chinese | English | in code | reaches |", "|---|---|---|---|"]
    lines += [
        f"| {role.title.zh} | {role.title.en} | `{name}` | {role.scope} |" for name, role in ROLES.items()
    ]
    return "\n".join(lines) + "\n"


PAGES = {"workflow.md": workflow, "glossary.md": glossary}


def main() -> None:
    for name, write in PAGES.items():
        (DOCS / name).write_text(write(), encoding="utf-8")


if __name__ == "__main__":
    main()
