"""Files as they leave the house: always as attachments, only to those to whom they are open."""

import io
from urllib.parse import quote

import pytest
from werkzeug.test import TestResponse

from engine.actions.files import store_file
from engine.models.house import Document
from engine.models.topic import Topic
from tests.web.visitors import Visitor, Web, said

PDF = b"%PDF-1.7\n" + bytes(range(200)) * 10 + b"\n%%EOF\n"


def get(visitor: Visitor, path: str, **headers: str) -> TestResponse:
    """The answer, read to its end: the file behind it is closed."""
    with visitor.get(
        path, headers={name.replace("_", "-"): value for name, value in headers.items()}
    ) as answer:
        answer.get_data()
        return answer


def stored(web: Web, name: str = "报告.pdf", *, is_public: bool = False, by: str = "office") -> Document:
    with web.house.transaction() as db:
        topic: Topic = web.house.topic(db, web.house.plan(db))
        actor, data = web.house.actor(db, by), web.app.config["SETTINGS"].data
        return store_file(
            db, io.BytesIO(PDF), name, kind="upload", data=data, actor=actor, now=web.house.now, matter=topic,
            is_public=is_public,
        )  # fmt: skip


def test_a_public_file_is_an_attachment_that_no_browser_takes_for_a_page(web: Web) -> None:
    document = stored(web, is_public=True)
    answer = get(web.visitor(), f"/files/{document.id}")
    assert (answer.status_code, answer.data) == (200, PDF)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert f"filename*=UTF-8''{quote('报告.pdf')}" in answer.headers["Content-Disposition"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("name", ['"; filename=x.html".pdf', "<script>.pdf", "a%00b;x=y.pdf", "‘’“”.pdf"])
def test_a_name_stays_within_its_header(web: Web, name: str) -> None:
    document = stored(web, name, is_public=True)
    disposition = get(web.visitor(), f"/files/{document.id}").headers["Content-Disposition"]
    assert disposition.startswith("attachment;")
    assert "x.html" not in disposition.replace('\\"; filename=x.html\\"', "").split("filename*")[0]


def test_other_files_are_for_those_who_may_read_the_matter(web: Web) -> None:
    document = stored(web)
    path = f"/files/{document.id}"
    assert get(web.visitor(), path).status_code == 404
    assert get(web.sign_in("unit_handler"), path).status_code == 404
    assert get(web.sign_in("office"), path).data == PDF


def test_whoever_sent_a_file_may_have_it_back(web: Web) -> None:
    document = stored(web, by="unit_handler")
    assert get(web.sign_in("unit_handler"), f"/files/{document.id}").data == PDF


def test_what_is_none_and_what_is_closed_read_alike(web: Web) -> None:
    document, visitor = stored(web), web.visitor()
    closed, none = (get(visitor, f"/files/{number}") for number in (document.id, 99999))
    assert (closed.status_code, none.status_code) == (404, 404)
    assert said(closed).replace(f"/files/{document.id}", "") == said(none).replace("/files/99999", "")


def test_a_part_is_sent_on_request_and_an_unchanged_file_not_again(web: Web) -> None:
    document, visitor = stored(web, is_public=True), web.visitor()
    part = get(visitor, f"/files/{document.id}", Range="bytes=5-9")
    assert (part.status_code, part.data) == (206, PDF[5:10])
    assert part.headers["Content-Range"] == f"bytes 5-9/{len(PDF)}"
    whole = get(visitor, f"/files/{document.id}")
    assert whole.headers["Accept-Ranges"] == "bytes"
    again = get(visitor, f"/files/{document.id}", If_None_Match=whole.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
