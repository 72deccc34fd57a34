"""Refusals: what was not done, why, and what to do instead. The web gives each its status."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from engine.words import Words

Row = TypeVar("Row")
Taken = TypeVar("Taken")


class Refused(Exception):
    """Nothing was changed. `words` is a whole sentence for the person who asked."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.en)
        self.words = words


class Invalid(Refused):
    """What was given cannot be used. `fields` names each wrong field and says what is wrong with it."""

    def __init__(self, fields: Mapping[str, Words], words: Words | None = None) -> None:
        super().__init__(words or Words("填写的内容有误，请逐项修改。", "Some answers need correcting."))
        self.fields = dict(fields)


class Forbidden(Refused):
    """This person may not do this; the words say who may."""


class WrongState(Refused):
    """The matter is not at a stage where this can be done, or no longer. `lacks` is the condition that does not hold,
    as the procedure names it, with what it is held against.
    """

    def __init__(self, words: Words, lacks: tuple[str, str] = ("", "")) -> None:
        super().__init__(words)
        self.lacks = lacks


class Stale(Refused):
    """Someone else changed the matter first. `version` is the one it has now."""

    def __init__(self, words: Words, version: int) -> None:
        super().__init__(words)
        self.version = version


class NotFound(Refused):
    """No such thing, or none that this person may see; the two are not told apart."""


class TooMany(Refused):
    """Too often from one person or address. `retry_after` is in seconds."""

    def __init__(self, words: Words, retry_after: int) -> None:
        super().__init__(words)
        self.retry_after = retry_after


def none_of_them(refused: Iterable[tuple[str, Refused]], words: Words) -> WrongState:
    """Of several things done together: `words`, and each that was refused by its name with the reason why."""
    why = [
        (name, next(iter(one.fields.values())) if isinstance(one, Invalid) else one.words)
        for name, one in refused
    ]
    zh = "".join(f"“{name}”：{said.zh}" for name, said in why)
    en = " ".join(f"“{name}”: {said.en}" for name, said in why)
    return WrongState(Words(f"{words.zh}{zh}", f"{words.en} {en}"))


def all_or_none(rows: Iterable[Row], take: Callable[[Row], Taken]) -> list[Taken]:
    """What became of every row. Raises `Invalid` with a field `row.column` for every mistake (rows count from 1)."""
    taken: list[Taken] = []
    wrong: dict[str, Words] = {}
    for number, row in enumerate(rows, start=1):
        try:
            taken.append(take(row))
        except Invalid as refusal:
            wrong |= {f"{number}.{column}": words for column, words in refusal.fields.items()}
    if wrong:
        raise Invalid(
            wrong,
            Words(
                f"有 {len(wrong)} 处错误，一行也没有导入。", f"{len(wrong)} mistakes; nothing was imported."
            ),
        )
    return taken
