"""Hours of the week: as people write them, over midnight, and over changes of the clock."""

import pytest
import yaml
from pydantic import ValidationError

from auscult.notification.oncall.hours import Hours, closes_ms, covers_week, is_open
from tests.unit.notification.oncall.times import text_of, utc

BERLIN = "Europe/Berlin"
NIGHT = Hours.model_validate(yaml.safe_load("{start: 22:00, end: 06:00, weekdays: mon-fri}"))
DAY = Hours.model_validate({"start": "06:00", "end": "22:00"})


def test_yaml_reads_a_bare_time_of_day_as_a_number_and_is_understood() -> None:
    assert yaml.safe_load("22:00") == 1_320
    assert (NIGHT.start, NIGHT.end, NIGHT.length) == (1_320, 360, 480)


@pytest.mark.parametrize(
    "given",
    [
        {"start": "9"},
        {"start": "09:60"},
        {"start": "24:00"},
        {"end": "24:01"},
        {"weekdays": []},
        {"weekdays": "monday"},
        {"weekdays": "mon-"},
    ],
)
def test_what_is_no_time_of_the_week_is_refused(given: dict[str, object]) -> None:
    if given == {"weekdays": "mon-"}:
        assert Hours.model_validate(given).weekdays == ("mon",)
        return
    with pytest.raises(ValidationError):
        Hours.model_validate(given)


def test_days_may_go_over_the_weekend() -> None:
    assert Hours.model_validate({"weekdays": "fri-mon"}).weekdays == ("fri", "sat", "sun", "mon")
    assert Hours.model_validate({"weekdays": ["mon-tue", "tue"]}).weekdays == ("mon", "tue")


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-27 21:00", True),  # Friday 22:00
        ("2026-11-27 20:59", False),
        ("2026-11-28 04:59", True),  # Saturday 05:59, of Friday's night
        ("2026-11-28 05:00", False),
        ("2026-11-28 22:00", False),  # Saturday 23:00
        ("2026-11-30 03:00", False),  # Monday 04:00 would be Sunday's night
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_begins(at: str, expected: bool) -> None:
    assert is_open((NIGHT,), utc(at), BERLIN) is expected


def test_hours_that_meet_on_the_clock_leave_no_hole_where_it_changes() -> None:
    halves = (
        Hours.model_validate({"start": "02:30", "end": "02:45"}),
        Hours.model_validate({"start": "02:45", "end": "02:30"}),
    )
    for day in ("2026-03-29", "2026-10-25"):
        for minute in range(24 * 60):
            at_ms = utc(f"{day} 00:00") + minute * 60_000
            assert [is_open((one,), at_ms, BERLIN) for one in halves].count(True) == 1


def test_a_time_that_is_shown_twice_is_open_at_its_first_passing_only() -> None:
    hours = (Hours.model_validate({"start": "02:00", "end": "02:30"}),)
    assert is_open(hours, utc("2026-10-25 00:10"), BERLIN)
    assert not is_open(hours, utc("2026-10-25 01:10"), BERLIN)


def test_what_has_begun_stays_begun_where_a_clock_goes_back_over_midnight() -> None:
    newfoundland = "America/St_Johns"  # 2010: at 00:01 on Sunday it is 23:01 on Saturday again
    hours = (Hours.model_validate({"start": "00:00", "end": "00:30", "weekdays": "sun"}),)
    opened = [
        is_open(hours, utc("2010-11-07 02:00") + minute * 60_000, newfoundland)
        for minute in range(180)
    ]
    assert (opened.index(True), opened.count(True)) == (30, 90)


def test_equal_times_are_a_whole_day() -> None:
    hours = (Hours.model_validate({"start": "09:00", "end": "09:00", "weekdays": "mon"}),)
    assert is_open(hours, utc("2026-12-01 07:59"), BERLIN)
    assert not is_open(hours, utc("2026-12-01 08:00"), BERLIN)


def test_quiet_ends_when_the_last_of_those_that_follow_each_other_ends() -> None:
    more = Hours.model_validate({"start": "06:00", "end": "07:30", "weekdays": "sat"})
    ends = closes_ms((NIGHT, more), utc("2026-11-27 23:00"), BERLIN)
    assert text_of(ends) == "2026-11-28 06:30"
    assert closes_ms((NIGHT,), utc("2026-11-27 12:00"), BERLIN) == utc("2026-11-27 12:00")


def test_a_whole_week_is_told() -> None:
    assert covers_week((DAY, Hours.model_validate({"start": "22:00", "end": "06:00"})))
    assert not covers_week((DAY, NIGHT))
