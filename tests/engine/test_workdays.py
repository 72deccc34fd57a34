from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.workdays import (
    Calendar,
    Day,
    NotAPeriod,
    Period,
    day_written,
    deadline_words,
    seed,
    traffic,
)

CALENDAR = Calendar({day: worked for day, worked, _ in seed(range(2018, 2028))})

dates = st.dates(date(2019, 1, 1), date(2020, 12, 31))
periods = st.one_of(
    st.builds(Period, st.integers(1, 60), st.just("workday")),
    st.builds(Period, st.integers(1, 90), st.just("day")),
    st.builds(Period, st.integers(1, 6), st.just("month")),
)


def d(text: str) -> date:
    return date.fromisoformat(text)


# The checked values of domain/04-workflows.md, and the holidays around which they turn.
@pytest.mark.parametrize(
    ("start", "period", "due"),
    [
        ("2019-03-08", "3 months", "2019-06-10"),
        ("2019-11-30", "3 months", "2020-03-02"),
        ("2019-09-25", "10 workdays", "2019-10-14"),
        ("2019-04-30", "5 workdays", "2019-05-09"),
        ("2019-03-08", "15 workdays", "2019-03-29"),
        ("2019-08-31", "6 months", "2020-03-02"),
        ("2020-01-22", "3 workdays", "2020-02-04"),
        ("2026-09-28", "5 workdays", "2026-10-10"),
        ("2019-09-25", "7 days", "2019-10-08"),
        ("2019-12-31", "1 workday", "2020-01-02"),
        ("2020-01-31", "1 month", "2020-03-02"),
        ("2019-09-28", "1 workday", "2019-09-29"),
    ],
)
def test_a_period_ends_where_the_civil_code_and_the_holiday_notice_say(
    start: str, period: str, due: str
) -> None:
    assert CALENDAR.due(d(start), Period.parse(period)) == d(due)


@pytest.mark.parametrize(
    ("end", "period", "begin"),
    [
        ("2019-10-10", "10 workdays", "2019-09-20"),
        ("2019-10-14", "7 days", "2019-09-30"),
        ("2020-03-31", "1 month", "2020-02-28"),
    ],
)
def test_counting_back_leaves_at_least_the_whole_period(end: str, period: str, begin: str) -> None:
    assert CALENDAR.before(d(end), Period.parse(period)) == d(begin)


@given(dates, periods)
def test_a_due_date_is_a_working_day_after_its_start(start: date, period: Period) -> None:
    due = CALENDAR.due(start, period)
    assert due > start
    assert CALENDAR.is_workday(due)


@given(dates, dates, periods)
def test_who_starts_later_is_never_due_earlier(one: date, other: date, period: Period) -> None:
    first, last = sorted((one, other))
    assert CALENDAR.due(first, period) <= CALENDAR.due(last, period)
    assert CALENDAR.before(first, period) <= CALENDAR.before(last, period)


@given(dates, periods)
def test_a_longer_period_never_ends_earlier(start: date, period: Period) -> None:
    longer = Period(period.count + 1, period.unit)
    assert CALENDAR.due(start, period) <= CALENDAR.due(start, longer)


@given(dates, st.integers(1, 60))
def test_workdays_counted_back_from_a_due_date_lead_to_the_last_working_day_not_after_the_start(
    start: date, count: int
) -> None:
    period = Period(count, "workday")
    begin = CALENDAR.before(CALENDAR.due(start, period), period)
    assert begin <= start
    assert CALENDAR.workdays_between(begin, start) == 0
    assert CALENDAR.is_workday(begin)


@given(dates.filter(CALENDAR.is_workday), periods)
def test_what_begins_by_the_day_counted_back_is_done_in_time(end: date, period: Period) -> None:
    assert CALENDAR.due(CALENDAR.before(end, period), period) <= end


@given(dates, st.integers(1, 60))
def test_the_workdays_to_a_due_date_are_those_of_its_period(start: date, count: int) -> None:
    assert CALENDAR.workdays_between(start, CALENDAR.due(start, Period(count, "workday"))) == count


@given(dates, dates, dates)
def test_workdays_between_days_are_signed_and_add_up(a: date, b: date, c: date) -> None:
    assert CALENDAR.workdays_between(a, b) == -CALENDAR.workdays_between(b, a)
    assert CALENDAR.workdays_between(a, b) + CALENDAR.workdays_between(b, c) == CALENDAR.workdays_between(
        a, c
    )


def test_in_a_year_nobody_has_entered_only_weekends_are_off() -> None:
    assert CALENDAR.due(d("2027-12-31"), Period(1, "workday")) == d("2028-01-03")
    assert CALENDAR.due(d("2028-09-29"), Period(2, "workday")) == d("2028-10-03")


def test_a_year_is_not_final_until_its_make_up_days_are_known() -> None:
    assert 2026 in CALENDAR.final
    assert not {2027, 2028} & CALENDAR.final
    published = Calendar(CALENDAR.days | {d("2027-10-09"): True})
    assert 2027 in published.final


def test_a_worked_weekday_does_not_make_a_year_official() -> None:
    assert Calendar(CALENDAR.days | {d("2027-10-05"): True}).final == CALENDAR.final


def test_the_working_days_of_a_year_are_counted_whole() -> None:
    assert Calendar({}).workdays_in(2028) == 260


@pytest.mark.parametrize("text", ["2027-10-01", "2027年10月1日", " 2027-10-1 "])
def test_a_day_is_written_in_two_ways(text: str) -> None:
    assert day_written(text) == d("2027-10-01")


@pytest.mark.parametrize("text", ["", "2027-13-01", "2027-02-29", "20271001", "2027/10/01", "１", "46661"])
def test_what_is_no_day_is_not_taken_for_one(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (the caller's words say what is wrong)
        day_written(text)


def test_the_office_may_overrule_a_day() -> None:
    friday = d("2019-03-29")
    local = Calendar(CALENDAR.days | {friday: False})
    assert local.due(d("2019-03-08"), Period(15, "workday")) == d("2019-04-01")


def test_the_seed_lists_exceptions_only_and_names_them() -> None:
    days = seed([2019, 2020])
    assert days == sorted(days)
    assert all(day.worked == (day.day.weekday() >= 5) for day in days)
    assert {day.day.year for day in days} == {2019, 2020}
    assert Day(d("2019-10-01"), False, "国庆节") in days
    assert Day(d("2019-10-12"), True, "调休上班") in days
    assert Day(d("2020-01-31"), False, "春节延长假期") in days


def test_the_seed_holds_the_whole_notice_for_2026() -> None:
    days = seed([2026])
    made_up = {day.day for day in days if day.worked}
    assert made_up == {d(f"2026-{day}") for day in ("01-04", "02-14", "02-28", "05-09", "09-20", "10-10")}
    assert Calendar({day: worked for day, worked, _ in days}).workdays_in(2026) == 248


def test_a_make_up_day_before_new_year_belongs_to_the_year_it_lies_in() -> None:
    assert d("2011-12-31") in {day.day for day in seed([2011])}
    assert d("2011-12-31") not in {day.day for day in seed([2012])}


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ("1 workday", "1 个工作日", "1 working day"),
        ("3 workdays", "3 个工作日", "3 working days"),
        ("7 days", "7 天", "7 days"),
        ("1 month", "1 个月", "1 month"),
        ("2 months", "2 个月", "2 months"),
    ],
)
def test_a_period_is_said_in_both_languages(text: str, zh: str, en: str) -> None:
    assert Period.parse(text).words == (zh, en)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "workdays",
        "0 days",
        "-1 days",
        "1.5 months",
        "03 days",
        "３ days",
        "3  days",
        " 3 days",
        "3 days\n",
        "3 weeks",
        "1 year",
        "1000 days",
        "3 Days",
        "3 workdays of assigned",
    ],
)
def test_what_is_not_a_period_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(NotAPeriod, match="3 workdays") as refused:
        Period.parse(text)
    assert "应写成" in refused.value.words.zh


@pytest.mark.parametrize(
    ("due", "today", "zh", "en"),
    [
        (
            "2019-10-14",
            "2019-10-10",
            "剩余 3 个工作日 · 10月14日（周一）前",
            "3 working days left · by Mon 14 Oct",
        ),
        (
            "2019-10-14",
            "2019-10-13",
            "剩余 1 个工作日 · 10月14日（周一）前",
            "1 working day left · by Mon 14 Oct",
        ),
        ("2019-10-14", "2019-10-14", "今天截止", "Due today"),
        (
            "2019-10-14",
            "2019-10-16",
            "逾期 2 个工作日 · 10月14日（周一）到期",
            "2 working days late · was due Mon 14 Oct",
        ),
        (
            "2019-10-18",
            "2019-10-19",
            "逾期不到 1 个工作日 · 10月18日（周五）到期",
            "less than 1 working day late · was due Fri 18 Oct",
        ),
        (
            "2020-01-02",
            "2019-12-31",
            "剩余 1 个工作日 · 2020年1月2日（周四）前",
            "1 working day left · by Thu 2 Jan 2020",
        ),
        (
            "2027-03-05",
            "2026-12-31",
            "剩余 41 个工作日 · 2027年3月5日（周五）前（暂定）",
            "41 working days left · by Fri 5 Mar 2027 (provisional)",
        ),
        ("2027-03-05", "2027-03-05", "今天截止（暂定）", "Due today (provisional)"),
        (
            "2027-03-05",
            "2027-03-08",
            "逾期 1 个工作日 · 3月5日（周五）到期（暂定）",
            "1 working day late · was due Fri 5 Mar (provisional)",
        ),
    ],
)
def test_a_deadline_says_how_long_and_until_when(due: str, today: str, zh: str, en: str) -> None:
    assert deadline_words(d(due), d(today), CALENDAR) == (zh, en)


@pytest.mark.parametrize(
    ("today", "warn", "light"),
    [
        ("2019-10-09", "2 workdays", "ok"),
        ("2019-10-12", "2 workdays", "soon"),
        ("2019-10-14", "2 workdays", "soon"),
        ("2019-10-15", "2 workdays", "late"),
        ("2019-10-12", None, "ok"),
        ("2019-10-14", None, "soon"),
        ("2019-10-15", None, "late"),
    ],
)
def test_the_light_turns_at_the_warning_point_and_after_the_last_day(
    today: str, warn: str | None, light: str
) -> None:
    period = Period.parse(warn) if warn else None
    assert traffic(d("2019-10-14"), d(today), CALENDAR, period) == light
