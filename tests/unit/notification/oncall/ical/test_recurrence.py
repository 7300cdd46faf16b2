"""Recurrence rules: what each part chooses, and what it may cost."""

from datetime import date

import pytest

from auscult.kernel.errors import BodyMalformed, BodyTooLarge
from auscult.notification.oncall.ical.recurrence import Budget, days_of, read_rule


def days(rule: str, first: str = "2026-01-31", until: str = "2026-12-31") -> list[str]:
    parts = {name: text.split(",") for name, text in (one.split("=") for one in rule.split(";"))}
    window = date.fromisoformat(first), date.fromisoformat(until)
    found = days_of(read_rule(parts), window[0], window, budget=Budget(100_000))
    return [f"{day:%m%d}" for day in found]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=MONTHLY", ["0131", "0331", "0531", "0731", "0831", "1031", "1231"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3", ["0131", "0228", "0331"]),
        ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=2", ["0227", "0327"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2", ["0227", "0331"]),
        ("FREQ=WEEKLY;INTERVAL=2;COUNT=3", ["0131", "0214", "0228"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=MO;COUNT=3", ["0201", "0209", "0215"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU;COUNT=3", ["0208", "0209", "0222"]),
        ("FREQ=YEARLY;BYDAY=1MO;COUNT=1", []),
        ("FREQ=YEARLY;BYMONTH=2,3;BYDAY=1MO", ["0202", "0302"]),
        ("FREQ=YEARLY;BYDAY=20MO", ["0518"]),
        ("FREQ=YEARLY;BYMONTH=4", []),
        ("FREQ=DAILY;INTERVAL=100", ["0131", "0511", "0819", "1127"]),
        ("FREQ=DAILY;BYMONTH=3;BYDAY=SU", ["0301", "0308", "0315", "0322", "0329"]),
        ("FREQ=DAILY;COUNT=0", []),
        ("FREQ=MONTHLY;BYSETPOS=9;BYMONTHDAY=1", []),
    ],
)
def test_a_rule_chooses_its_days(rule: str, expected: list[str]) -> None:
    assert days(rule) == expected


def test_a_count_is_counted_from_the_beginning_wherever_the_window_lies() -> None:
    rule = read_rule({"FREQ": ["DAILY"], "COUNT": [100]})
    window = date(2026, 4, 8), date(2026, 6, 1)
    found = list(days_of(rule, date(2026, 1, 1), window, budget=Budget(1_000)))
    assert found == [date(2026, 4, 8), date(2026, 4, 9), date(2026, 4, 10)]


def test_the_days_before_a_window_are_not_walked_without_a_count() -> None:
    for freq in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY"):
        budget = Budget(3_000)
        window = date(2026, 1, 1), date(2026, 12, 31)
        assert list(days_of(read_rule({"FREQ": [freq]}), date(1, 1, 1), window, budget=budget))


def test_what_is_looked_at_is_paid_for() -> None:
    rule = read_rule({"FREQ": ["DAILY"], "BYMONTH": ["2"], "BYMONTHDAY": ["30"], "COUNT": ["1"]})
    window = date(2026, 1, 1), date(2026, 12, 31)
    with pytest.raises(BodyTooLarge, match="recur too often"):
        list(days_of(rule, date(2000, 1, 1), window, budget=Budget(1_000)))


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({}, "FREQ="),
        ({"FREQ": ["HOURLY"]}, "FREQ=HOURLY"),
        ({"FREQ": ["DAILY"], "BYHOUR": ["1"]}, "BYHOUR"),
        ({"FREQ": ["YEARLY"], "BYWEEKNO": ["1"]}, "BYWEEKNO"),
        ({"FREQ": ["DAILY"], "INTERVAL": ["x"]}, "cannot be read"),
        ({"FREQ": ["DAILY"], "WKST": ["XX"]}, "cannot be read"),
        ({"FREQ": ["DAILY"], "BYDAY": ["aMO"]}, "cannot be read"),
        ({"FREQ": ["DAILY"], "INTERVAL": ["0"]}, "less than 1"),
    ],
)
def test_a_rule_that_is_not_taken_says_which_part(parts: dict[str, list[str]], words: str) -> None:
    with pytest.raises(BodyMalformed, match=words):
        read_rule(parts)
