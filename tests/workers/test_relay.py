"""The relay: numbers without a hole, tells at least once under one number, and alone."""

from datetime import timedelta
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import select

from engine import clock, wire
from engine.models.ledger import Lease, LedgerEntry, Outbox
from tests.houses import House, shown_question, sitting
from workers.relay import Relay


@pytest.fixture
def redis(valkey_url: str) -> Redis:
    return Redis.from_url(valkey_url)


@pytest.fixture
def relay(house: House, redis: Redis, tmp_path: Path) -> Relay:
    return Relay(house.database, redis, tmp_path / "ledger.key")


def told(redis: Redis, sitting_id: int) -> list[tuple[int, str]]:
    facts = [wire.decode_fact(each) for each in redis.lrange(wire.recent_key(sitting_id), 0, -1)]
    return [(fact.fact_no, fact.event) for fact in facts]


def numbers(house: House) -> list[int | None]:
    with house.transaction() as db:
        return list(db.scalars(select(Outbox.fact_no).where(Outbox.fact_no.is_not(None)).order_by(Outbox.id)))


def test_facts_are_told_in_order_under_numbers_without_a_hole(
    house: House, relay: Relay, redis: Redis
) -> None:
    with house.transaction() as db:
        live = sitting(house, db)
        shown_question(house, db, live)
    relay.turn()
    facts = told(redis, live.id)
    assert [number for number, _ in facts] == list(range(1, len(facts) + 1)) == numbers(house)
    assert facts[-1][1] == "question.approved"
    relay.turn()
    assert told(redis, live.id) == facts


def test_a_relay_that_died_after_telling_tells_again_under_the_same_numbers(
    house: House, relay: Relay, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    with house.transaction() as db:
        live = sitting(house, db).id

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr("workers.relay.mark_heard", die)
        with pytest.raises(KeyboardInterrupt):
            relay.turn()
    once = told(redis, live)
    relay.turn()
    assert told(redis, live) == once * 2


def test_a_second_relay_numbers_nothing_and_seals_nothing(
    house: House, relay: Relay, redis: Redis, tmp_path: Path
) -> None:
    with house.transaction() as db:
        sitting(house, db)
        db.add(Lease(name="relay", holder="another", epoch=1, until=clock.now() + timedelta(minutes=1)))
    relay.turn()
    assert numbers(house) == []
    assert relay.tree is None


def test_a_fact_that_cannot_be_told_stops_no_other(
    house: House, relay: Relay, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    with house.transaction() as db:
        live = sitting(house, db)
        shown_question(house, db, live)
    encode = wire.encode_fact

    def refuse_one(fact: wire.Fact) -> bytes:
        if fact.event == "sitting.live":
            raise ValueError("too large")
        return encode(fact)

    monkeypatch.setattr("engine.wire.encode_fact", refuse_one)
    relay.turn()
    heard = told(redis, live.id)
    assert [number for number, _ in heard] != numbers(house)
    assert heard[-1][1] == "question.approved"


def test_without_valkey_facts_wait_and_sealing_goes_on(house: House, tmp_path: Path) -> None:
    with house.transaction() as db:
        sitting(house, db)
    away = Relay(house.database, Redis.from_url(f"unix://{tmp_path}/nowhere"), tmp_path / "ledger.key")
    away.turn()
    with house.transaction() as db:
        entries = db.scalars(select(LedgerEntry.id)).all()
        waiting = db.scalars(select(Outbox.id).where(Outbox.announced_at.is_(None))).all()
    assert away.tree is not None
    assert away.tree.size == len(entries)
    assert waiting
