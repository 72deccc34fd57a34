from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from engine import clock, wire
from engine.actions.counting import commit_entries, take_over
from engine.models.consultation import Sitting
from engine.queries.statistics import DEFINITIONS
from tests.crowds import a_comment, a_question, a_sitting, entry, row
from tests.web.visitors import Visitor, Web
from web.limits import limiter
from workers.commands.tickets import new_test_ticket

SECRET = b"of the tests"


def opened(web: Web) -> int:
    """A sitting that was opened a minute ago, with a crowd of both kinds."""
    with web.house.transaction() as db:
        sitting = a_sitting(db, opened=web.house.now - timedelta(seconds=60))
        for state in ("approved", "pending", "rejected", "hidden", "withdrawn"):
            a_comment(db, sitting, state)
        a_comment(db, sitting, is_test=True)
        a_question(db, sitting)
        a_question(db, sitting, "pending")
        rows = [
            row(sitting.id, joined=True, watched=1, likes=["sitting"]),
            row(sitting.id, "p.b", joined=True, likes=["sitting"]),
            row(sitting.id, "b.t", joined=True, kind="test", likes=["sitting"]),
            row(sitting.id, "h.screen", joined=True),
        ]
        start = web.house.now - timedelta(seconds=50)
        entries = [
            entry(1, *rows, at=start),
            entry(3, row(sitting.id, watched=20), at=start + timedelta(seconds=20), unchecked=2),
        ]
        take_over(db, 1)
        commit_entries(db, {}, entries, position="1-0", epoch=1, now=web.house.now)
        return sitting.id


def json(answer: TestResponse, status: int = 200) -> dict:
    assert answer.status_code == status, answer.text
    assert answer.mimetype == ("application/json" if status == 200 else "application/problem+json")
    return answer.json


def post(visitor: Visitor, sitting: int, body: object = None, **how: object) -> TestResponse:
    given = {"json": body} if body is not None else {}
    return visitor.client.post(f"/api/v1/sittings/{sitting}/tickets", **given, **how)


def bearer(web: Web, visitor: Visitor, sitting: int, body: object = None) -> wire.Bearer:
    answer = json(post(visitor, sitting, body))
    assert answer["url"] == "ws://127.0.0.1:8001/ws"
    return wire.read_ticket(answer["ticket"], secret=SECRET, now=clock.now())[0]


# ---- figures


def test_every_figure_stands_with_its_meaning_and_test_traffic_apart(web_on_both: Web) -> None:
    web = web_on_both
    told = json(web.visitor().get(f"/api/v1/sittings/{opened(web)}/statistics"))
    figures = {one["id"]: one for one in told["figures"]}
    assert list(figures) == list(DEFINITIONS)
    values = {name: (one["official"], one["test"]) for name, one in figures.items()}
    assert values == {
        "visits": (2, 1),
        "views": (1, 0),
        "viewers": (1, 0),
        "online": (1, 0),
        "peak": (1, 0),
        "watch_mean": (20, None),
        "watch_median": (20, None),
        "likes": (2, 1),
        "likes_verified": (1, 0),
        "likes_anonymous": (1, 1),
        "comments_received": (5, 1),
        "comments": (1, 1),
        "comments_held": (1, 0),
        "comments_rejected": (1, 0),
        "comments_hidden": (1, 0),
        "comments_withdrawn": (1, 0),
        "questions": (1, 0),
        "likes_and_comments": (3, 2),
    }
    assert figures["visits"]["label"] == {"zh": "访问量", "en": "Visits"}
    assert all(
        one[part][lang]
        for one in figures.values()
        for part in ("unit", "definition", "source")
        for lang in ("zh", "en")
    )
    assert {one["status"] for one in figures.values()} == {"live"}
    assert told["unchecked_tickets"] == 2
    assert [gap["entries"] for gap in told["gaps"]] == [1]


def test_after_the_closing_the_figures_are_provisional(web: Web) -> None:
    sitting = opened(web)
    with web.house.transaction() as db:
        db.get_one(Sitting, sitting).closed_at = web.house.now
    told = json(web.visitor().get(f"/api/v1/sittings/{sitting}/statistics"))
    assert {one["status"] for one in told["figures"]} == {"provisional"}


def test_a_sitting_says_whether_it_holds_test_traffic(web: Web) -> None:
    sitting = opened(web)
    with web.house.transaction() as db:
        quiet = a_sitting(db, opened=None).id
    assert json(web.visitor().get(f"/api/v1/sittings/{sitting}"))["has_test_traffic"] is True
    assert json(web.visitor().get(f"/api/v1/sittings/{quiet}"))["has_test_traffic"] is False


# ---- the state


def test_the_state_is_what_the_page_shows_and_nothing_unapproved(web_on_both: Web) -> None:
    sitting = opened(web_on_both)
    told = json(web_on_both.visitor().get(f"/api/v1/sittings/{sitting}/state"))
    assert told["stats"] == {"online": 1, "peak": 1, "visits": 3, "likes": 3, "comments": 2, "questions": 1}
    assert [card["state"] for card in told["questions"]] == ["approved"]
    assert [card["state"] for card in told["comments"]] == ["approved", "approved"]
    assert (told["sitting"]["id"], told["on_air"], told["fact_no"]) == (sitting, None, 0)


def test_the_state_is_made_once_a_second_and_sent_once_to_each(web: Web) -> None:
    visitor, sitting = web.visitor(), opened(web)
    first = visitor.get(f"/api/v1/sittings/{sitting}/state")
    with web.house.transaction() as db:
        a_comment(db, db.get_one(Sitting, sitting))
    again = visitor.get(f"/api/v1/sittings/{sitting}/state", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert first.headers["Cache-Control"] == "public, max-age=1"
    web.later(minutes=1)  # on a slow machine more than a second may have passed already
    newer = visitor.get(f"/api/v1/sittings/{sitting}/state", headers={"If-None-Match": first.headers["ETag"]})
    assert newer.json["stats"]["comments"] == 3


# ---- tickets


def test_anybody_gets_a_ticket_and_is_the_same_viewer_again(web: Web) -> None:
    sitting, visitor = opened(web), web.visitor()
    first, second = bearer(web, visitor, sitting), bearer(web, visitor, sitting)
    assert first.kind == "official"
    assert first.viewer == second.viewer != bearer(web, web.visitor(), sitting).viewer
    assert first.visit != second.visit
    kept = visitor.client.get_cookie("viewer")
    assert kept is not None
    assert kept.value not in first.viewer


def test_a_person_is_one_verified_viewer_on_every_device(web: Web) -> None:
    sitting = opened(web)
    phone, computer = (bearer(web, web.sign_in("citizen1"), sitting) for _ in range(2))
    assert phone.viewer == computer.viewer
    assert wire.is_verified(phone.viewer)


def test_the_hall_looks_on_and_is_nobody(web: Web) -> None:
    assert wire.only_looks_on(bearer(web, web.sign_in("office"), opened(web), {"hall": True}).viewer)


def test_a_test_ticket_makes_test_traffic(web: Web) -> None:
    sitting = opened(web)
    token = new_test_ticket(sitting, SECRET)
    assert bearer(web, web.visitor(), sitting, {"test": token}).kind == "test"


@pytest.mark.parametrize("token", ["", "x.y", "official", "other sitting", "forged", "old"])
def test_what_is_no_test_ticket_is_refused_and_not_counted_as_a_visit(web: Web, token: str) -> None:
    sitting, visitor = opened(web), web.visitor()
    match token:
        case "official":
            token = post(visitor, sitting).json["ticket"]
        case "other sitting":
            token = new_test_ticket(sitting + 1, SECRET)
        case "forged":
            token = new_test_ticket(sitting, b"another")
        case "old":
            token = new_test_ticket(sitting, SECRET)
            web.later(seconds=61)
    assert (
        "test ticket"
        in json(post(visitor, sitting, {"test": token}, headers={"Accept-Language": "en"}), 403)["title"]
    )


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"json": {"kind": "test"}}, 422),
        ({"json": {"hall": "perhaps"}}, 422),
        ({"data": "{", "content_type": "application/json"}, 400),
        ({"data": "[]", "content_type": "application/json"}, 400),
        ({"data": '{"hall":true,"hall":false}', "content_type": "application/json"}, 400),
        ({"data": {"hall": "true"}}, 415),
        ({"data": "x", "content_type": "text/plain"}, 415),
    ],
)
def test_a_body_that_is_not_what_was_asked_for_is_refused(web: Web, given: dict, status: int) -> None:
    json(web.visitor().client.post(f"/api/v1/sittings/{opened(web)}/tickets", **given), status)


def test_without_a_sitting_there_is_no_ticket(web: Web) -> None:
    json(post(web.visitor(), 999999), 404)


def test_a_browser_that_asks_without_end_is_told_to_wait(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiter, "enabled", True)
    sitting, visitor = opened(web), web.visitor()
    statuses = [post(visitor, sitting).status_code for _ in range(31)]
    assert statuses == [200] * 30 + [429]
    refused = post(visitor, sitting)
    assert int(refused.headers["Retry-After"]) <= 60
    json(refused, 429)
    assert post(web.visitor(), sitting).status_code == 200


@pytest.mark.parametrize("path", ["", "/statistics", "/state"])
def test_a_sitting_that_is_none_is_a_problem(web: Web, path: str) -> None:
    told = json(web.visitor().get(f"/api/v1/sittings/999999{path}"), 404)
    assert told["status"] == 404
