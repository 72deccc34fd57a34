"""A card is the whole of what the crowd may see, never a difference, and never too large for its fact."""

import json

from sqlalchemy.orm import Session

from engine import wire
from engine.actions.outbox import mark_heard, number_facts, unheard_facts
from engine.actions.perform import perform
from engine.actions.question import ask_question
from engine.queries.cards import Card, cut, question_card
from tests.houses import House, shown_question, sitting


def told(house: House, db: Session) -> list[Card]:
    """The cards of the facts that are now announced."""
    number_facts(db, now=house.now)
    facts = unheard_facts(db)
    mark_heard(db, facts, now=house.now)
    return [fact.card for fact in facts if fact.card]


def test_what_is_not_shown_has_no_card_and_no_number(house: House) -> None:
    with house.transaction() as db:
        live = sitting(house, db)
        told(house, db)
        before = live.fact_no
        asked = ask_question(
            db, live, actor=house.actor(db, "citizen1"), now=house.now, title="何时动工？", asker_name="网友"
        )
        assert told(house, db) == []
        assert (question_card(db, asked), live.fact_no) == (None, before)


def test_a_merged_question_says_the_counts_of_the_other_as_they_now_are(house: House) -> None:
    with house.transaction() as db:
        live, moderator = sitting(house, db), house.actor(db, "moderator1")
        one = shown_question(house, db, live)
        two = shown_question(house, db, live, "加装电梯的钱由谁出？", "citizen2")
        for question, name in ((one, "citizen3"), (two, "citizen4")):
            perform(db, question, "upvote", actor=house.actor(db, name), now=house.now)
        perform(db, two, "merge", actor=moderator, now=house.now, merged_into_id=one.id)
        facts = [card for card in told(house, db) if card["id"] == two.id]
        assert {fact["state"] for fact in facts} == {"merged"}
        assert facts[-1]["into"] == {"id": one.id, "support": 2, "merged": 1}


def test_what_was_shown_and_is_hidden_is_only_said_to_be_gone(house: House) -> None:
    with house.transaction() as db:
        live, moderator = sitting(house, db), house.actor(db, "moderator1")
        question = shown_question(house, db, live)
        told(house, db)
        perform(db, question, "hide", actor=moderator, now=house.now, reason_code="personal")
        [card] = told(house, db)
        assert card == {"kind": "question", "id": question.id, "state": "hidden"}


def test_the_longest_question_fits_its_fact(house: House) -> None:
    with house.transaction() as db:
        question = shown_question(house, db, sitting(house, db), "问" * 200)
        card = question_card(db, question)
        assert card is not None
        assert card["text"] == "问" * 200 or card["text"].endswith("…")
        wire.encode_fact(wire.Fact(10**6, "question.approved", card))


def test_a_cut_text_keeps_within_its_bytes() -> None:
    assert cut("短", 60) == "短"
    long = cut("长" * 300, 60)
    assert long.endswith("…")
    assert len(json.dumps(long, ensure_ascii=False).encode()) <= 60
