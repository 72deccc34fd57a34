"""What was done is read ahead for a page, and read anew once something is written."""

from engine.actions.perform import perform
from engine.past import done_since, has_done, read_ahead
from tests.houses import POINTS, House


def test_what_was_read_ahead_tells_who_did_it_and_is_forgotten_when_something_is_done(house: House) -> None:
    with house.transaction() as db:
        topic = house.screened_topic(db, house.plan(db))
        first, second = (house.actor(db, name) for name in ("scorer1", "scorer2"))
        perform(db, topic, "score", actor=first, now=house.now, points=POINTS)
        read_ahead(db, [topic], {"score"})
        assert [has_done(db, topic, "score", one.id) for one in (first, second)] == [True, False]
        assert len(done_since(db, topic, "score")) == 1
        perform(db, topic, "score", actor=second, now=house.now, points=POINTS)
        assert has_done(db, topic, "score", second.id)
        assert len(done_since(db, topic, "score")) == 2
