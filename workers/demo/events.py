"""The two consultations of the story: research, questions before, and what happened at their sittings."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from io import BytesIO

from engine.actions.attendance import door_code, invite
from engine.actions.comment import post_comment
from engine.actions.consultation import plan_consultation
from engine.actions.files import store_file
from engine.actions.material import read, upload
from engine.actions.notices import read_all
from engine.actions.people import grant_post
from engine.actions.question import ask_question
from engine.actions.questionnaire import answer, draft_questionnaire
from engine.actions.research import plan_research
from engine.actions.sitting import schedule_sitting, set_programme
from engine.clock import CITY, day, local
from engine.editions import carries_mark
from engine.models.consultation import Attendance, Consultation, Research, Sitting
from engine.models.questionnaire import Questionnaire
from engine.models.voice import Question
from engine.queries.attendance import attendances
from engine.queries.questionnaires import citable
from workers.demo import cast, handling, papers, texts
from workers.demo.stage import Stage, district
from workers.demo.texts import Asked, Promise, Script, Study

OPENED_BEFORE = timedelta(minutes=11)
"""How long the sitting has been live when the story ends: through its briefing and into the questions."""
REMOTE = "member2"
"""Who takes part by a remote seat."""


# ---- a consultation up to its sitting


def prepare(stage: Stage, script: Script, opens: datetime) -> None:
    """Programme, research, run-of-show, posts of the hall, invitations: all that comes before the public is asked."""

    def before(days: int, hour: int = 9) -> None:
        stage.after(day(opens), -days, hour)

    before(70)
    given = {"form": "thematic", "series": script.series, "aim": script.aim, "planned_on": day(opens)}
    consultation = plan_consultation(
        stage.db,
        stage.topics[script.topic],
        actor=stage.actor("committee"),
        now=stage.now,
        title=script.topic,
        **given,
    )
    stage.consultations[script.topic] = consultation
    before(48, 10)
    stage.do(
        consultation,
        "draft_programme",
        "committee",
        aim=script.aim,
        people=script.people,
        agenda=script.agenda,
        division=script.division,
        online_plan=script.online,
    )
    before(46, 15)
    stage.do(consultation, "approve_programme", "leader")
    tasks = [_set_research(stage, consultation, study) for study in script.studies]
    before(44)
    stage.do(consultation, "start_research", "committee")
    for task, study in zip(tasks, script.studies, strict=True):
        stage.do(task, "start_field", study.by, visits=_visits(study, day(opens)))
    asked = [_poll(stage, task, study) for task, study in zip(tasks, script.studies, strict=True)]
    before(40, 14)
    sitting = _schedule(stage, consultation, script, opens)
    before(31, 16)
    for asking, study in zip(asked, script.studies, strict=True):
        if asking:
            _hear(stage, asking, study)
    for task, study in zip(tasks, script.studies, strict=True):
        before(26)
        _submit(stage, task, study, day(opens))
    before(25, 15)
    for task in tasks:
        stage.do(task, "accept", "committee")
    before(24, 9)
    _invite(stage, sitting)
    stage.do(sitting, "open_warmup", "committee", rules_posted=True)
    _hand_out(stage, sitting, script.studies[0])


def _set_research(stage: Stage, consultation: Consultation, study: Study) -> Research:
    group = stage.actor(study.by).posts[0].group_id
    return plan_research(
        stage.db,
        consultation,
        actor=stage.actor("committee"),
        now=stage.now,
        title=study.title,
        group_id=group,
        questions=study.questions,
    )


def _visits(study: Study, held_on: date) -> list[dict[str, object]]:
    """Where and when its findings were made that do not rest on a questionnaire, each place once, in their order."""
    seen = {found.place: found for found in study.findings if not found.asked}
    return [
        {"visit_on": held_on - timedelta(found.days), "place": place, "whom": found.met or study.met}
        for place, found in sorted(seen.items(), key=lambda one: -one[1].days)
    ]


def _poll(stage: Stage, task: Research, study: Study) -> Questionnaire | None:
    """Opens the study's questionnaire, if it has one, for four weeks."""
    if not study.items:
        return None
    intro = "了解业主对小区公共事务的看法，结果写入调研报告。"
    title, actor = f"{study.title.removesuffix('调研')}问卷", stage.actor(study.by)
    asking = draft_questionnaire(stage.db, task, actor=actor, now=stage.now, title=title, intro=intro)
    for item in study.items:
        stage.do(asking, "add_item", study.by, wording=item.wording, kind=item.kind, options=item.options)
    stage.do(asking, "open", study.by, closes_on=day(stage.now) + timedelta(28))
    return asking


def _hear(stage: Stage, asking: Questionnaire, study: Study) -> None:
    """All answer as the counts say, and it closes."""
    chosen = [
        [choice for choice, count in enumerate(item.counts, start=1) for _ in range(count)]
        for item in study.items
    ]
    for number, choices in enumerate(zip(*chosen, strict=True)):
        given = {item.id: choice for item, choice in zip(asking.items, choices, strict=True)}
        answer(stage.db, asking, given, token=f"story-{number}", now=stage.now)
    stage.do(asking, "close", study.by)


def _submit(stage: Stage, task: Research, study: Study, held_on: date) -> None:
    """The visits that were made and what they found. The report, slides, clip and photos are made here, as files that
    open.
    """

    def kept(made: BytesIO, name: str, *, is_public: bool) -> int:
        return store_file(
            stage.db,
            made,
            name,
            kind="upload",
            data=stage.data,
            actor=stage.actor(study.by),
            now=stage.now,
            matter=task,
            is_public=is_public,
        ).id

    for visit in task.visits:
        stage.do(task, "record_visit", study.by, visit=visit.position, outcome="held")
    for found in study.findings:
        found_on = held_on - timedelta(found.days)
        card = {"claim": found.claim, "place": found.place, "found_on": found_on, "page": found.page}
        if found.asked:
            card["asked"] = list(citable(stage.db, task))[found.asked - 1]
        else:
            card["photo_id"] = kept(papers.photo(found), f"{found.place}.jpg", is_public=False)
            card["visit"] = next(one.position for one in task.visits if one.place == found.place)
        stage.do(task, "add_finding", study.by, **card)
    made = {
        "report_id": (papers.report, "调研报告.docx"),
        "slides_id": (papers.slides, "幻灯片.pptx"),
        "video_id": (papers.clip, "短片.mp4"),
    }
    files = {
        field: kept(make(study), f"{study.title}{ending}", is_public=True)
        for field, (make, ending) in made.items()
    }
    stage.do(task, "submit_report", study.by, summary=study.summary, chapters=texts.CHAPTERS, **files)


def _schedule(stage: Stage, consultation: Consultation, script: Script, opens: datetime) -> Sitting:
    actor = stage.actor("committee")
    sitting = schedule_sitting(
        stage.db,
        consultation,
        actor=actor,
        now=stage.now,
        title=script.sitting,
        starts_at=opens,
        ends_at=opens + timedelta(minutes=sum(part.minutes for part in script.parts)),
        place=script.place,
    )
    stage.sittings[script.topic] = sitting
    set_programme(stage.db, sitting, script.parts, actor=actor, now=stage.now)
    for who in cast.HALL:
        role = who.rstrip("2")
        grant_post(stage.db, stage.person(who), role, sitting, actor=actor, now=stage.now)
    stage.later(hours=2)
    stage.confirm_posts("office")
    return sitting


def _invite(stage: Stage, sitting: Sitting) -> None:
    """Members may come, one from afar; the units' leaders must, and one of them is let off."""
    for role, must_attend in (("member", False), ("unit_leader", True)):
        guests = [stage.person(who) for who, part in cast.STAFF.items() if role in part.roles]
        actor = stage.actor("committee")
        invite(stage.db, sitting, guests, must_attend=must_attend, actor=actor, now=stage.now)
    for who, invitation in _invited(stage, sitting):
        if who == "member6":
            stage.do(invitation, "decline", who, reason="当天在省里参加培训。")
        elif who == "fire_leader":
            stage.do(invitation, "request_leave", who, reason="当天带队参加消防演练，由副大队长到会。")
            stage.do(invitation, "approve_leave", "office")
        elif who != "member5":
            stage.do(invitation, "accept", who)
        if who == REMOTE:
            stage.do(invitation, "offer_remote", "committee", remote_url="https://meeting.example/xieshang")
            stage.do(invitation, "answer_remote", who, remote_consent="agreed")


def _invited(stage: Stage, sitting: Sitting) -> Iterator[tuple[str, Attendance]]:
    """Each with the key of the cast."""
    theirs = {one.person_id: one for one in attendances(stage.db, sitting)}
    for who in cast.STAFF:
        if found := theirs.get(stage.person(who).id):
            yield who, found


def _hand_out(stage: Stage, sitting: Sitting, study: Study) -> None:
    """The report goes to all who may come; one of them does not read it. The units get their briefs."""
    db, committee, title = stage.db, stage.actor("committee"), f"{study.title}报告"
    file = store_file(
        db,
        papers.report(study),
        f"{title}.docx",
        kind="upload",
        data=stage.data,
        actor=committee,
        now=stage.now,
    )
    coming = {who: one for who, one in _invited(stage, sitting) if who not in ("member6", "fire_leader")}
    until = f"{local(sitting.ends_at):%Y-%m-%dT%H:%M}"
    given = {"title": title, "file_id": file.id, "readable_until": until}
    material = upload(db, sitting, list(coming.values()), actor=committee, now=stage.now, **given)
    stage.do(material, "release", "committee")
    for who in coming:
        if who != "member5":
            stage.later(minutes=6)
            read(db, material, actor=stage.actor(who), now=stage.now)
    stage.do(sitting, "release_brief", "committee")


def _arrive(stage: Stage, sitting: Sitting) -> None:
    """All who said so but one sign in at the door before it begins, and one of them a little later."""
    stage.until(sitting.starts_at - timedelta(minutes=25))
    invited = _invited(stage, sitting)
    coming = [(who, one) for who, one in invited if carries_mark(stage.db, one, "will_attend")]
    for who, one in coming:
        if who == REMOTE:
            stage.do(one, "join", who)
        elif who not in ("member3", "member4"):
            stage.later(seconds=50)
            stage.do(one, "sign_in", who, code=door_code(sitting, stage.now))
    stage.until(sitting.starts_at)
    stage.do(sitting, "go_live", "host")
    stage.later(minutes=4)
    late = dict(coming)["member3"]
    stage.do(late, "sign_in_by_staff", "recorder", reason="本人到场，手机没有带。")


# ---- questions before and answers at a sitting


def ask(stage: Stage, script: Script, opens: datetime) -> None:
    """In the weeks before, then all is confirmed ready; what goes on air waits in its order."""
    sitting = stage.sittings[script.topic]
    for number, one in enumerate(script.questions):
        stage.on(day(opens) - timedelta(one.days), 8 + number % 11, number * 13 % 60)
        stage.questions[one.title] = _ask(stage, sitting, number, one)
    stage.on(day(opens) - timedelta(3), 15)
    for number, one in enumerate(script.questions):
        for voter in range(one.votes if one.fate != "rejected" else 0):
            stage.do_as_citizen(stage.questions[one.title], "upvote", number + 1 + voter)
    for one in script.questions:
        _decide(stage, one, opens)
    stage.do(sitting, "tick", "moderator", readiness=["notice_on_page"])
    stage.do(sitting, "tick", "live_operator", readiness=["stream_tested"])
    stage.do(sitting, "tick", "duty_leader", readiness=["cutoff_named"])
    confirmed = ["participants_confirmed", "replies_prepared", "moderators_rostered"]
    stage.do(sitting, "tick", "committee", readiness=confirmed)
    stage.do(sitting, "make_ready", "committee")


def _ask(stage: Stage, sitting: Sitting, number: int, one: Asked) -> Question:
    asker = stage.citizen(number)
    name = asker.person.name if asker.person else ""
    question = ask_question(
        stage.db,
        sitting,
        actor=asker,
        now=stage.now,
        title=one.title,
        asker_name=name,
        district=district(number),
    )
    stage.later(minutes=20 + number)
    if one.fate == "rejected":
        stage.do(question, "reject", "moderator", reason_code="personal")
    else:
        stage.do(question, "approve", "moderator")
    return question


def _decide(stage: Stage, one: Asked, opens: datetime) -> None:
    question = stage.questions[one.title]
    if one.into:
        stage.do(question, "merge", "moderator", merged_into_id=stage.questions[one.into].id)
    elif one.fate in ("answered", "on_air", "shortlisted"):
        stage.do(question, "shortlist", "moderator")
    elif one.fate == "owed":
        due_on = day(opens) + timedelta(4)
        stage.do(question, "owe", "committee", unit_id=stage.unit(cast.HOUSING), due_on=due_on)


def answers(stage: Stage, script: Script) -> Iterator[Asked]:
    """Puts those that are to be answered on air, one after the other, each with the promise that was made on it."""
    promised = {promise.answers: promise for promise in script.promises}
    for one in script.questions:
        if one.fate == "answered":
            question = stage.questions[one.title]
            stage.do(question, "put_on_air", "host")
            stage.later(seconds=130)
            stage.do(question, "answer", "recorder", answer=one.answer)
            if promise := promised.get(one.title):
                _promise(stage, stage.sittings[script.topic], question, promise)
            yield one


def _promise(stage: Stage, sitting: Sitting, question: Question, promise: Promise) -> None:
    stage.do(
        sitting,
        "record_promise",
        "recorder",
        words=promise.words,
        speaker=promise.speaker,
        unit=stage.unit(promise.unit),
        due_on=stage.in_days(promise.days),
        second=question.on_air_second,
        question=question.id,
    )


def comment(stage: Stage, script: Script) -> None:
    for number, text in enumerate(script.comments):
        author = stage.citizen(11 + number)
        name = author.person.name if author.person else ""
        sitting = stage.sittings[script.topic]
        said = post_comment(
            stage.db, sitting, actor=author, now=stage.now, is_test=True, title=text, author_name=name
        )
        stage.later(seconds=25)
        stage.do(said, "approve", "moderator2")


# ---- the two sittings


def earlier_research(stage: Stage) -> None:
    opens = _earlier(stage)
    prepare(stage, texts.RENEWAL_SCRIPT, opens)
    ask(stage, texts.RENEWAL_SCRIPT, opens)


def _earlier(stage: Stage) -> datetime:
    return datetime.combine(stage.workday(date(stage.year - 1, 9, 10)), time(14, 30), CITY)


def earlier_sitting(stage: Stage) -> None:
    """Held to its end: every question has found its place."""
    script, opens = texts.RENEWAL_SCRIPT, _earlier(stage)
    sitting = stage.sittings[script.topic]
    _arrive(stage, sitting)
    comment(stage, script)
    stage.until(opens + timedelta(minutes=15))
    stage.do(sitting, "next_segment", "host")
    for _ in answers(stage, script):
        stage.later(minutes=4)
    for part in (40, 70):
        stage.until(opens + timedelta(minutes=part))
        stage.do(sitting, "next_segment", "host")
    for one in script.questions:
        question = stage.questions[one.title]
        if one.fate == "in_writing":
            enforcement = stage.unit(cast.ENFORCEMENT)
            stage.do(question, "owe", "recorder", unit_id=enforcement, due_on=stage.in_days(7))
        elif one.fate == "refused":
            stage.do(question, "refuse", "moderator", refusal="court")
    stage.until(opens + timedelta(minutes=96))
    stage.do(sitting, "end", "host")
    handling.compile_drafts(stage, sitting)
    _answer_in_writing(stage, script)
    minutes = "四位部门负责人当场答复五条提问，作出两项承诺；一条约定书面答复。录像和记录已核对。"
    stage.do(sitting, "file_minutes", "recorder", minutes=minutes, recording_stored=True)


def _answer_in_writing(stage: Stage, script: Script) -> None:
    one = next(one for one in script.questions if one.fate == "in_writing")
    stage.later(days=1)
    stage.do(stage.questions[one.title], "answer_in_writing", "enforcement_leader", answer=one.answer)
    stage.later(hours=3)
    stage.do(stage.questions[one.title], "publish_answer", "committee")


def mayors_research(stage: Stage) -> None:
    prepare(stage, texts.PROPERTY_SCRIPT, stage.today - OPENED_BEFORE)


def mayors_questions(stage: Stage) -> None:
    """What was told before these weeks has been read; the news since then is unread."""
    for who in cast.STAFF:
        read_all(stage.db, stage.person(who).id, now=stage.now)
    ask(stage, texts.PROPERTY_SCRIPT, stage.today - OPENED_BEFORE)


def go_live(stage: Stage) -> None:
    """Up to the present: the briefing is over, one question is answered and one is on air."""
    script = texts.PROPERTY_SCRIPT
    sitting = stage.sittings[script.topic]
    opens = stage.today - OPENED_BEFORE
    _arrive(stage, sitting)
    comment(stage, script)
    stage.until(opens + timedelta(minutes=8))
    stage.do(sitting, "next_segment", "host")
    for _ in answers(stage, script):
        stage.later(seconds=20)
    on_air = next(one for one in script.questions if one.fate == "on_air")
    stage.do(stage.questions[on_air.title], "put_on_air", "host")
