from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.figures import (
    MEASURES,
    about,
    counted,
    exact,
    in_wan,
    past_wan,
    percent,
    percent_in_prose,
    reading,
)

counts = st.integers(0, 10**12)


def test_an_exact_figure_has_thousands_separators() -> None:
    assert exact(71386) == "71,386"
    assert exact(999) == "999"
    assert exact(-71386) == "-71,386"


@pytest.mark.parametrize(
    ("n", "zh", "en"),
    [
        (0, "0", "0"),
        (999, "999", "999"),
        (1000, "1,000", "1K"),
        (4637, "4,637", "4.6K"),
        (9999, "9,999", "10K"),
        (10_000, "1万", "10K"),
        (10_500, "1.1万", "10.5K"),
        (71_386, "7.1万", "71.4K"),
        (950_000, "95万", "950K"),
        (999_949, "100万", "999.9K"),
        (999_950, "100万", "1M"),
        (99_999_499, "9999.9万", "100M"),
        (99_999_500, "1亿", "100M"),
        (1_234_567_890, "12.3亿", "1.2B"),
    ],
)
def test_a_large_figure_is_read_at_a_glance(n: int, zh: str, en: str) -> None:
    assert reading(n) == (zh, en)


@given(st.integers(10_000, 10**12))
def test_a_reading_is_the_figure_to_one_decimal(n: int) -> None:
    text = reading(n).zh
    scale = {"万": 10**4, "亿": 10**8}[text[-1]]
    assert abs(Fraction(text[:-1]) * scale - n) * 20 <= scale


@pytest.mark.parametrize(
    ("n", "measure", "step", "suffix", "wan", "zh", "en"),
    [
        (71386, "人次", 10000, "余", True, "7万余人次", "over 70,000 person-times"),
        (70000, "人次", 10000, "余", True, "7万人次", "70,000 person-times"),
        (4637, "条", 100, "余", False, "4600余条", "over 4,600 items"),
        (53, "人次", 10, "余", False, "50余人次", "over 50 person-times"),
        (40215, "人", 10000, "多", False, "40000多人", "over 40,000 people"),
        (19, "人次", 10, "余", False, "10余人次", "over 10 person-times"),
        (9, "人次", 10, "余", False, "9人次", "9 person-times"),
        (9999, "人次", 10000, "余", True, "9999人次", "9,999 person-times"),
        (0, "条", 100, "余", False, "0条", "0 items"),
        (0, "人次", 10000, "余", True, "0人次", "0 person-times"),
        (71386, "人次", 1000, "余", True, "71000余人次", "over 71,000 person-times"),
    ],
)
def test_an_approximate_figure_goes_down_to_its_step(
    n: int, measure: str, step: int, suffix: str, wan: bool, zh: str, en: str
) -> None:
    assert about(n, measure, step=step, suffix=suffix, wan=wan) == (zh, en)  # type: ignore[arg-type]


@given(counts, st.sampled_from([10, 100, 1000, 10_000]))
def test_an_approximate_figure_claims_no_more_than_there_is(n: int, step: int) -> None:
    words = about(n, "条", step=step)
    claimed = int(words.zh.rstrip("余条"))
    assert claimed <= n < claimed + step
    assert ("余" in words.zh) == words.en.startswith("over") == (claimed < n)


def test_ten_thousand_is_passed_from_ten_thousand_on() -> None:
    assert past_wan(10880, "次").zh == "破万"
    assert past_wan(10000, "次") == ("破万", "10,000 or more")
    assert past_wan(9999, "次") == ("9999次", "9,999 times")


@pytest.mark.parametrize(
    ("n", "measure", "zh", "en"),
    [
        (997000, "字", "99.7万字", "997,000 characters"),
        (953000, "元", "95.3万元", "953,000 yuan"),
        (Decimal("953499.99"), "元", "95.3万元", "953,499.99 yuan"),
        (953500, "元", "95.4万元", "953,500 yuan"),
        (1_000_000, "元", "100万元", "1,000,000 yuan"),
    ],
)
def test_characters_and_money_are_told_in_ten_thousands(
    n: int | Decimal, measure: str, zh: str, en: str
) -> None:
    assert in_wan(n, measure) == (zh, en)


@pytest.mark.parametrize(
    ("n", "measure", "zh", "en"),
    [
        (185, "件", "185件", "185 cases"),
        (1, "份", "1份", "1 paper"),
        (12, "个", "12个", "12"),
        (2386, "小时", "2386小时", "2,386 hours"),
        (Decimal("2386.5"), "小时", "2386.5小时", "2,386.5 hours"),
    ],
)
def test_a_count_stands_with_its_measure_word(n: int | Decimal, measure: str, zh: str, en: str) -> None:
    assert counted(n, measure) == (zh, en)


def test_every_unit_of_the_year_in_review_is_known() -> None:
    units = "组 场 小时 人次 份 册 条 个 次 期 人 件 家 年 篇 字 元"
    assert set(units.split()) == set(MEASURES)


@pytest.mark.parametrize(
    ("part", "whole", "table", "prose"),
    [
        (185, 193, "95.85%", "95.85%"),
        (47, 55, "85.45%", "85.45%"),
        (55, 227, "24.23%", "24.23%"),
        (95, 107, "88.79%", "88.79%"),
        (185, 185, "100.00%", "100%"),
        (1, 2, "50.00%", "50%"),
        (9, 10, "90.00%", "90%"),
        (0, 7, "0.00%", "0%"),
        (1, 800, "0.13%", "0.13%"),
        (1, 20000, "0.01%", "0.01%"),
        (1, 20001, "0.00%", "0%"),
        (3, 0, "—", "—"),
    ],
)
def test_a_rate_has_two_decimals_half_up_or_a_dash(part: int, whole: int, table: str, prose: str) -> None:
    assert percent(part, whole) == table
    assert percent_in_prose(part, whole) == prose


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_rate_is_never_further_off_than_half_a_hundredth(part: int, whole: int) -> None:
    off = Fraction(percent(part, whole).rstrip("%")) - Fraction(100 * part, whole)
    assert Fraction(-1, 200) < off <= Fraction(1, 200)
