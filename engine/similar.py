"""Near-duplicate Chinese sentences: which questions ask the same thing. It proposes, a moderator decides.

Two sentences are similar when they share enough character bigrams (Jaccard, by an inverted index), have nearly
the same characters in whatever order (rapidfuzz; 电梯加装 and 加装电梯 are one thing) and the shorter says little
that the longer does not: 路灯坏了没人修 and 电梯坏了没人修 differ in their subject only. Sentences with different
numbers (12路, 15路) are never similar. For sentences, not for essays, and not for English.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from rapidfuzz import fuzz

# Set on the `tuned` part of tests/data/similar_questions.tsv.
BIGRAMS = 0.2  # in common, of those of both
LETTERS = 55  # in common, of 100 of both
CONTAINED = 0.76  # of the shorter one's letters

# Ways of saying the same, longer ones first; an empty second part says nothing in a question.
SAME = (
    ("业主委员会", "业委会"),
    ("老旧小区", "小区"),
    ("老小区", "小区"),
    ("可不可以", "能"),
    ("能不能", "能"),
    ("什么时候", "何时"),
    ("啥时候", "何时"),
    ("为啥", "为什么"),
    ("如何", "怎么"),
    ("怎样", "怎么"),
    ("没有", "没"),
    ("费用", "钱"),
    ("承担", "出"),
    ("负责", ""),
    ("加装", "装"),
    ("安装", "装"),
    ("更换", "换"),
    ("维修", "修"),
    ("可以", "能"),
    ("由谁", "谁"),
    ("请问", ""),
    ("一下", ""),
    ("我们", ""),
    ("我想", ""),
    ("到底", ""),
    ("啥", "什么"),
    *((particle, "") for particle in "的了吗呢吧啊呀来要里都很太又在到着过该也是"),
)


class Match(NamedTuple):
    """`score` is 1.0 for the same but for width, case, punctuation, order and ways of saying."""

    id: int
    score: float


class Essence:
    """What is compared of a sentence, and the ids of all that come down to it."""

    __slots__ = ("bigrams", "ids", "letters", "numbers")

    def __init__(self, key: str) -> None:
        self.bigrams = {key[n : n + 2] for n in range(len(key) - 1)} or {key}
        self.letters = "".join(sorted(key))
        self.numbers = set(re.findall(r"[0-9]+", key))
        self.ids: list[int] = []

    def score(self, other: "Essence", shared: int) -> float:
        """0 for what is not similar enough; `shared` counts the bigrams in common."""
        if shared < BIGRAMS * (len(self.bigrams) + len(other.bigrams) - shared):
            return 0
        if self.numbers and other.numbers and self.numbers != other.numbers:
            return 0
        score = fuzz.ratio(self.letters, other.letters, score_cutoff=LETTERS) / 100
        letters = score * (len(self.letters) + len(other.letters)) / 2
        return score if letters >= CONTAINED * min(len(self.letters), len(other.letters)) else 0


class Index:
    """Sentences by id."""

    def __init__(self) -> None:
        self.essences: dict[str, Essence] = {}
        self.holders: defaultdict[str, list[Essence]] = defaultdict(list)  # by bigram

    def add(self, id: int, text: str) -> Essence:
        key = _key(text)
        if key not in self.essences:
            self.essences[key] = Essence(key)
            for bigram in self.essences[key].bigrams:
                self.holders[bigram].append(self.essences[key])
        self.essences[key].ids.append(id)
        return self.essences[key]

    def similar(self, text: str, limit: int = 5) -> list[Match]:
        """The best first. A sentence that is in the index itself is among its own matches."""
        near = self.near(Essence(_key(text)))
        found = [Match(id, score) for essence, score in near for id in essence.ids]
        return sorted(found, key=lambda match: (-match.score, match.id))[:limit]

    def near(self, essence: Essence) -> Iterator[tuple[Essence, float]]:
        shared = Counter(chain.from_iterable(self.holders.get(bigram, ()) for bigram in essence.bigrams))
        for other, count in shared.items():
            if score := essence.score(other, count):
                yield other, score


def group(items: Iterable[tuple[int, str]]) -> list[list[int]]:
    """Every id once, the largest group first.

    A sentence joins the group with most members similar to it, if those are half of it: one alone would
    chain different questions together by the words they have in common.
    """
    index = Index()
    groups: list[list[int]] = []
    sizes: Counter[int] = Counter()  # in essences
    home: dict[Essence, int] = {}
    for id, text in items:
        essence = index.add(id, text)
        if essence not in home:
            votes = Counter(home[other] for other, _ in index.near(essence) if other in home)
            best = max(votes, key=votes.__getitem__, default=len(groups))
            if 2 * votes[best] < sizes[best]:
                best = len(groups)
            if best == len(groups):
                groups.append([])
            home[essence] = best
            sizes[best] += 1
        groups[home[essence]].append(id)
    return sorted(groups, key=lambda ids: (-len(ids), ids))


def _key(text: str) -> str:
    """Letters and digits alone, in one width, one case and one way of saying; a text without any as it is."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    key = "".join(character for character in folded if character.isalnum())
    for said, same in SAME:
        key = key.replace(said, same)
    return key or folded
