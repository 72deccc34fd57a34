import csv
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.similar import Index, group

QUESTIONS = Path(__file__).parents[1] / "data" / "similar_questions.tsv"
Pairs = set[tuple[int, ...]]


def texts(part: Literal["tuned", "held_out"]) -> list[tuple[str, str]]:
    """(topic, text). The limits of engine/similar.py were set on the tuned part only."""
    with QUESTIONS.open(encoding="utf-8", newline="") as file:
        return [
            (row["topic"], row["text"]) for row in csv.DictReader(file, delimiter="\t") if row["set"] == part
        ]


ALL = [text for _, text in texts("tuned") + texts("held_out")]


def pairs(groups: Iterable[Iterable[int]]) -> Pairs:
    return {pair for ids in groups for pair in combinations(sorted(ids), 2)}


def same_topic(rows: list[tuple[str, str]]) -> Pairs:
    numbered = list(enumerate(rows))
    return pairs([n for n, (each, _) in numbered if each == topic] for topic in {topic for topic, _ in rows})


def index(sentences: Iterable[str]) -> Index:
    filled = Index()
    for id, text in enumerate(sentences):
        filled.add(id, text)
    return filled


def similar_pairs(sentences: list[str]) -> Pairs:
    filled = index(sentences)
    found = {
        tuple(sorted((id, match.id)))
        for id, text in enumerate(sentences)
        for match in filled.similar(text, 100)
    }
    return {pair for pair in found if pair[0] != pair[1]}


@pytest.mark.parametrize("part", ["tuned", "held_out"])
def test_nine_of_ten_pairs_are_found_and_nine_of_ten_found_are_pairs(
    part: Literal["tuned", "held_out"],
) -> None:
    rows = texts(part)
    found, true = similar_pairs([text for _, text in rows]), same_topic(rows)
    assert len(found & true) / len(found) > 0.9
    assert len(found & true) / len(true) > 0.9


@pytest.mark.parametrize("part", ["tuned", "held_out"])
def test_groups_are_as_good_as_pairs(part: Literal["tuned", "held_out"]) -> None:
    rows = texts(part)
    found, true = pairs(group(enumerate(text for _, text in rows))), same_topic(rows)
    assert len(found & true) / len(found) > 0.9
    assert len(found & true) / len(true) > 0.9


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("电梯加装谁出钱", "老小区加装电梯费用由谁承担？"),
        ("加装电梯的钱谁出？", "老小区装电梯，费用谁承担啊"),
        ("12路公交车间隔时间太长", "12路公交间隔太长了，等半个小时"),
        ("ＥＴＣ车道什么时候开通", "请问 etc 车道啥时候开通？？"),
        ("业主委员会如何成立", "怎么成立业委会"),
    ],
)
def test_the_same_question_in_other_words_is_similar(one: str, other: str) -> None:
    assert similar_pairs([one, other]) == {(0, 1)}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("电梯加装谁出钱", "电梯坏了谁来修"),
        ("加装电梯怎么申请？", "维修基金怎么申请使用"),
        ("物业费为什么又涨价了", "物业费都用到哪里去了"),
        ("12路公交车间隔时间太长", "15路公交车间隔时间太长"),
        ("3号楼电梯坏了", "5号楼电梯坏了"),
        ("小区路灯坏了没人修", "小区电梯坏了没人修"),
        ("身份证在哪里办理", "居住证在哪里办理"),
        ("老小区什么时候通天然气", "我们小区的房产证什么时候能办？"),
        ("？？？", "！！！"),
        ("请问", "我们"),
    ],
)
def test_different_questions_are_not_similar(one: str, other: str) -> None:
    assert similar_pairs([one, other]) == set()
    assert group([(1, one), (2, other)]) == [[1], [2]]


def test_matches_come_best_first_and_no_more_than_asked_for() -> None:
    filled = index(["老小区加装电梯费用由谁承担？", "电梯加装谁出钱", "物业费怎么用", "电梯加装，谁出钱？？"])
    assert [match.id for match in filled.similar("电梯加装谁出钱")] == [1, 3, 0]
    assert [match.id for match in filled.similar("电梯加装谁出钱", limit=1)] == [1]
    assert filled.similar("电梯加装谁出钱")[1].score == 1
    assert filled.similar("电梯加装谁出钱")[2].score < 1


def test_an_empty_index_knows_nothing_similar() -> None:
    assert Index().similar("电梯加装谁出钱") == []
    assert group([]) == []


def test_the_largest_group_stands_first() -> None:
    items = [(9, "物业费怎么用"), (4, "电梯坏了谁来修"), (7, "请问电梯坏了，谁来修？")]
    assert group(items) == [[4, 7], [9]]


sentences = st.lists(st.one_of(st.sampled_from(ALL), st.text(max_size=12)), max_size=30)


@given(sentences)
def test_every_sentence_is_in_exactly_one_group(sentences: list[str]) -> None:
    assert sorted(id for ids in group(enumerate(sentences)) for id in ids) == list(range(len(sentences)))


@given(st.text(max_size=12), st.text(max_size=12))
def test_similarity_is_mutual(one: str, other: str) -> None:
    there = [match.score for match in index([one]).similar(other)]
    assert there == [match.score for match in index([other]).similar(one)]


@given(st.sampled_from(ALL), st.randoms(use_true_random=False))
def test_punctuation_and_spaces_change_nothing(text: str, random: Random) -> None:
    noisy = "".join(character + random.choice(["", " ", "，", "！", "…"]) for character in text)
    assert index([text]).similar(noisy)[0].score == 1


def test_a_sentence_repeated_a_thousand_times_is_one_group() -> None:
    assert group((id, "支持加装电梯！") for id in range(1000)) == [list(range(1000))]
