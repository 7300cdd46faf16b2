"""Two weeks of a schedule as strips, a week each: lines and boxes in parts of the width.

The SVG has no viewBox, so that its words keep their size on a phone; a box shows as much of a name
as it has room for, and the table beside it says everything.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from auscult.kernel.times import SECOND_MS, duration_words
from auscult.notification.oncall import Schedule, Shift
from auscult.notification.oncall.zones import add_days, first_ms, midnight, wall_at, zone_named

WEEKS, WEEK_DAYS = 2, 7
COLOURS = 8


@dataclass(frozen=True, slots=True)
class Box:
    """A shift within a week, from `left` on and `width` wide, in percent of the week."""

    left: float
    width: float
    label: str
    words: str
    look: str


@dataclass(frozen=True, slots=True)
class Week:
    """A week: where its days begin and what they are called, its shifts, and now where it lies."""

    days: tuple[tuple[float, str], ...]
    boxes: tuple[Box, ...]
    now: float | None
    words: str


def looks_of(people: Iterable[str]) -> dict[str, str]:
    """Return the colour of each person, the same in every schedule."""
    return {name: f"p{at % COLOURS}" for at, name in enumerate(people)}


def window_of(zone: str, now_ms: int) -> tuple[int, int]:
    """Return from when to when the strips reach: whole days there, today the first."""
    today = wall_at(now_ms, zone).date()
    last = add_days(today, WEEKS * WEEK_DAYS)
    return first_ms(midnight(today), zone), first_ms(midnight(last), zone)


def draw_weeks(
    schedule: Schedule, shifts: Sequence[Shift], *, looks: Mapping[str, str], now_ms: int
) -> tuple[Week, ...]:
    """Return the strips of the shifts of `window_of`; `looks` are those of the people there are."""
    zone = schedule.time_zone
    today = wall_at(now_ms, zone).date()
    weeks = []
    for number in range(WEEKS):
        days = [add_days(today, number * WEEK_DAYS + day) for day in range(WEEK_DAYS + 1)]
        edges = [first_ms(midnight(day), zone) for day in days]
        span = edges[0], edges[-1]
        within = [one for one in shifts if one.from_ms < span[1] and one.to_ms > span[0]]
        labels = tuple(f"{day:%a} {day.day}" for day in days)
        weeks.append(
            Week(
                days=tuple((_part(at, span), word) for at, word in zip(edges, labels, strict=True))[
                    :-1
                ],
                boxes=tuple(_box(one, span, zone, looks=looks) for one in within),
                now=_part(now_ms, span) if span[0] <= now_ms < span[1] else None,
                words=f"{schedule.name}, {labels[0]} to {labels[-2]}: {_told(within)}",
            )
        )
    return tuple(weeks)


def spoken(at_ms: int, zone: str) -> str:
    """Return an instant of these weeks as people there say it: `Mon 30 Nov 09:00 CET`."""
    there = datetime.fromtimestamp(at_ms // SECOND_MS, zone_named(zone))
    return f"{there:%a} {there.day} {there:%b %H:%M} {there.tzname() or zone}"


def _look_of(shift: Shift, looks: Mapping[str, str]) -> str:
    """Return how a shift looks: by its first person, as a gap, or as somebody who is not known."""
    if shift.is_gap:
        return "gap"
    return "stranger" if set(shift.people) - looks.keys() else looks[shift.people[0]]


def _box(shift: Shift, span: tuple[int, int], zone: str, *, looks: Mapping[str, str]) -> Box:
    left, right = _part(max(shift.from_ms, span[0]), span), _part(min(shift.to_ms, span[1]), span)
    name = ", ".join(shift.people) or "nobody"
    why = "; ".join(dict.fromkeys(duty.why for duty in shift.duties))
    times = f"{spoken(shift.from_ms, zone)} to {spoken(shift.to_ms, zone)}"
    words = f"{name}, {times} ({duration_words(shift.to_ms - shift.from_ms)})"
    return Box(
        left=left,
        width=round(right - left, 3),
        label=name,
        words=f"{words}: {why}" if why else words,
        look=_look_of(shift, looks),
    )


def _told(shifts: Sequence[Shift]) -> str:
    names = dict.fromkeys(", ".join(one.people) or "nobody" for one in shifts)
    return "; ".join(names)


def _part(at_ms: int, span: tuple[int, int]) -> float:
    return round(100 * (at_ms - span[0]) / (span[1] - span[0]), 3)
