"""Time intervals, by which a route is mute or active: Alertmanager's, with its spelling.

Source of the semantics: `timeinterval/timeinterval.go` of Alertmanager 0.25. Days of a month may be
counted from its end (-1 is the last), and are cut to the month they fall in.
"""

import calendar
import re
from functools import cached_property
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from auscult.kernel.words import Word
from auscult.notification.oncall.zones import WallTime, Zone, wall_at

DAY_MINUTES = 1_440
WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
SHORTEST_MONTH_DAYS, LONGEST_MONTH_DAYS = 28, 31
_CLOCK = re.compile(r"(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)|(?P<midnight>24:00)")

Span = tuple[int, int]


class Times(Word):
    """A part of the day, without its last minute: `{start_time: "09:00", end_time: "17:00"}`."""

    start_time: str
    end_time: str

    @cached_property
    def minutes(self) -> Span:
        """From which minute of the day to before which."""
        return _minute(self.start_time), _minute(self.end_time)

    @field_validator("end_time")
    @classmethod
    def _ends_later(cls, end: str, info: Any) -> str:  # noqa: ANN401  # pydantic's own
        if "start_time" in info.data and _minute(info.data["start_time"]) >= _minute(end):
            raise ValueError("start time cannot be equal or greater than end time")
        return end


def _minute(text: str) -> int:
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a time of day such as 09:30")
    return DAY_MINUTES if found["midnight"] else int(found["hour"]) * 60 + int(found["minute"])


def _ranges(
    given: Any,  # noqa: ANN401  # raw settings
    names: tuple[str, ...] = (),
    *,
    first: int = 0,
) -> tuple[Span, ...]:
    """Read a list of `a`, `a:b`, or names for them; raises `ValueError`."""
    spans = []
    for one in given if isinstance(given, list | tuple) else [given]:
        if isinstance(one, list | tuple):
            spans.append((int(one[0]), int(one[1])))
            continue
        ends = str(one).lower().split(":")
        if len(ends) > 2:  # noqa: PLR2004  # from and to
            raise ValueError(f"{one!r} is not a range such as 1:5")
        read = [names.index(end) + first if end in names else int(end) for end in ends]
        spans.append((read[0], read[-1]))
    return tuple(spans)


def _ordered(spans: tuple[Span, ...], low: int, high: int) -> tuple[Span, ...]:
    for begin, end in spans:
        if not low <= begin <= end <= high:
            raise ValueError(f"{begin}:{end} is no range within {low}:{high}")
    return spans


def _weekdays(given: Any) -> tuple[Span, ...]:  # noqa: ANN401  # raw settings
    return _ordered(_ranges(given, WEEKDAYS), 0, 6)


def _months(given: Any) -> tuple[Span, ...]:  # noqa: ANN401  # raw settings
    return _ordered(_ranges(given, MONTHS, first=1), 1, 12)


def _years(given: Any) -> tuple[Span, ...]:  # noqa: ANN401  # raw settings
    return _ordered(_ranges(given), 1, 9_999)


def _days(given: Any) -> tuple[Span, ...]:  # noqa: ANN401  # raw settings
    spans = _ranges(given)
    for begin, end in spans:
        if not all(0 < abs(day) <= LONGEST_MONTH_DAYS for day in (begin, end)):
            raise ValueError(f"{begin}:{end} is not a day of a month: 1 to 31, or -31 to -1")
        if begin < 0 < end:
            raise ValueError("end day must be negative if start day is negative")
        least, most = (day if day > 0 else SHORTEST_MONTH_DAYS + day for day in (begin, end))
        if least > most:
            raise ValueError(f"end day {end} is always before start day {begin}")
    return spans


class Interval(Word):
    """Times that belong together: inside where every field that is given says so."""

    times: tuple[Times, ...] | None = Field(default=None, max_length=100)
    weekdays: Annotated[tuple[Span, ...] | None, BeforeValidator(_weekdays)] = None
    days_of_month: Annotated[tuple[Span, ...] | None, BeforeValidator(_days)] = None
    months: Annotated[tuple[Span, ...] | None, BeforeValidator(_months)] = None
    years: Annotated[tuple[Span, ...] | None, BeforeValidator(_years)] = None
    location: Zone = "UTC"

    def holds(self, now_ms: int) -> bool:
        """Say whether an instant is inside."""
        at = wall_at(now_ms, self.location)
        minute = at.hour * 60 + at.minute
        weekday = at.isoweekday() % 7
        return (
            (self.times is None or any(_in(minute, one.minutes, 1) for one in self.times))
            and (self.days_of_month is None or any(_on(at, one) for one in self.days_of_month))
            and (self.months is None or any(_in(at.month, one) for one in self.months))
            and (self.weekdays is None or any(_in(weekday, one) for one in self.weekdays))
            and (self.years is None or any(_in(at.year, one) for one in self.years))
        )


def _in(value: int, span: Span, short: int = 0) -> bool:
    return span[0] <= value <= span[1] - short


def _on(at: WallTime, days: Span) -> bool:
    last = calendar.monthrange(at.year, at.month)[1]
    begin, end = (day + last + 1 if day < 0 else day for day in days)
    return begin <= last and begin <= at.day <= min(end, last)


class Intervals(Word):
    """Intervals under one name: inside where any of them says so."""

    name: str = Field(min_length=1, max_length=200)
    time_intervals: tuple[Interval, ...] = Field(max_length=100)

    def holds(self, now_ms: int) -> bool:
        """Say whether an instant is inside."""
        return any(one.holds(now_ms) for one in self.time_intervals)
