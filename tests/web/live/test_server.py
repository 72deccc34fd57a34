import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.frames import Opcode
from websockets.sync.client import connect

from engine import clock, wire
from engine.errors import Refused
from engine.wire import Bearer, Counted, Fact, Stats
from tests.web.live.gateways import (
    HANDSHAKE,
    SECRET,
    SITTING,
    TICK,
    Page,
    RunningGateway,
    close_code,
    entries,
    eventually,
    masked,
    publish,
    read_until,
    settings,
    ticket,
)
from web.live.server import check_open_files

FIGURES = dict.fromkeys(wire.STATS, 3)


def fact(fact_no: int) -> Fact:
    return Fact(fact_no, "question.on_air", {"number": fact_no, "text": "小区停车难怎么解决？"})


# ---- joining


def test_a_ticket_opens_the_room(gateway: RunningGateway, redis: Redis) -> None:
    redis.set(wire.stats_key(SITTING), wire.encode_stats(Stats(clock.now(), FIGURES)))
    publish(redis, fact(1), fact(2))
    hello = gateway.joined().hello
    assert hello
    resume = hello.pop("resume")
    assert hello == {
        "t": "hello",
        "sitting": SITTING,
        "fact_no": 2,
        "stats": FIGURES,
        "beat": 30,
        "liked": [],
    }
    bearer = Bearer(SITTING, "viewer", "visit of viewer", "official")
    assert wire.read_resume(resume, secret=SECRET, now=clock.now()) == bearer


STRANGER = wire.new_resume(Bearer(SITTING, "a", "b", "test"), secret=b"another house", now=clock.now())


@pytest.mark.parametrize(
    "token",
    ["", "nonsense", ticket().replace(".", "x."), STRANGER],
    ids=["empty", "nonsense", "changed", "another house's"],
)
def test_a_bad_ticket_is_4401(gateway: RunningGateway, token: str) -> None:
    for name in ("ticket", "resume"):
        page = gateway.page()
        page.say(t="join", **{name: token})
        assert page.code() == 4401


def test_a_ticket_opens_one_socket_only(gateway: RunningGateway) -> None:
    token = ticket()
    first, second = gateway.page(), gateway.page()
    first.say(t="join", ticket=token)
    assert first.next("hello")
    second.say(t="join", ticket=token)
    assert second.code() == 4401
    assert first.next("tick")


def test_of_many_sockets_with_one_ticket_at_once_one_gets_in(gateway: RunningGateway) -> None:
    token = ticket()
    pages = [gateway.page() for _ in range(20)]
    for page in pages:
        page.say(t="join", ticket=token)
    eventually(lambda: gateway.health()["totals"]["joins"] == 1)
    eventually(lambda: gateway.health()["viewers"] == 1)
    eventually(lambda: gateway.health()["sockets"] == 1)


def test_a_sitting_that_is_gone_is_4404(gateway: RunningGateway, redis: Redis) -> None:
    redis.set(wire.gone_key(13), 1, ex=wire.RESUME_LIFE)
    page = gateway.page()
    page.say(t="join", ticket=ticket(sitting=13))
    assert page.code() == 4404
    assert gateway.joined().hello


def test_a_viewer_of_one_sitting_hears_nothing_of_another(gateway: RunningGateway, redis: Redis) -> None:
    here, there = gateway.joined("a"), gateway.joined("b", sitting=13)
    eventually(lambda: publish(redis, fact(1), sitting=13) or there.next("tick")["facts"])
    assert all(here.next("tick")["facts"] == [] for _ in range(5))


def test_the_first_viewer_hears_facts_though_a_tick_passed_while_its_ticket_was_checked(
    gateway: RunningGateway, redis: Redis
) -> None:
    redis.client_pause(int(4 * TICK * 1000), all=False)  # reads are answered; the check, which writes, waits
    page = gateway.joined("the first")
    publish(redis, Fact(1, "comment.approved", {}))
    assert [fact["fact_no"] for fact in page.next_with_facts()["facts"]] == [1]


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_another_origin_is_refused(gateway: RunningGateway, origin: str) -> None:
    with pytest.raises(InvalidStatus) as caught:
        gateway.page(Origin=origin)
    assert caught.value.response.status_code == 403
    assert gateway.page(Origin="https://xieshang.example")


def test_who_does_not_join_in_time_is_closed(valkey_url: str) -> None:
    with RunningGateway(settings(valkey_url, join_within=0.2)) as gateway:
        assert gateway.page().code() == 1008
        with gateway.raw() as half:
            half.sendall(b"GET /ws HTTP/1.1\r\nHost: x\r\n")
            assert read_until(half, b"\r\n\r\n").startswith(b"HTTP/1.1 408 ")
            assert half.recv(1) == b""
        eventually(lambda: gateway.health()["sockets"] == 0)


def test_a_join_sent_together_with_the_handshake_and_a_like_is_heard(
    gateway: RunningGateway, redis: Redis
) -> None:
    join, like = (
        json.dumps(message).encode()
        for message in ({"t": "join", "ticket": ticket()}, {"t": "like", "to": "sitting"})
    )
    with gateway.raw() as connection:
        connection.sendall(HANDSHAKE + masked(join) + masked(like))
        read_until(connection, b'"t":"hello"')
        eventually(lambda: any(row.likes for entry in entries(redis) for row in entry.rows))


# ---- being told


def test_everyone_is_told_facts_and_counts_with_the_same_tick(gateway: RunningGateway, redis: Redis) -> None:
    pages = [gateway.joined(f"viewer {number}") for number in range(3)]
    redis.publish(wire.stats_key(SITTING), wire.encode_stats(Stats(clock.now(), FIGURES)))
    publish(redis, fact(1))
    told = [page.next_with_facts() for page in pages]
    assert told[0]["facts"] == [{"fact_no": 1, "event": "question.on_air", "data": dict(fact(1).data)}]
    assert told[0]["stats"] == FIGURES
    assert [tick["facts"] for tick in told[1:]] == [told[0]["facts"]] * 2


def test_ticks_are_numbered_by_one(gateway: RunningGateway) -> None:
    page = gateway.joined()
    first = page.next("tick")["seq"]
    assert [page.next("tick")["seq"] for _ in range(4)] == [first + 1, first + 2, first + 3, first + 4]


def test_who_comes_back_has_what_one_has_who_never_left(gateway: RunningGateway, redis: Redis) -> None:
    stayed, left = gateway.joined("stayed"), gateway.joined("left")
    assert left.hello
    publish(redis, fact(1))
    eventually(lambda: left.next("tick")["facts"])
    left.socket.close()
    publish(redis, fact(2), fact(3))
    heard: list[dict[str, Any]] = []
    while len(heard) < 3:
        heard += stayed.next("tick")["facts"]
    back = gateway.page()
    back.say(t="join", resume=left.hello["resume"], since=1)
    assert back.next("hello")["fact_no"] == 1
    assert back.next("tick")["facts"] == heard[1:]
    publish(redis, fact(4))
    eventually(lambda: back.next("tick")["facts"] == stayed.next("tick")["facts"] != [])


def test_who_comes_back_too_late_is_told_to_fetch(gateway: RunningGateway, redis: Redis) -> None:
    page = gateway.joined()
    assert page.hello
    publish(redis, *(fact(number) for number in range(1, 301)))
    back = gateway.page()
    eventually(lambda: gateway.gateway.hub.rooms[SITTING].fact_no == 300)
    back.say(t="join", resume=page.hello["resume"], since=1)
    assert back.next("hello")["fact_no"] == 300
    assert back.next("resync")["fact_no"] == 300


def test_what_is_unreadable_on_a_channel_is_passed_over(gateway: RunningGateway, redis: Redis) -> None:
    page = gateway.joined()
    for channel in (wire.facts_channel(SITTING), wire.stats_key(SITTING), wire.COUNTED, "sitting:x:facts"):
        redis.publish(channel, b"\xff[")
    publish(redis, fact(1))
    eventually(lambda: page.next("tick")["facts"])
    assert gateway.health()["totals"]["unreadable"] == 4


# ---- saying


def test_joins_beats_likes_and_leaves_are_in_the_stream(gateway: RunningGateway, redis: Redis) -> None:
    page = gateway.joined(kind="test")
    page.say(t="beat", n=1, visible=True, watched_ms=4000)
    page.say(t="like", to="sitting")
    eventually(lambda: gateway.health()["online"] == 1)
    page.socket.close()
    eventually(lambda: any(row.left for entry in entries(redis) for row in entry.rows))
    rows = [row for entry in entries(redis) for row in entry.rows]
    assert {row.bearer for row in rows} == {Bearer(SITTING, "viewer", "visit of viewer", "test")}
    assert [row.joined for row in rows].count(True) == 1
    assert [row.beat for row in rows if row.beat] == [wire.Beat(1, True, 4000)]
    assert [row.likes for row in rows if row.likes] == [["sitting"]]


def test_the_stream_has_an_entry_every_tick_numbered_by_one(gateway: RunningGateway, redis: Redis) -> None:
    eventually(lambda: len(entries(redis)) > 5)
    assert [entry.seq for entry in entries(redis)[:5]] == [1, 2, 3, 4, 5]
    assert redis.zscore(wire.GATEWAYS, gateway.health()["boot"])


def test_a_like_is_confirmed_once_counted_and_in_the_next_hello(
    gateway: RunningGateway, redis: Redis
) -> None:
    page = gateway.joined()
    page.say(t="like", to="sitting")
    eventually(lambda: any(row.likes for entry in entries(redis) for row in entry.rows))
    entry = next(entry for entry in entries(redis) if any(row.likes for row in entry.rows))
    redis.sadd(wire.likes_key(SITTING, "sitting"), "viewer")
    redis.publish(wire.COUNTED, wire.encode_counted(Counted(entry.boot, [entry.seq])))
    assert page.next("liked") == {"t": "liked", "to": "sitting"}
    again = gateway.joined().hello
    assert again
    assert again["liked"] == ["sitting"]


# ---- too much, or not understood


def test_a_flood_is_1008(gateway: RunningGateway) -> None:
    page = gateway.joined()
    with pytest.raises(ConnectionClosedError):  # noqa: PT012 (whenever it notices)
        for number in range(100_000):
            page.say(t="beat", n=number, visible=True, watched_ms=number)
    assert page.code() == 1008


def test_a_flood_of_pings_or_of_fragments_is_1008(gateway: RunningGateway) -> None:
    for flood in (
        masked(b"", Opcode.PING) * 100,
        masked(b"", fin=False) + masked(b"", Opcode.CONT, fin=False) * 99,
    ):
        with gateway.raw_joined("viewer") as connection:
            connection.sendall(flood)
            assert close_code(connection) == 1008


def test_an_unknown_message_is_ignored_once(gateway: RunningGateway) -> None:
    page = gateway.joined()
    page.say(t="comment", text="hello")
    assert page.next("tick")
    page.say(t="comment", text="hello")
    assert page.code() == 1008


@pytest.mark.parametrize(("message", "code"), [("x" * 4097, 1009), (b"binary", 1003), ("[" * 4096, None)])
def test_what_may_not_be_sent_ends_the_connection(
    gateway: RunningGateway, message: str | bytes, code: int | None
) -> None:
    page = gateway.joined()
    page.socket.send(message)
    if code:
        assert page.code() == code
    else:
        assert page.next("tick")


def test_text_that_is_not_utf8_is_1007(gateway: RunningGateway) -> None:
    with gateway.raw_joined("viewer") as connection:
        connection.sendall(masked(b"\xff\xfe"))
        assert close_code(connection) == 1007


def test_a_message_in_fragments_and_single_bytes_is_one_message(
    gateway: RunningGateway, redis: Redis
) -> None:
    beat = b'{"t":"beat","n":1,"visible":true,"watched_ms":4000}'
    with gateway.raw_joined("viewer") as connection:
        sent = masked(beat[:9], fin=False) + masked(b"", Opcode.PING) + masked(beat[9:], Opcode.CONT)
        for byte in sent:
            connection.sendall(bytes([byte]))
        read_until(connection, b"\x8a\x00")
        eventually(lambda: gateway.health()["online"] == 1)


def test_a_ping_gets_its_pong(gateway: RunningGateway) -> None:
    page = gateway.joined()
    assert page.socket.ping(b"there?").wait(5)


def test_a_closing_client_is_answered_and_gone(gateway: RunningGateway) -> None:
    page = gateway.joined()
    page.socket.close(4000, "bye")
    assert page.socket.close_code == 4000
    eventually(lambda: gateway.health()["sockets"] == 0)


# ---- the crowd


def test_more_handshakes_than_allowed_are_told_to_come_back(valkey_url: str) -> None:
    with RunningGateway(settings(valkey_url, handshakes_per_second=5)) as gateway:
        answers = []
        for _ in range(20):
            with gateway.raw() as connection:
                connection.sendall(HANDSHAKE)
                answers.append(read_until(connection, b"\r\n\r\n"))
        refused = [answer for answer in answers if answer.startswith(b"HTTP/1.1 503 ")]
        assert len(refused) > 10
        assert all(b"Retry-After: 5" in answer for answer in refused)
        time.sleep(0.5)
        assert gateway.joined().hello


def test_a_full_gateway_refuses_and_those_inside_notice_nothing(valkey_url: str) -> None:
    with RunningGateway(settings(valkey_url, max_viewers=2)) as gateway:
        inside = [gateway.joined("a"), gateway.joined("b")]
        with pytest.raises(InvalidStatus, match="503"):
            gateway.page()
        assert all(page.next("tick") for page in inside)
        inside[0].socket.close()
        eventually(lambda: gateway.health()["sockets"] == 1)
        assert gateway.joined("c").hello


def test_one_address_has_only_so_many_connections(valkey_url: str) -> None:
    with RunningGateway(settings(valkey_url, connections_per_address=2)) as gateway:
        pages: list[Page] = [gateway.joined(f"viewer {number}") for number in range(2)]
        with pytest.raises(InvalidStatus, match="429"):
            gateway.page()
        pages[0].socket.close()
        eventually(lambda: gateway.health()["sockets"] == 1)
        assert gateway.joined().hello


# ---- the end


def test_a_stopping_gateway_says_bye_and_1012_and_comes_to_an_end_at_once_when_few_are_there(
    valkey_url: str, redis: Redis
) -> None:
    with RunningGateway(settings(valkey_url)) as gateway:
        pages = [gateway.joined(f"viewer {number}") for number in range(8)]
        began = time.monotonic()
        gateway.stop()
        eventually(lambda: gateway.gateway.is_draining)
        with pytest.raises(InvalidStatus, match="503"):
            gateway.page()
        assert all(page.next("bye")["retry"] >= 1 for page in pages)
        assert [page.code() for page in pages] == [1012] * 8
        gateway.thread.join(10)
        assert time.monotonic() - began < 5
    rows = [row for entry in entries(redis) for row in entry.rows]
    assert sum(row.left for row in rows) == 8


def test_a_stopping_gateway_does_not_wait_for_who_never_closes(valkey_url: str) -> None:
    with RunningGateway(settings(valkey_url)) as gateway, gateway.raw_joined("silent"):
        gateway.stop()
        gateway.thread.join(8)
        assert not gateway.thread.is_alive()


@pytest.fixture
def process(valkey_url: str, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The gateway as the supervisor starts it."""
    environment = os.environ | {
        "XIESHANG_DATA": str(tmp_path),
        "REDIS_URL": valkey_url,
        "XIESHANG_SECRET": SECRET.decode(),
    }
    command = [sys.executable, "-m", "web.live.server", "--port", "0", "--health-port", "0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as running:
        yield running
        running.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_serves_until_a_signal_and_ends_well(
    process: subprocess.Popen[str], number: signal.Signals
) -> None:
    assert process.stdout
    port = re.search(r"port\D+(\d+)", process.stdout.readline().replace("\x1b", ""))
    assert port
    with connect(f"ws://127.0.0.1:{port[1]}/ws", proxy=None) as socket:
        page = Page(socket)
        page.say(t="join", ticket=ticket())
        assert page.next("hello")
        process.send_signal(number)
        assert page.next("bye")
        assert page.code() == 1012
    assert process.wait(10) == 0


def test_the_process_refuses_more_viewers_than_it_may_have_files_in_one_line(tmp_path: Path) -> None:
    environment = os.environ | {
        "XIESHANG_DATA": str(tmp_path),
        "REDIS_URL": "redis://127.0.0.1:1",
        "XIESHANG_MAX_VIEWERS": "999999999",
    }
    command = [sys.executable, "-m", "web.live.server"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "打开文件数上限" in done.stderr


def test_a_gateway_does_not_start_under_a_limit_that_cannot_hold_its_viewers() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with pytest.raises(Refused, match=f"limit of open files is {hard}"):
        check_open_files(hard)
    check_open_files(100)
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 228
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
