"""Time as text, computed from Unix milliseconds alone: no clock, no calendar library, no zone file.

The calendar is the proleptic Gregorian one in UTC, by the civil-from-days arithmetic of Howard
Hinnant, "chrono-Compatible Low-Level Date Algorithms" (2013).
"""

import re

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

_ERA_DAYS = 146_097
_EPOCH_SHIFT_DAYS = 719_468
_FEBRUARY = 2
_MONTHS_TO_NEXT_YEAR = 10


def civil_date(at_ms: int) -> tuple[int, int, int]:
    """Return (year, month 1..12, day 1..31) of an instant, in UTC."""
    days = at_ms // DAY_MS + _EPOCH_SHIFT_DAYS
    era, day_of_era = divmod(days, _ERA_DAYS)
    year_of_era = (
        day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    months_since_march = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * months_since_march + 2) // 5 + 1
    month = months_since_march + (3 if months_since_march < _MONTHS_TO_NEXT_YEAR else -9)
    return era * 400 + year_of_era + (month <= _FEBRUARY), month, day


def rfc3339(at_ms: int) -> str:
    """Return an instant as RFC 3339 in UTC with milliseconds: `2026-11-24T03:12:00.000Z`."""
    year, month, day = civil_date(at_ms)
    seconds, millis = divmod(at_ms % DAY_MS, SECOND_MS)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z"


_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_HTTP_TIME = re.compile(
    rf"[A-Z][a-z]{{2}}, (\d\d) ({'|'.join(_MONTHS)}) (\d{{4}}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII
)


def read_http_time(text: str) -> int | None:
    """Return the instant of a time of HTTP (RFC 9110 §5.6.7); None where it is none."""
    found = _HTTP_TIME.fullmatch(text.strip())
    if found is None:
        return None
    day, year, hour, minute, second = (int(found[place]) for place in (1, 3, 4, 5, 6))
    month = _MONTHS.index(found[2]) + 1
    year -= month <= _FEBRUARY
    era, year_of_era = divmod(year, 400)
    months_since_march = month + (-3 if month > _FEBRUARY else 9)
    day_of_year = (153 * months_since_march + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    days = era * _ERA_DAYS + day_of_era - _EPOCH_SHIFT_DAYS
    return days * DAY_MS + ((hour * 60 + minute) * 60 + second) * SECOND_MS


def clock_utc(at_ms: int) -> str:
    """Return the time of day as `03:12`; whoever writes it into a sentence adds ` UTC`."""
    hour, minute = divmod(at_ms % DAY_MS // MINUTE_MS, 60)
    return f"{hour:02}:{minute:02}"


def duration_words(duration_ms: int) -> str:
    """Return a span as a person would say it, rounded down: `45 s`, `19 min`, `2 h 5 min`, `3 d`.

    A negative span (two clocks that disagree) is said as `0 s`.
    """
    seconds = max(duration_ms, 0) // SECOND_MS
    if duration_ms < MINUTE_MS:
        return f"{seconds} s"
    minutes = seconds // 60
    if duration_ms < HOUR_MS:
        return f"{minutes} min"
    hours, minute = divmod(minutes, 60)
    if duration_ms < DAY_MS:
        return f"{hours} h {minute} min" if minute else f"{hours} h"
    days, hour = divmod(hours, 24)
    return f"{days} d {hour} h" if hour else f"{days} d"


_SPANS_MS = {"y": 365 * DAY_MS, "w": 7 * DAY_MS, "d": DAY_MS, "h": HOUR_MS}
_SPANS_MS |= {"m": MINUTE_MS, "s": SECOND_MS, "ms": 1}
_SPAN = re.compile("".join(rf"(?:(?P<{unit}>\d{{1,12}}){unit})?" for unit in _SPANS_MS))


def read_span_ms(text: str) -> int:
    """Return a span as Prometheus writes it, `1h30m` or `500ms`, in milliseconds.

    Units stand from the largest to the smallest: y, w, d, h, m, s, ms. Raises `ValueError`.
    """
    found = _SPAN.fullmatch(text.strip())
    if text.strip() == "0":
        return 0
    if found is None or not text.strip():
        raise ValueError(f"{text!r} is not a span of time such as 30s, 5m or 1h30m")
    return sum(int(found[unit] or 0) * each_ms for unit, each_ms in _SPANS_MS.items())


def write_span(span_ms: int) -> str:
    """Return a span as Prometheus reads it: `1h30m`; `0s` for none."""
    parts, left_ms = [], span_ms
    for unit, each_ms in _SPANS_MS.items():
        count, rest_ms = divmod(left_ms, each_ms)
        if count and (unit not in {"y", "w"} or not rest_ms):
            parts.append(f"{count}{unit}")
            left_ms = rest_ms
    return "".join(parts) or "0s"
