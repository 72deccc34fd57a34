"""The web server of a test, and the people who visit it, each with a browser of their own."""

import html
import re
from dataclasses import dataclass
from typing import Any

import pyotp
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select
from werkzeug.test import TestResponse, encode_multipart

from engine.actions.people import issue_link
from engine.models.ledger import LedgerEntry
from tests.houses import House

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Visitor:
    """A browser: it keeps its cookies and sends the CSRF token of the last page that had one."""

    client: FlaskClient
    token: str = ""

    def get(self, path: str, **how: Any) -> TestResponse:
        return self._seen(self.client.get(path, buffered=True, **how))

    def post(self, path: str, fields: dict[str, Any] | None = None, **how: Any) -> TestResponse:
        if not self.token:
            self.get("/login")
        data = {"csrf_token": self.token} | (fields or {})
        return self._seen(self.client.post(path, data=data, buffered=True, **how))

    def upload(self, path: str, fields: dict[str, Any]) -> TestResponse:
        """A form with files, encoded here: the client would leave a temporary file open for a large one."""
        if not self.token:
            self.get("/login")
        boundary, body = encode_multipart({"csrf_token": self.token} | fields)
        kind = f"multipart/form-data; boundary={boundary}"
        return self._seen(self.client.post(path, data=body, content_type=kind, buffered=True))

    def forget(self) -> None:
        """A new sign-in has a new token."""
        self.token = ""

    def _seen(self, response: TestResponse) -> TestResponse:
        if response.mimetype == "text/html" and (found := _TOKEN.search(response.text)):
            self.token = found[1]
        return response


@dataclass
class Web:
    """The app of one house. Its clock is the house's, and moves with `later`."""

    app: Flask
    house: House
    clock: time_machine.Traveller

    def visitor(self) -> Visitor:
        return Visitor(self.app.test_client())

    def link(self, name: str) -> str:
        """The path of a one-time link."""
        with self.house.transaction() as db:
            person = self.house.actor(db, name).person
            return f"/sign-in/{issue_link(db, person, purpose='sign_in', now=self.house.now)}"

    def sign_in(self, name: str, *, second_factor: bool = True) -> Visitor:
        """One of the staff, or `citizen1` … whose phone counts as verified, by a one-time link."""
        visitor, link = self.visitor(), self.link(name)
        visitor.get(link)
        assert visitor.post(link).status_code == 302
        visitor.forget()
        if second_factor and not name.startswith("citizen"):
            self.give_second_factor(visitor)
        return visitor

    def give_second_factor(self, visitor: Visitor) -> None:
        page = visitor.get("/account/second-factor")
        secret = re.search(r"<code>([A-Z2-7]+)</code>", page.text)
        assert secret, page.text
        answer = visitor.post("/account/second-factor", {"code": pyotp.TOTP(secret[1]).now()})
        assert answer.status_code == 302, answer.text

    def later(self, **time: int) -> None:
        self.house.later(**time)
        self.clock.move_to(self.house.now)

    def queries(self, visitor: Visitor, path: str) -> int:
        """How many statements a page sends to the database, once it has been opened before."""
        sent: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            sent.append(statement)

        visitor.get(path)
        bind = self.app.extensions["database"].bind
        event.listen(bind, "before_cursor_execute", note)
        assert visitor.get(path).status_code == 200
        event.remove(bind, "before_cursor_execute", note)
        return len(sent)

    def facts(self) -> int:
        """How many facts the ledger holds: what a refusal must not change."""
        with self.house.transaction() as db:
            return db.scalar(select(func.count()).select_from(LedgerEntry)) or 0


def said(response: TestResponse) -> str:
    """What a page says, as a reader sees it: no tags, no entities."""
    body = re.sub(r"<(script|style|title)\b.*?</\1>", "", response.text, flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())
