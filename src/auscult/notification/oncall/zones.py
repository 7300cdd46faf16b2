"""Wall clocks of the world's time zones: what one shows at an instant, and when it first shows it.

A wall time is a naive `WallTime`; an instant is Unix milliseconds. The rules of the zones are the
IANA time zone database's, by `zoneinfo` (PEP 615). This is the only file of the room that imports
`datetime`, and none asks it what time it is: a test reads the files for that.
"""

import datetime as dt
from functools import lru_cache
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

from auscult.kernel.times import MINUTE_MS, SECOND_MS

Date = dt.date
WallTime = dt.datetime
"""What a clock on a wall shows: without a zone."""

Span = dt.timedelta
"""A length of time on a wall clock."""

YEARS = range(1970, 2200)
"""The years of schedules: farther away the rules of clocks are guesses, and arithmetic ends."""

Day = TypeVar("Day", bound=Date)

_EPOCH = WallTime(1970, 1, 1)
_MILLI = Span(milliseconds=1)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@lru_cache(maxsize=1_024)
def zone_named(name: str) -> ZoneInfo:
    """Return the zone of an IANA name. Raises `ValueError` with the name where there is none."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):  # a folder, a path, or no such name
        raise ValueError(
            f"there is no time zone {name!r}; write an IANA name such as Europe/Berlin"
        ) from None


def _known(name: str) -> str:
    zone_named(name)
    return name


def _naive(wall: WallTime) -> WallTime:
    if wall.tzinfo is not None:
        raise ValueError("write the local time without an offset; time_zone says which it is")
    return wall.replace(microsecond=0, fold=0)


def _near(day: Day) -> Day:
    if day.year not in YEARS:
        raise ValueError(f"the year {day.year} is none of {YEARS[0]} to {YEARS[-1]}")
    return day


Zone = Annotated[str, AfterValidator(_known)]
"""The name of a time zone that exists."""

Wall = Annotated[WallTime, AfterValidator(_naive), AfterValidator(_near)]
"""A local date and time in settings, to the second, without an offset."""

SetDate = Annotated[Date, AfterValidator(_near)]
"""A day in settings."""


def wall_at(at_ms: int, zone: str) -> WallTime:
    """Return what a wall clock there shows at an instant, to the millisecond."""
    there = WallTime.fromtimestamp(at_ms // SECOND_MS, zone_named(zone))
    return there.replace(tzinfo=None, fold=0) + at_ms % SECOND_MS * _MILLI


@lru_cache(maxsize=65_536)
def first_ms(wall: WallTime, zone: str) -> int:
    """Return the first instant at which a clock there shows `wall` or a later time.

    So every wall time has one instant, and a later one never an earlier instant: a time that the
    spring skips is the moment of the change, one that the autumn shows twice is its first passing.
    """
    before, after = _utc_ms(wall, zone, fold=0), _utc_ms(wall, zone, fold=1)
    if after >= before:  # shown once or twice; in a gap the offset before it lies later (PEP 495)
        return before
    low_ms, high_ms = after, before
    while high_ms - low_ms > 1:
        middle_ms = (low_ms + high_ms) // 2
        shown = wall_at(middle_ms, zone)
        low_ms, high_ms = (low_ms, middle_ms) if shown >= wall else (middle_ms, high_ms)
    return high_ms


def utc_ms(wall: WallTime, zone: str) -> int:
    """Return the instant of a wall time as RFC 5545 §3.3.5 has it, for calendars of others.

    A time that is shown twice is its first passing; one that is skipped is read with the offset
    before the change, so that 02:30 becomes 03:30.
    """
    return _utc_ms(wall, zone, fold=0)


def midnight(day: Date) -> WallTime:
    """Return the wall time at which a day begins."""
    return WallTime(day.year, day.month, day.day)


def add_minutes(wall: WallTime, minutes: int) -> WallTime:
    """Return the wall time so many minutes of a wall clock later."""
    return wall + Span(minutes=minutes)


def add_days(day: Date, days: int) -> Date:
    """Return the day so many days later."""
    return day + Span(days=days)


def minutes_between(start: WallTime, end: WallTime) -> int:
    """Return the whole minutes of a wall clock from `start` to `end`, rounded down."""
    return (end - start) // (_MILLI * MINUTE_MS)


def said(at_ms: int, zone: str) -> str:
    """Return an instant as people there say it: `Mon 30 Nov 2026 09:00 CET`."""
    there = WallTime.fromtimestamp(at_ms // SECOND_MS, zone_named(zone))
    day = f"{_DAYS[there.weekday()]} {there.day} {_MONTHS[there.month - 1]} {there.year}"
    return f"{day} {there.hour:02}:{there.minute:02} {there.tzname() or zone}"


def _utc_ms(wall: WallTime, zone: str, *, fold: int) -> int:
    offset = wall.replace(tzinfo=zone_named(zone), fold=fold).utcoffset() or Span()
    return (wall - offset - _EPOCH) // _MILLI
