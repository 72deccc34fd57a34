"""A procedure as a graph: which states are reached and from which an end is, and by what steps. No database."""

from collections.abc import Iterator

from engine.process import Process, Verb


def moves(process: Process, state: str) -> Iterator[tuple[Verb, str]]:
    """The steps out of a state and where each leads; a step back leads wherever the state is entered from."""
    for verb in process.verbs_from(state):
        if verb.to == "previous":
            yield from ((verb, earlier) for earlier in entered_from(process, state))
        elif verb.to:
            yield verb, verb.to


def entrances(process: Process) -> dict[str, list[Verb]]:
    """The states in which matters begin, each with how."""
    begun: dict[str, list[Verb]] = {}
    for verb in process.verbs.values():
        if verb.create:
            begun.setdefault(verb.to or process.start, []).append(verb)
    return begun


def paths(process: Process) -> dict[str, list[Verb]]:
    """Every state that is reached, with the fewest steps that lead to it."""
    found = {state: verbs[:1] for state, verbs in entrances(process).items()}
    ahead = list(found)
    for state in ahead:
        for verb, after in moves(process, state):
            if verb.to != "previous" and after not in found:  # a step back only leads to where one has been
                found[after] = [*found[state], verb]
                ahead.append(after)
    return found


def ahead_of(process: Process, state: str) -> set[str]:
    """The states that can be reached from this one, itself only where a way leads back."""
    seen: set[str] = set()
    ahead = [state]
    for one in ahead:
        for _, after in moves(process, one):
            if after not in seen:
                seen.add(after)
                ahead.append(after)
    return seen


def without_end(process: Process) -> list[str]:
    """The states from which no end can be reached, in the order of the text."""
    ends = {state.name for state in process.states.values() if state.end}
    return [name for name in process.states if name not in ends and not ahead_of(process, name) & ends]


def entered_from(process: Process, state: str) -> set[str]:
    return {earlier for verb in process.verbs.values() if verb.to == state for earlier in verb.start}
