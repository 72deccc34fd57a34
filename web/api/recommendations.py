"""Recommendations with their whole thread, as programs read them."""

from engine.database import Session
from engine.editions import process_of
from engine.models import recommendation as rows
from engine.queries import pages
from engine.queries import recommendations as threads
from engine.queries.matters import history
from engine.rules import ROLES
from web.api import nouns, schema
from web.api.spec import answers, api, asked, spec
from web.auth import open_to_all
from web.transaction import reading


@api.get("/recommendations")
@open_to_all
@spec.validate(
    query=schema.RecommendationsAsked, resp=answers(schema.Recommendations), operation_id="recommendations"
)
def recommendations() -> schema.Recommendations:
    """Recommendations from their being reported on, the newest first."""
    want: schema.RecommendationsAsked = asked()
    with reading() as db:
        found = pages.recommendations_after(
            db,
            want.cursor,
            want.limit + 1,
            mark=want.mark,
            kind=want.kind,
            consultation_id=want.consultation,
            unit_id=want.unit,
        )
        items = [schema.Recommendation(**nouns.recommendation(db, one)) for one in found[: want.limit]]
    return schema.Recommendations(items=items, next=items[-1].id if len(found) > len(items) else None)


@api.get("/recommendations/<id:recommendation_id>")
@open_to_all
@spec.validate(resp=answers(schema.Thread, 404), operation_id="recommendation")
def recommendation(recommendation_id: int) -> schema.Thread:
    """One recommendation: what it rests on, who handles it, what they replied, every step."""
    with reading() as db:
        found = threads.recommendation(db, recommendation_id)
        return schema.Thread(
            **nouns.recommendation(db, found),
            sources=[_source(source) for source in threads.sources(db, found)],
            assignments=[_assignment(db, one) for one in threads.assignments(db, found)],
            steps=_steps(db, found),
        )


def _source(source: rows.Source) -> schema.Source:
    if question := source.question:
        second = question.on_air_second if question.answered_second is None else question.answered_second
        return schema.Source(
            kind="question",
            text=question.title,
            who=question.asker_name,
            place=question.district,
            sitting=question.sitting_id,
            second=second,
        )
    if finding := source.finding:
        return schema.Source(kind="finding", text=finding.claim, place=finding.place, on=finding.found_on)
    promise = source.promise
    assert promise is not None  # noqa: S101  (the database checks that a source has one of the three)
    return schema.Source(
        kind="promise",
        text=promise.words,
        who=promise.speaker,
        place=promise.unit.name,
        sitting=promise.sitting_id,
        second=promise.second,
        on=promise.due_on,
    )


def _assignment(db: Session, one: rows.Assignment) -> schema.Assignment:
    return schema.Assignment(
        unit=one.unit.name if one.unit else "",
        duty=one.duty,
        state=nouns.state(db, one),
        replies=[_reply(db, one, reply) for reply in threads.replies(db, one)],
        percent=one.percent,
        done_on=one.done_on,
    )


def _reply(db: Session, one: rows.Assignment, reply: threads.SignedReply) -> schema.Reply:
    decisions = process_of(db, one).fields["decision"].choices
    return schema.Reply(
        at=reply.at,
        decision=schema.Words.of(decisions[reply.decision]),
        text=reply.text,
        reason=reply.reason,
        measures=[schema.Measure(text=each["text"], by=each["by"]) for each in reply.measures],
    )


def _steps(db: Session, found: rows.Recommendation) -> list[schema.Step]:
    """Those that moved it. A leader's instruction moves nothing and is not published."""
    return [
        schema.Step(
            at=step.entry.at,
            title=schema.Words.of(step.title),
            state=schema.Words.of(step.state),
            office=schema.Words.of(ROLES[step.entry.behalf or step.entry.role or "system"].title),
        )
        for step in history(db, found)
        if step.state
    ]
