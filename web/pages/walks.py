"""A procedure walked for trial as any role, before anybody relies on it. The whole walk stands in the address, or in
the form where it is of a text that is still being written: nothing is kept.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as Answer

from engine import calendar
from engine.clock import day, now
from engine.database import Session
from engine.editions import process_on, shipped
from engine.errors import Invalid, Refused
from engine.guards import lacking_rows
from engine.permits import Offer
from engine.process import Broken, Process, Verb, read
from engine.process_check import check
from engine.queries import procedures
from engine.rules import ROLES
from engine.vocabulary import PARENTS, vocabulary
from engine.walk import NO_DAY, PEOPLE, Step, Taken, Walk, Walker, dates_of, day_of, walked
from web import presenters
from web.errors import status_of
from web.pages.procedures import for_proposers, for_readers
from web.presenters import say
from web.transaction import reading

pages = Blueprint("walks", __name__, url_prefix="/desk/procedures")

MOVES = ("do", "turn", "later", "back")
"""What a button asks for: a step, another role, days to pass, and to stand again where only so many steps were done."""
LATER = ("1", "7", "30")


@pages.get("/<name>/walk")
@for_readers
def show(name: str) -> str | Answer | tuple[str, int]:
    with reading() as db:
        procedures.require_known(name)
        return _page(db, process_on(db, name, day(now())), request.args)


@pages.get("/<name>/editions/<id:number>/walk")
@for_readers
def edition(name: str, number: int) -> str | Answer | tuple[str, int]:
    with reading() as db:
        return _page(db, read(procedures.proposal(db, name, number).text, number), request.args)


@pages.post("/<name>/walk")
@for_proposers
def text(name: str) -> str | Answer | tuple[str, int]:
    """A text that may not run goes back to where its faults are shown."""
    procedures.require_known(name)
    kept = {key: request.form.get(key, "").replace("\r\n", "\n") for key in ("text", "from_date")}
    try:
        process = check(kept["text"], vocabulary(name))
    except Broken:
        return redirect(url_for("procedures.variant", name=name), 307)
    with reading() as db:
        return _page(db, process, request.form, kept)


def _page(
    db: Session, process: Process, given: MultiDict[str, str], kept: dict[str, str] | None = None
) -> str | Answer | tuple[str, int]:
    """`kept` is the form that a text being written stands in."""
    steps = [Step.parse(one) for one in given.getlist("step")]
    back = _place(given.get("back", ""), len(steps))
    dates = {name: text for name in dates_of(process) if (text := given.get(name))}
    known = {name: day for name, text in dates.items() if (day := day_of(text))}
    walk = walked(process, calendar.of(db), steps[:back], known)
    fields = _fields(walk, given, steps[back] if back is not None else None)
    walker, refusal = _walker(walk), None
    try:
        if wrong := dates.keys() - known.keys():
            raise Invalid(dict.fromkeys(wrong, NO_DAY))
        walker = Walker.of(**fields)
        if "do" in given:
            walk.take(Step(given["do"], walker))
    except Refused as found:
        refusal = found
    if kept is None and refusal is None and any(move in given for move in MOVES):
        trail: dict[str, Any] = {"step": [str(one.step) for one in walk.taken]} | fields | dates
        return redirect(url_for(request.endpoint or "", **request.view_args or {}, **trail))
    mine = [_shown(process, offer) for offer in walk.offers(walker)]
    page = render_template(
        "procedure/walk.html",
        process=process,
        walk=walk,
        fields=fields,
        dates=[(name, _label(process, name), dates.get(name, "")) for name in dates_of(process)],
        kept=kept,
        refusal=refusal,
        state=process.states.get(walk.state or ""),
        dues=[presenters.due(db, deadline, walker.on) for deadline in walk.deadlines()],
        mine=mine,
        first_open=next((one for one in mine if not one["refusal"]), None),
        others=_others(walk, walker),
        taken=[_taken(process, at, one) for at, one in enumerate(walk.taken)],
        roles=[(role, say(ROLES[role].title)) for role in _roles(process.verbs.values())],
        people=[(str(number), say(words)) for number, words in enumerate(PEOPLE, start=1)],
        me=ROLES[walker.role].title,
    )
    return page, status_of(refusal) if refusal else 200


def _label(process: Process, name: str) -> str:
    """What people call a date that is named `field.NAME` or `parent.NAME`."""
    owner, _, column = name.partition(".")
    above = shipped(PARENTS[process.name]) if owner == "parent" else process
    label = say(above.fields[column].label) if column in above.fields else column
    return f"{say(above.title)} · {label}" if owner == "parent" else label


def _place(text: str, count: int) -> int | None:
    """The place in a walk that a button names, if it is one."""
    is_number = text.isascii() and text.isdigit() and len(text) < 3
    return int(text) if is_number and int(text) < count else None


def _fields(walk: Walk, given: MultiDict[str, str], undone: Step | None) -> dict[str, str]:
    """Who goes on, and when, as the form shows it; whoever undoes a step stands where it was done."""
    walker = undone.by if undone else _walker(walk)
    fields = {"role": walker.role, "who": str(walker.who or 1), "on": walker.on.isoformat()}
    if not undone:
        fields |= {key: given[key] for key in fields if given.get(key)}
    if given.get("turn"):
        fields["role"] = given["turn"]
    if (later := given.get("later")) in LATER and (on := day_of(fields["on"])):
        fields["on"] = (on + timedelta(days=int(later))).isoformat()
    return fields


def _walker(walk: Walk) -> Walker:
    """Where nobody was chosen: whoever is waited for first, on the day of the last step."""
    ahead = sorted(walk.steps(), key=lambda verb: verb.free)
    roles = _roles(ahead[:1]) or _roles(walk.process.verbs.values())
    return Walker(roles[0], 1, walk.taken[-1].step.by.on if walk.taken else day(now()))


def _roles(verbs: Iterable[Verb]) -> list[str]:
    doers = {role for verb in verbs for role in verb.doers}
    return [role for role in ROLES if role in doers]


def _shown(process: Process, offer: Offer) -> dict[str, Any]:
    verb = offer.verb
    return {
        "verb": verb,
        "refusal": offer.refusal,
        "to": None if verb.stays else process.states.get(process.start if verb.create else verb.to or ""),
        "held": [words for guard in verb.when if (words := lacking_rows(guard))],
    }


def _others(walk: Walk, walker: Walker) -> list[dict[str, Any]]:
    """For whom else it waits: each role with its steps."""
    ahead = list(walk.steps())
    return [
        {
            "role": role,
            "who": ROLES[role].title,
            "verbs": [verb.title for verb in ahead if role in verb.doers],
        }
        for role in _roles(ahead)
        if role != walker.role
    ]


def _taken(process: Process, at: int, one: Taken) -> dict[str, Any]:
    by = one.step.by
    return {
        "at": at,
        "on": by.on,
        "verb": process.verbs[one.step.verb].title,
        "role": ROLES[by.role].title,
        "who": PEOPLE[by.who - 1] if by.who else None,
        "after": process.states[one.after].title,
    }
