"""People at a running house who keep at it whatever dies, and the journal of all that was acknowledged to them."""

import json
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from http.cookiejar import CookieJar
from itertools import count
from secrets import token_urlsafe
from typing import Any, NamedTuple, Self
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

from websockets.exceptions import InvalidHandshake, WebSocketException
from websockets.sync.client import connect

PAUSE_S = 0.3
WRITES_EVERY_S = 6.5  # ten posts a minute are allowed to each
LIKES_AGAIN_S = 1.0
ALREADY = 409
"""What a step answers that was done before, its answer lost on the way."""


class Said(NamedTuple):
    id: int
    text: str


@dataclass
class Journal:
    """What was answered with a yes. `approved` holds ids; `liked` the viewers whose page was told so."""

    comments: list[Said] = field(default_factory=list)
    questions: list[Said] = field(default_factory=list)
    approved: set[int] = field(default_factory=set)
    liked: set[str] = field(default_factory=set)

    def size(self) -> int:
        return len(self.comments) + len(self.questions) + len(self.approved) + len(self.liked)


class Client:
    """A browser without a window: cookies and a form's token."""

    def __init__(self, url: str) -> None:
        self.url, self.opener = url, build_opener(HTTPCookieProcessor(CookieJar()))

    def sign_in(self, link: str) -> Self:
        self.get(link)
        with suppress(HTTPError):  # a citizen has no desk to be led to
            self.post(link, {})
        return self

    def get(self, path: str) -> bytes:
        return self._send(Request(f"{self.url}{path}"))

    def post(self, path: str, fields: Mapping[str, str]) -> Any:
        token = json.loads(self.get("/live/token"))["token"]
        body = urlencode({"csrf_token": token, **fields}).encode()
        return self._send(Request(f"{self.url}{path}", body, {"Accept": "application/json"}))

    def ticket(self, sitting: int) -> dict[str, str]:
        path = f"{self.url}/api/v1/sittings/{sitting}/tickets"
        ticket: dict[str, str] = json.loads(
            self._send(Request(path, b"{}", {"Content-Type": "application/json"}))
        )
        return ticket

    def _send(self, request: Request) -> bytes:
        with self.opener.open(request, timeout=15) as answer:
            body: bytes = answer.read()
            return body


class People:
    """Citizens who write, a moderator who approves, viewers who like: each a thread until all are told to stop."""

    def __init__(self, url: str, sitting: int) -> None:
        self.url, self.sitting, self.journal = url, sitting, Journal()
        self.is_over = threading.Event()
        self.to_approve: queue.Queue[int] = queue.Queue()
        self.threads: list[threading.Thread] = []
        self.faults: list[str] = []

    @contextmanager
    def at_work(self) -> Iterator[None]:
        try:
            yield
        finally:
            self.is_over.set()
            for thread in self.threads:
                thread.join(60)
        assert self.faults == []

    def start(self, work: Callable[..., None], *given: object) -> None:
        def guarded() -> None:
            try:
                work(*given)
            except Exception as error:
                self.faults.append(f"{work.__name__}: {error!r}")

        thread = threading.Thread(target=guarded, daemon=True)
        thread.start()
        self.threads.append(thread)

    def insist(self, deed: Callable[[], Any]) -> Any:
        """Tries until it is answered with a yes or a no, or it is all over."""
        while True:
            try:
                return deed()
            except HTTPError as error:
                if error.code < 500:
                    raise
            except (OSError, HTTPException):
                pass
            if self.is_over.wait(PAUSE_S):
                return None

    def write(self, client: Client, name: str) -> None:
        """Comments and questions in turn, each under a key of its own, sent again until it is acknowledged."""
        for number in count():
            is_question = number % 3 == 2
            text = f"{name}的第{number}条{'提问，什么时候能办好？' if is_question else '评论，讲得很实在。'}"
            path = f"/live/{self.sitting}/{'ask' if is_question else 'comment'}"
            fields = {"title": text, "name": name, "key": token_urlsafe(12)}
            answer = self.insist(lambda path=path, fields=fields: json.loads(client.post(path, fields)))  # type: ignore[misc]
            if answer:
                said = Said(answer["id"], text)
                (self.journal.questions if is_question else self.journal.comments).append(said)
                self.to_approve.put(said.id)
            if self.is_over.wait(WRITES_EVERY_S):
                return

    def moderate(self, client: Client) -> None:
        while not self.is_over.is_set():
            with suppress(queue.Empty):
                self._approve(client, self.to_approve.get(timeout=PAUSE_S))

    def _approve(self, client: Client, id: int) -> None:
        path = f"/hall/{self.sitting}/decide/{id}"
        try:
            if self.insist(lambda: client.post(path, {"approve": "1"})) is None:
                return
        except HTTPError as error:
            if error.code != ALREADY:
                raise
        self.journal.approved.add(id)

    def watch(self, name: str, may_like: threading.Event) -> None:
        """Likes the sitting again and again until its page is told that the like is counted, and stays."""
        client = Client(self.url)
        while not self.is_over.is_set():
            ticket = self.insist(lambda: client.ticket(self.sitting))
            with suppress(OSError, WebSocketException, InvalidHandshake):
                self._watch(name, may_like, ticket)
            self.is_over.wait(PAUSE_S)

    def _watch(self, name: str, may_like: threading.Event, ticket: dict[str, str]) -> None:
        with connect(ticket["url"], origin=self.url, proxy=None, close_timeout=1) as socket:  # type: ignore[arg-type]
            socket.send(json.dumps({"t": "join", "ticket": ticket["ticket"]}))
            beats, next_like = 0, 0.0
            while not self.is_over.is_set():
                if time.monotonic() > next_like:
                    beats, next_like = beats + 1, time.monotonic() + LIKES_AGAIN_S
                    if beats % 5 == 1:
                        beat = {"t": "beat", "n": beats, "visible": True, "watched_ms": beats * 1000}
                        socket.send(json.dumps(beat))
                    if may_like.is_set() and name not in self.journal.liked:
                        socket.send(json.dumps({"t": "like", "to": "sitting"}))
                with suppress(TimeoutError):
                    heard = json.loads(socket.recv(timeout=PAUSE_S))
                    if heard["t"] == "liked" or "sitting" in heard.get("liked", []):
                        self.journal.liked.add(name)
