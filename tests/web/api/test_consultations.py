import pytest

from tests.crowds import a_sitting
from tests.web.visitors import Web


def consultations(web: Web, count: int) -> list[int]:
    """Newest first."""
    with web.house.transaction() as db:
        return [a_sitting(db).parent_id or 0 for _ in range(count)][::-1]


def test_lists_are_read_to_their_end_by_the_cursor(web_on_both: Web) -> None:
    ids, visitor = consultations(web_on_both, 5), web_on_both.visitor()
    found, cursor, pages = [], "", 0
    while cursor is not None:
        page = visitor.get(f"/api/v1/consultations?limit=2{cursor and f'&cursor={cursor}'}").json
        found += [one["id"] for one in page["items"]]
        cursor, pages = page["next"], pages + 1
    assert (found, pages) == (ids, 3)


def test_lists_are_filtered_by_named_fields(web: Web) -> None:
    ids, visitor = consultations(web, 2), web.visitor()
    for query, expected in (
        ("series=QNLXS", ids),
        ("series=other", []),
        ("mark=in_research", ids),
        ("mark=closed", []),
    ):
        answer = visitor.get(f"/api/v1/consultations?{query}").json
        assert [one["id"] for one in answer["items"]] == expected, query


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=101", "limit=-1", "limit=abc", "limit=１０", "limit=+5", "limit=1.0", "limit= 5", "limit=007",
        "cursor=0", "cursor=9007199254740992", "cursor=1e3", "limit=1&limit=2", "sort=id", "mark=a'b", "mark=",
        "state__contains=x", "limit=" + "9" * 5000,
    ],
)  # fmt: skip
def test_what_no_list_offers_is_refused(web: Web, query: str) -> None:
    answer = web.visitor().get(f"/api/v1/consultations?{query}")
    assert answer.status_code == 422, answer.text
    assert answer.mimetype == "application/problem+json"
    assert list(answer.json["errors"]) == [query.partition("=")[0]]


def test_a_consultation_has_its_sittings_and_public_fields_only(web_on_both: Web) -> None:
    (one,) = consultations(web_on_both, 1)
    told = web_on_both.visitor().get(f"/api/v1/consultations/{one}").json
    assert set(told) == {
        "id", "title", "aim", "form", "series", "state", "planned_on", "sittings", "recommendations",
    }  # fmt: skip
    assert told["state"]["marks"] == ["in_research", "under_way", "public"]
    assert [sitting["consultation"] for sitting in told["sittings"]] == [one]


@pytest.mark.parametrize("path", ["consultations/999999", "consultations/0", "consultations/１", "nothing"])
def test_what_is_not_there_is_a_problem(web: Web, path: str) -> None:
    answer = web.visitor().get(f"/api/v1/{path}")
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
