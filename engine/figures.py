"""How a number is worded in tables, notes and the prose of reports (domain/07-statistics.md 3e.9)."""

from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Literal

from engine.words import Words

WAN = 10_000

MEASURES: dict[str, tuple[str, str]] = {
    "人次": ("person-time", "person-times"),
    "人": ("person", "people"),
    "件": ("case", "cases"),
    "条": ("item", "items"),
    "份": ("paper", "papers"),
    "篇": ("article", "articles"),
    "期": ("issue", "issues"),
    "册": ("volume", "volumes"),
    "场": ("sitting", "sittings"),
    "次": ("time", "times"),
    "个": ("", ""),
    "组": ("set", "sets"),
    "家": ("enterprise", "enterprises"),
    "年": ("year", "years"),
    "小时": ("hour", "hours"),
    "字": ("character", "characters"),
    "元": ("yuan", "yuan"),
}
"""Chinese measure word → English, one and many."""


def exact(n: int) -> str:
    return f"{n:,}"


def reading(n: int) -> Words:
    """A large figure at a glance, to stand beside the exact one: 71386 → 7.1万 / 71.4K."""
    return Words(
        _scaled(n, (WAN, "万"), (10**8, "亿")),
        _scaled(n, (10**3, "K"), (10**6, "M"), (10**9, "B")),
    )


def _scaled(n: int, *scales: tuple[int, str]) -> str:
    """One decimal, half up. A figure that would round up to the next scale is told in it: 999950 → 1M."""
    text = exact(n)
    for (smaller, _), (size, name) in pairwise(((1, ""), *scales)):
        if n + smaller // 20 >= size:
            tenths = (20 * n + size) // (2 * size)
            text = f"{tenths // 10}.{tenths % 10}".removesuffix(".0") + name
    return text


def counted(n: int | Decimal, measure: str) -> Words:
    """185件 / 185 cases. Chinese prose has no thousands separator: 2386小时 / 2,386 hours."""
    return Words(f"{n}{measure}", _english(n, measure))


def about(n: int, measure: str, *, step: int, suffix: Literal["余", "多"] = "余", wan: bool = False) -> Words:
    """Down to the step, never up: 4637 by 100 → 4600余条 / over 4,600 items; an exact multiple has no 余.

    `wan` writes the ten thousands as a word: 7万余人次. Never for legal counts (proposals, letters).
    """
    rest = n % step if n >= step else 0
    floor = n - rest
    number = f"{floor // WAN}万" if wan and floor and floor % WAN == 0 else str(floor)
    return Words(
        f"{number}{suffix if rest else ''}{measure}",
        f"{'over ' if rest else ''}{_english(floor, measure)}",
    )


def past_wan(n: int, measure: str) -> Words:
    """破万 from ten thousand on, the plain count below it."""
    return Words("破万", "10,000 or more") if n >= WAN else counted(n, measure)


def in_wan(n: int | Decimal, measure: str) -> Words:
    """997000 → 99.7万字 / 997,000 characters: one decimal, half up."""
    tens = (Decimal(n) / WAN).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return Words(f"{tens}".removesuffix(".0") + f"万{measure}", _english(n, measure))


def percent(part: int, whole: int) -> str:
    """For tables: two decimals, half up; “—” when there is nothing to divide by."""
    if whole == 0:
        return "—"
    hundredths = (20_000 * part + whole) // (2 * whole)
    return f"{hundredths // 100}.{hundredths % 100:02}%"


def percent_in_prose(part: int, whole: int) -> str:
    """100%, not 100.00%."""
    return percent(part, whole).replace(".00%", "%")


def _english(n: int | Decimal, measure: str) -> str:
    one, many = MEASURES[measure]
    return f"{n:,} {one if n == 1 else many}".rstrip()
