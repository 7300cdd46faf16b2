"""Random calendars of events that recur, and what another library makes of them."""

import random
import warnings
from datetime import UTC, datetime, timedelta
from typing import Any

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")

Times = list[tuple[int, int]]


def draw_calendar(rng: random.Random) -> tuple[str, int, int]:
    """One series with exceptions, moved and added times, and a window in Unix milliseconds."""
    zone = rng.choice(ZONES)
    begin = datetime(rng.randint(2019, 2026), rng.randint(1, 12), rng.randint(1, 28))  # noqa: DTZ001  # a wall time
    begin += timedelta(minutes=rng.randrange(0, 1_440, 30))
    is_day = rng.random() < 0.2
    lines = [f"UID:one\nSUMMARY:ada\n{stamp('DTSTART', begin, zone, is_day)}"]
    if is_day:
        begin = begin.replace(hour=0, minute=0)
        lines.append(stamp("DTEND", begin + timedelta(days=rng.randint(1, 3)), zone, is_day))
    else:
        end = begin + timedelta(minutes=rng.randint(1, 3_000))
        lines.append(stamp("DTEND", end, zone, is_day))
    rule, every = draw_rule(rng)
    if rng.random() < 0.3:
        rule += f";COUNT={rng.randint(1, 60)}"
    elif rng.random() < 0.4:
        until = begin + timedelta(days=rng.randint(1, 1_500))
        rule += f";UNTIL={until:%Y%m%d}" if is_day else f";UNTIL={until:%Y%m%dT%H%M%SZ}"
    lines.append(f"RRULE:{rule}")
    if rng.random() < 0.5:
        lines += [
            stamp("EXDATE", begin + timedelta(days=every * rng.randint(0, 90)), zone, is_day)
            for _ in range(rng.randint(1, 5))
        ]
    if rng.random() < 0.2:
        extra = begin + timedelta(days=rng.randint(1, 900), hours=0 if is_day else 1)
        lines.append(stamp("RDATE", extra, zone, is_day))
    from_day = begin + timedelta(days=rng.randint(-30, 700))
    from_ms = milliseconds(from_day.replace(tzinfo=UTC))
    to_ms = from_ms + rng.randint(1, 120) * 86_400_000
    body = "BEGIN:VEVENT\n" + "\n".join(lines) + "\nEND:VEVENT\n"
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:test\n{body}END:VCALENDAR\n"
    return text.replace("\n", "\r\n"), from_ms, to_ms


def draw_rule(rng: random.Random) -> tuple[str, int]:
    """A rule that comes true again and again, and a number of days at which it often does."""
    freq = rng.choice(("DAILY", "WEEKLY", "MONTHLY", "YEARLY"))
    interval = rng.randint(1, 4 if freq != "YEARLY" else 2)
    parts = [f"FREQ={freq}", f"INTERVAL={interval}"] if interval > 1 else [f"FREQ={freq}"]
    days = ",".join(rng.sample(DAYS, rng.randint(1, 4)))
    nth = f"{rng.choice((1, 2, 3, 4, -1, -2))}{rng.choice(DAYS)}"
    months = ",".join(map(str, sorted(rng.sample(range(1, 13), rng.randint(1, 5)))))
    month_days = ",".join(map(str, rng.sample([*range(1, 29), -1, -2, -5, 31], rng.randint(1, 3))))
    choice = rng.random()
    if freq == "DAILY" and choice < 0.4:
        parts.append(f"BYDAY={days}")
    elif freq == "WEEKLY" and choice < 0.7:
        parts += [f"BYDAY={days}", f"WKST={rng.choice(DAYS)}"]
    elif freq in {"MONTHLY", "YEARLY"} and choice < 0.25:
        parts.append(f"BYDAY={nth}")
    elif freq in {"MONTHLY", "YEARLY"} and choice < 0.5:
        parts.append(f"BYMONTHDAY={month_days}")
    elif freq in {"MONTHLY", "YEARLY"} and choice < 0.75:
        parts += [f"BYDAY={days}", f"BYSETPOS={rng.choice((1, 2, -1))}"]
    if freq == "YEARLY" or (freq == "DAILY" and interval == 1 and rng.random() < 0.2):
        parts += [f"BYMONTH={months}"] if rng.random() < 0.6 else []
    return ";".join(parts), {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 30, "YEARLY": 365}[freq] * interval


def stamp(name: str, wall: datetime, zone: str, is_day: bool) -> str:
    if is_day:
        return f"{name};VALUE=DATE:{wall:%Y%m%d}"
    if zone == "UTC":
        return f"{name}:{wall:%Y%m%dT%H%M%SZ}"
    return f"{name};TZID={zone}:{wall:%Y%m%dT%H%M%S}"


def milliseconds(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def other_times(text: str, from_ms: int, to_ms: int, *, zone: Any) -> Times:
    """The times that touch a window as recurring-ical-events has them; days are of `zone`."""
    import icalendar
    import recurring_ical_events

    window = [
        datetime.fromtimestamp(at_ms // 1_000, UTC)
        for at_ms in (from_ms - 3 * 86_400_000, to_ms + 3 * 86_400_000)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        calendar = icalendar.Calendar.from_ical(text)
        found = recurring_ical_events.of(calendar).between(*window)
    times = []
    for event in found:
        start, end = (instant(event[name].dt, zone) for name in ("DTSTART", "DTEND"))
        if start < end and start < to_ms and end > from_ms:
            times.append((start, end))
    return sorted(times)


def instant(value: Any, zone: Any) -> int:
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=zone)
    return milliseconds(value)
