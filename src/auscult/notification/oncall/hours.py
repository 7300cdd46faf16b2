"""Times of the week on a wall clock: `22:00` to `06:00` on weekdays, in some time zone."""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from auscult.kernel.words import Word
from auscult.notification.oncall.zones import (
    Date,
    WallTime,
    add_days,
    add_minutes,
    first_ms,
    midnight,
    wall_at,
)

DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")


class Weekday(StrEnum):
    """A day of the week, Monday first."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"

    @property
    def rank(self) -> int:
        """0 for Monday, as in `date.weekday()`."""
        return _WEEK.index(self)


_WEEK = tuple(Weekday)


def _read_clock(given: Any) -> Any:  # noqa: ANN401  # raw settings
    """Read `22:00`; a bare 22:00 is 1320 already, for YAML 1.1 reads it in base 60."""
    if not isinstance(given, str):
        return given
    found = _CLOCK.fullmatch(given.strip())
    if not found or int(found[2]) > 59:  # noqa: PLR2004  # minutes of an hour
        raise ValueError(f"{given!r} is no time of day; write it as 09:00")
    return int(found[1]) * 60 + int(found[2])


def _read_days(given: Any) -> Any:  # noqa: ANN401  # raw settings
    """Read `mon`, `mon-fri`, or a list of either; `fri-mon` goes over the week's end."""
    if isinstance(given, str):
        given = (given,)
    if not isinstance(given, list | tuple):
        return given
    days: list[Weekday] = []
    for one in given:
        first, _, last = str(one).strip().lower().partition("-")
        start, end = Weekday(first).rank, Weekday(last or first).rank
        days += [_WEEK[at % 7] for at in range(start, start + (end - start) % 7 + 1)]
    return tuple(dict.fromkeys(days))


Clock = Annotated[int, BeforeValidator(_read_clock), Field(ge=0, le=DAY_MINUTES)]
"""A time of day in minutes from midnight."""


class Hours(Word):
    """A time of day on some days of the week; `end` at or before `start` is on the next day.

    The weekday is the one on which it begins. Equal times are 24 hours of the wall clock. Where a
    clock changes, it runs from the first instant that shows `start` or later to the first that
    shows `end` or later, so that two that meet on the clock leave no hole and do not overlap.
    """

    start: Clock = 0
    end: Clock = DAY_MINUTES
    weekdays: Annotated[tuple[Weekday, ...], BeforeValidator(_read_days)] = Field(
        default=_WEEK, min_length=1, max_length=7
    )

    @model_validator(mode="after")
    def _starts_within_a_day(self) -> "Hours":
        if self.start == DAY_MINUTES:
            raise ValueError("start: 24:00 is 00:00 of the next weekday")
        return self

    @property
    def length(self) -> int:
        """How many minutes of the wall clock it lasts, 1 to 1440."""
        return (self.end - self.start - 1) % DAY_MINUTES + 1

    def on(self, day: Date) -> tuple[WallTime, WallTime] | None:
        """Return the wall times between which it is open, if it begins on that day."""
        if _WEEK[day.weekday()] not in self.weekdays:
            return None
        start = add_minutes(midnight(day), self.start)
        return start, add_minutes(start, self.length)


def is_open(hours: tuple[Hours, ...], at_ms: int, zone: str) -> bool:
    """Say whether an instant lies in one of the times, by the clocks of the zone."""
    return any(start <= at_ms < end for start, end in spans(hours, at_ms, at_ms, zone=zone))


def closes_ms(hours: tuple[Hours, ...], at_ms: int, zone: str) -> int:
    """Return when the times that hold at an instant are over, those that follow at once included.

    That is `at_ms` itself where none holds. There must be a minute of the week that is in none.
    """
    while True:
        around = spans(hours, at_ms, at_ms, zone=zone)
        end_ms = max((end for start, end in around if start <= at_ms < end), default=at_ms)
        if end_ms == at_ms:
            return at_ms
        at_ms = end_ms


def spans(
    hours: tuple[Hours, ...], from_ms: int, to_ms: int, *, zone: str
) -> Iterator[tuple[int, int]]:
    """Return (start, end) in Unix milliseconds of all that may touch a window, in no order.

    A day more on either side: one that began yesterday may last, and a clock set back over
    midnight shows yesterday again.
    """
    day = add_days(wall_at(from_ms, zone).date(), -1)
    last = add_days(wall_at(to_ms, zone).date(), 1)
    while day <= last:
        for one in hours:
            if (walls := one.on(day)) is not None:
                yield first_ms(walls[0], zone), first_ms(walls[1], zone)
        day = add_days(day, 1)


def covers_week(hours: tuple[Hours, ...]) -> bool:
    """Say whether no minute of the week is outside of all of them."""
    free = bytearray(b"\x01" * WEEK_MINUTES)
    for one in hours:
        for weekday in one.weekdays:
            start = weekday.rank * DAY_MINUTES + one.start
            for minute in range(start, start + one.length):
                free[minute % WEEK_MINUTES] = 0
    return not any(free)
