"""Every state and every step of a procedure is in its drawing, and no two lines lie on each other."""

import re
from xml.etree import ElementTree

import pytest

from engine.editions import shipped, shipped_names
from engine.process_diagram import _trunks, mermaid, svg

SVG = "{http://www.w3.org/2000/svg}"
every_process = pytest.mark.parametrize("name", shipped_names())


@every_process
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_drawing_shows_every_state_and_step(name: str, language: str) -> None:
    process = shipped(name)
    drawing = ElementTree.fromstring(svg(process, language))
    shown = [text.text for text in drawing.iter(f"{SVG}text")]
    for state in process.states.values():
        assert getattr(state.title, language) in shown
    steps = sum(1 if verb.create else len(verb.start) for verb in process.verbs.values())
    assert len([text for text in shown if text and re.match(r"[+·↩→] ", text)]) == steps


@every_process
def test_every_line_stays_inside_the_drawing(name: str) -> None:
    drawing = ElementTree.fromstring(svg(shipped(name)))
    for path in drawing.iter(f"{SVG}path"):
        for x in re.findall(r"[MH](\d+)", path.get("d", "")):
            assert 0 < int(x) < int(drawing.get("width", 0))


@every_process
def test_lines_to_different_states_never_share_a_lane(name: str) -> None:
    process = shipped(name)
    trunks = _trunks(process, {state: 200 * at for at, state in enumerate(process.states)})
    for at, one in enumerate(trunks):
        for other in trunks[at + 1 :]:
            assert (one.lane, one.is_back) != (other.lane, other.is_back) or not one.crosses(other)


def test_counts_stand_in_their_states_and_titles_are_escaped() -> None:
    assert ">37</text>" in svg(shipped("topic"), counts={"screening": 37})
    assert "-->" in mermaid(shipped("topic"))
