"""Whether this actor may do this verb of this matter now, and if not, why. Reads only."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from engine import rules
from engine.clock import day
from engine.deadlines import window_ends
from engine.editions import process_of
from engine.errors import Forbidden, Refused, WrongState
from engine.guards import unmet
from engine.models.matter import Matter
from engine.past import done, done_since
from engine.process import Process, Verb
from engine.rules import Actor
from engine.words import Words


@dataclass(frozen=True)
class Offer:
    """A verb of a matter's state as this actor meets it: open, or closed with the reason why."""

    verb: Verb
    refusal: Refused | None


def permit(db: Session, process: Process, matter: Matter, verb: Verb, actor: Actor, now: datetime) -> str:
    """The role in which the actor may do this verb now, or the refusal that says why not."""
    role = rules.role_over(actor, matter, roles_left(db, matter, verb))
    if role is None and rules.role_over(actor, matter, verb.doers) is None:
        raise forbidden(verb)
    if matter.state not in verb.start:
        state = process.states[matter.state].title
        raise WrongState(
            Words(
                f"现在是“{state.zh}”阶段，不能“{verb.title.zh}”。",
                f"It is at the stage “{state.en}”; “{verb.title.en}” is not possible now.",
            )
        )
    if role is None:
        raise WrongState(Words("贵单位已经确认过了。", "Your office has already confirmed."))
    if verb.open and (last := window_ends(db, matter, verb.open)) and day(now) > last:
        raise WrongState(
            Words(
                f"“{verb.title.zh}”的期限是 {last:%Y-%m-%d}，已经过了。",
                f"“{verb.title.en}” was possible until {last:%Y-%m-%d}.",
            )
        )
    if not actor.is_system and any(
        entry.actor_id == actor.id for other in verb.not_by for entry in done(db, matter, other)
    ):
        raise Forbidden(
            Words(
                "不能办理自己经手的事项，请由另一人办理。",
                "Nobody may approve their own work; someone else must do this.",
            )
        )
    if verb.all_of and actor.id in {entry.actor_id for entry in done_since(db, matter, verb.name)}:
        raise Forbidden(
            Words(
                "您已经代表一个单位确认过，其他单位要由另一人确认。",
                "You have confirmed for one office; someone else must do so for another.",
            )
        )
    if verb.once_per and _already(db, matter, verb, actor):
        raise WrongState(Words("已经办过了，不能重复。", "This has been done already."))
    for guard in verb.when:
        if lacking := unmet(db, matter, guard, now):
            raise WrongState(lacking)
    return role


def offers(db: Session, matter: Matter, actor: Actor, now: datetime) -> Iterator[Offer]:
    """The verbs of the matter's state that this actor's roles allow; one that is not open now says why."""
    return judged(db, matter, process_of(db, matter).verbs_from(matter.state), actor, now)


def judged(
    db: Session, matter: Matter, verbs: Iterable[Verb], actor: Actor, now: datetime
) -> Iterator[Offer]:
    process = process_of(db, matter)
    for verb in verbs:
        try:
            permit(db, process, matter, verb, actor, now)
        except Forbidden:
            continue
        except Refused as refusal:
            yield Offer(verb, refusal)
        else:
            yield Offer(verb, None)


def may_begin(
    db: Session, process: Process, verb: Verb, parent: Matter, actor: Actor, now: datetime
) -> Refused | None:
    """Nothing where the actor may begin a child of `parent` by this verb; otherwise the refusal."""
    if rules.role_over(actor, None, verb.by) is None:
        return forbidden(verb)
    lacking = next((words for guard in verb.when if (words := unmet(db, parent, guard, now))), None)
    return WrongState(lacking) if lacking else None


def roles_left(db: Session, matter: Matter, verb: Verb) -> tuple[str, ...]:
    if not verb.all_of:
        return verb.by
    given = {entry.role for entry in done_since(db, matter, verb.name)}
    return verb.by + tuple(role for role in verb.all_of if role not in given)


def forbidden(verb: Verb) -> Forbidden:
    who = rules.titles(verb.doers)
    return Forbidden(Words(f"“{verb.title.zh}”由{who.zh}办理。", f"“{verb.title.en}” is done by: {who.en}."))


def _already(db: Session, matter: Matter, verb: Verb, actor: Actor) -> bool:
    """`person`: this one ever; `stay`: anybody in this state; `person_and_stay`: this one in this state."""
    times = (done if verb.once_per == "person" else done_since)(db, matter, verb.name)
    return bool(times) if verb.once_per == "stay" else any(entry.actor_id == actor.id for entry in times)
