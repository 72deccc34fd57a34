"""What became of the earlier consultation: drafts confirmed, reported, assigned, replied, carried out, closed."""

from datetime import date

from sqlalchemy import select

from engine.actions.compile import compile_recommendations
from engine.actions.files import store_file
from engine.actions.tasks import finish_task, take_task
from engine.clock import day
from engine.models.consultation import Finding, Research, Sitting
from engine.models.ledger import Task
from engine.models.matter import Matter
from engine.models.recommendation import Assignment, Recommendation
from workers.demo import cast, papers, texts
from workers.demo.stage import Stage
from workers.demo.texts import Advice

STAFF_OF = {cast.HOUSING: "unit", cast.ENFORCEMENT: "enforcement", cast.CIVIL: "civil"}


def compile_drafts(stage: Stage, sitting: Sitting) -> None:
    """What the worker does after a sitting, done at its time: the task is taken and finished like any other."""
    waiting = stage.db.scalars(select(Task.id).where(Task.key == f"compile:{sitting.id}")).one()
    if task := take_task(stage.db, waiting, now=stage.now):
        compile_recommendations(stage.db, sitting, now=stage.now)
        finish_task(stage.db, task, now=stage.now)


def report_and_assign(stage: Stage) -> None:
    consultation = stage.consultations[texts.RENEWAL]
    held = day(stage.sittings[texts.RENEWAL].starts_at)
    stage.after(held, 4, 14)
    _confirm_drafts(stage, consultation)
    stage.after(held, 5, 10)
    report = store_file(
        stage.db,
        papers.outcome(texts.RENEWAL, texts.ADVICE),
        f"关于“{texts.RENEWAL}”的协商成果报告.docx",
        kind="upload",
        data=stage.data,
        actor=stage.actor("committee"),
        now=stage.now,
        matter=consultation,
        is_public=True,
    )
    stage.do(consultation, "draft_report", "committee", report=report.id)
    stage.after(held, 7, 16)
    stage.do(consultation, "report_up", "leader")
    stage.after(held, 13, 10)
    for one in stage.recommendations.values():
        instruction = "市政府分管领导批示：请市住房和城乡建设局会同有关部门逐条研究办理。"
        stage.do(one, "record_instruction", "office", instructed="given", instruction=instruction)
    stage.after(held, 19, 15)
    for advice in texts.ADVICE:
        units = {"lead_unit": stage.unit(advice.lead), "co_units": [stage.unit(unit) for unit in advice.co]}
        stage.do(stage.recommendations[advice.title], "assign", "government", **units)
    stage.do(consultation, "start_handling", "office")
    stage.after(held, 20, 9)
    for assignment in _assignments(stage):
        _accept(stage, assignment)


def _confirm_drafts(stage: Stage, consultation: Matter) -> None:
    """People choose among what was compiled, mend it, and add the finding it rests on too."""
    wanted = {stage.questions[advice.question].id: advice for advice in texts.ADVICE}
    drafts = select(Recommendation).where(Matter.parent_id == consultation.id).order_by(Recommendation.id)
    for draft in stage.db.scalars(drafts).all():
        advice = next((wanted[one.question_id] for one in draft.sources if one.question_id in wanted), None)
        if advice is None:
            stage.do(draft, "discard", "committee", reason="已在其他建议中体现，不单独提出。")
            continue
        given = {"title": advice.title, "text": advice.text, "kind": advice.kind}
        stage.do(draft, "confirm", "committee", suggested_unit_id=stage.unit(advice.lead), **given)
        stage.recommendations[advice.title] = draft
        if advice.finding:
            stage.do(draft, "cite", "committee", finding=_finding(stage, consultation, advice.finding))


def _finding(stage: Stage, consultation: Matter, position: int) -> int:
    cards = select(Finding.id).join(Research).where(Matter.parent_id == consultation.id)
    return stage.db.scalars(cards.where(Finding.position == position)).one()


def _assignments(stage: Stage, duty: str | None = None) -> list[Assignment]:
    mine = [one.id for one in stage.recommendations.values()]
    rows = select(Assignment).where(Matter.parent_id.in_(mine)).order_by(Assignment.id)
    return [one for one in stage.db.scalars(rows) if duty is None or one.duty == duty]


def _accept(stage: Stage, assignment: Assignment) -> None:
    office = STAFF_OF[assignment.unit.name if assignment.unit else ""]
    handler = "unit_handler" if office == "unit" else f"{office}_admin"
    people = {"handler_id": stage.person(handler).id, "leader_id": stage.person(f"{office}_leader").id}
    is_co = assignment.duty == "co"
    stage.do(assignment, "accept_co" if is_co else "accept", f"{office}_admin", **people)
    if is_co:
        opinion = "同意主办单位意见，我单位职责范围内的事项按分工落实。"
        stage.do(assignment, "countersign", f"{office}_leader", opinion=opinion)


def replies(stage: Stage) -> None:
    """Drafted by the handler, signed by the leader, rated by members."""
    year = stage.year - 1
    for number, advice in enumerate(texts.ADVICE, start=1):
        assignment = _lead(stage, advice)
        measures = [{"text": text, "by": stage.in_days(days)} for text, days in advice.measures]
        given = {
            "decision": advice.decision,
            "reply": advice.reply,
            "reason": advice.reason,
            "measures": measures,
        }
        stage.on(date(year, 11, 26), 9, 10 * number)
        stage.do(assignment, "draft_reply", "unit_handler", **given)
        stage.on(date(year, 11, 26), 15, 10 * number)
        stage.do(assignment, "reply", "unit_leader", reply_no=f"演示建复〔{year}〕{number}号", **given)
    stage.on(date(year, 11, 30), 10)
    for advice in texts.ADVICE:
        for who in ("member1", "member2"):
            stage.do(stage.recommendations[advice.title], "rate", who, rating=advice.rating)


def _lead(stage: Stage, advice: Advice) -> Assignment:
    recommendation = stage.recommendations[advice.title]
    return next(one for one in _assignments(stage) if one.parent_id == recommendation.id and one.duty != "co")


def assess(stage: Stage) -> None:
    stage.on(date(stage.year - 1, 12, 11), 10)
    for advice in texts.ADVICE:
        one = stage.recommendations[advice.title]
        stage.do(one, "assess", "committee", rating=advice.rating, remark=advice.remark)
        if advice.course in ("closed", "implementing"):
            stage.do(one, "start_implementing", "committee")
        elif advice.course == "explained":
            stage.do(one, "close_explained", "head", closing_note="部门已说明法律依据，调解服务另行跟踪。")
    stage.do(stage.consultations[texts.RENEWAL], "start_follow_up", "committee")


def implement(stage: Stage) -> None:
    year = stage.year
    stage.on(date(year, 1, 20), 10)
    for advice in _on_course("closed", "implementing"):
        found = "查看工作规则和首批小区施工台账，与反馈一致。"
        given = {"check_way": "document", "finding_text": found}
        stage.do(stage.recommendations[advice.title], "record_check", "committee", **given)
    stage.on(date(year, 2, 3), 15)
    for advice in _on_course("implementing"):
        evidence = "同步签约办法已印发；3 个试点小区完成 1 个。"
        stage.do(_lead(stage, advice), "report_progress", "unit_handler", percent=40, evidence=evidence)
    for advice in _on_course("closed"):
        evidence, today = "措施全部完成，验收资料和居民确认单已归档。", stage.in_days(0)
        lead = _lead(stage, advice)
        stage.do(lead, "report_progress", "unit_handler", percent=100, evidence=evidence, done_on=today)
    stage.on(date(year, 2, 9), 14)
    for advice in _on_course("closed"):
        given = {"check_way": "site", "finding_text": "实地查看 3 个小区，道路没有重复开挖，公示栏张贴齐全。"}
        stage.do(stage.recommendations[advice.title], "verify", "committee", **given)
    stage.on(date(year, 2, 12), 10)
    for advice in _on_course("closed"):
        note = "建议已落实，居民评价好，同意销号。"
        stage.do(stage.recommendations[advice.title], "close", "head", closing_note=note)


def _on_course(*courses: str) -> list[Advice]:
    return [advice for advice in texts.ADVICE if advice.course in courses]


def second_replies(stage: Stage) -> None:
    """The look-back of these weeks: what lies in the department's inbox today."""
    stage.ago(20, 10)
    for advice in _on_course("second"):
        meeting = (
            "年度回头看时与市住房和城乡建设局会商：错时停车要有协议、有数量，学校开放要有时间表，请重新反馈。"
        )
        stage.do(stage.recommendations[advice.title], "ask_second_reply", "committee", meeting=meeting)
    stage.ago(18, 15)
    for advice in _on_course("implementing"):
        evidence = "3 个试点小区完成 2 个，第三个小区正在征求业主意见。"
        stage.do(_lead(stage, advice), "report_progress", "unit_handler", percent=70, evidence=evidence)
    stage.ago(17, 11)
    decision, reply, reason, planned = texts.SECOND_DRAFT
    measures = [{"text": text, "by": stage.in_days(days)} for text, days in planned]
    for advice in _on_course("second"):
        given = {"decision": decision, "reply": reply, "reason": reason, "measures": measures}
        stage.do(_lead(stage, advice), "draft_reply", "unit_handler", **given)
