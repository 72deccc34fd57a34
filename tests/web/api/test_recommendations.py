from tests.engine.actions.test_recommendation import assigned, drafted, replied, reported, second_asked
from tests.houses import STAFF
from tests.web.visitors import Web, said


def test_a_draft_is_not_there(web_on_both: Web) -> None:
    web = web_on_both
    with web.house.transaction() as db:
        drafted = reported(web.house, db)
        drafted.state = "drafted"
        recommendation_id = drafted.id
    assert web.visitor().get(f"/api/v1/recommendations/{recommendation_id}").status_code == 404
    assert web.visitor().get("/api/v1/recommendations").json == {"items": [], "next": None}


def test_an_unsigned_reply_is_not_there(web: Web) -> None:
    with web.house.transaction() as db:
        recommendation, (lead,) = assigned(web.house, db)
        drafted(web.house, db, lead)
        recommendation_id = recommendation.id
    told = web.visitor().get(f"/api/v1/recommendations/{recommendation_id}").json
    assert [one["replies"] for one in told["assignments"]] == [[]]


def test_a_signed_reply_stays_when_a_second_one_is_asked_for_and_drafted(web: Web) -> None:
    with web.house.transaction() as db:
        recommendation, (lead,) = assigned(web.house, db)
        replied(web.house, db, lead)
        second_asked(web.house, db, recommendation)
        drafted(web.house, db, lead, reply="第二次的草稿。")
        recommendation_id = recommendation.id
    told = web.visitor().get(f"/api/v1/recommendations/{recommendation_id}")
    [[reply]] = [one["replies"] for one in told.json["assignments"]]
    assert reply["decision"]["zh"] == "采纳"
    page = said(web.visitor().get(f"/recommendations/{recommendation_id}"))
    assert reply["text"] in page
    for text in (told.text, page):
        assert "第二次的草稿。" not in text


def test_a_thread_goes_from_the_question_to_the_signed_reply_and_names_no_staff(web_on_both: Web) -> None:
    web = web_on_both
    with web.house.transaction() as db:
        recommendation, (lead,) = assigned(web.house, db)
        replied(web.house, db, lead)
        recommendation_id = recommendation.id
    answer = web.visitor().get(f"/api/v1/recommendations/{recommendation_id}")
    told = answer.json
    assert [(one["kind"], one["text"]) for one in told["sources"]] == [("question", "老小区加装电梯谁出钱？")]
    [[reply]] = [one["replies"] for one in told["assignments"]]
    assert reply["decision"]["zh"].startswith("采纳")
    assert reply["measures"] == [{"text": "出台办法", "by": "2026-12-31"}]
    states = [step["state"]["en"] for step in told["steps"]]
    assert states[:3] == ["Drafted", "Reported to the leaders", "Assigned"]
    assert {step["office"]["zh"] for step in told["steps"]} <= {
        "专委会人员",
        "政协办公室",
        "交办机关",
        "系统",
    }
    assert not [name for name, *_ in STAFF.values() if name in answer.text]


def test_recommendations_are_filtered_by_unit_kind_mark_and_consultation(web: Web) -> None:
    with web.house.transaction() as db:
        recommendation, _ = assigned(web.house, db)
        one, parent = recommendation.id, recommendation.parent_id
    ask = web.visitor().get
    for query in ("unit=1", "kind=policy", "mark=assigned", f"consultation={parent}", ""):
        assert [found["id"] for found in ask(f"/api/v1/recommendations?{query}").json["items"]] == [one], (
            query
        )
    for query in ("unit=2", "kind=other", "mark=closed", f"consultation={one}", f"cursor={one}"):
        assert ask(f"/api/v1/recommendations?{query}").json["items"] == [], query
