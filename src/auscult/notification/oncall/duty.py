"""Who is on call at an instant and why, and the shifts of a window: the same answer, merged.

`on_call` looks at one instant. `shifts` asks it at every instant at which an answer may change
(handovers, hours, holidays, overrides, events), so that the two cannot disagree.
"""

from collections.abc import Iterator
from enum import StrEnum

from auscult.kernel.errors import QueryUnknown
from auscult.kernel.times import DAY_MS
from auscult.kernel.words import Word
from auscult.notification.oncall.hours import DAY_MINUTES, is_open, spans
from auscult.notification.oncall.schedule import Feed, Holiday, Layer, Override, Rotation, Schedule
from auscult.notification.oncall.zones import (
    WallTime,
    add_days,
    add_minutes,
    first_ms,
    midnight,
    minutes_between,
    wall_at,
)

WINDOW_DAYS_MAX = 400
EDGES_MAX = 20_000
EARLIEST_MS = 0
LATEST_MS = 7_258_118_400_000  # the year 2200


class Because(StrEnum):
    """What put a person on call."""

    LAYER = "layer"
    CALENDAR = "calendar"
    HOLIDAY = "holiday"
    OVERRIDE = "override"


class Duty(Word):
    """One person on call, and what put them there."""

    person: str
    because: Because
    name: str

    @property
    def why(self) -> str:
        """Return the reason as a part of a sentence: `layer nights`, `override: dentist`."""
        if self.because is Because.OVERRIDE:
            return f"override: {self.name}" if self.name else "override"
        return f"{self.because} {self.name}"


class Shift(Word):
    """Who is on call from one instant to another (not included); nobody is a gap."""

    from_ms: int
    to_ms: int
    duties: tuple[Duty, ...]

    @property
    def people(self) -> tuple[str, ...]:
        """Who is on call, the first to be called first."""
        return tuple(duty.person for duty in self.duties)

    @property
    def is_gap(self) -> bool:
        """Say whether nobody is on call."""
        return not self.duties


def on_call(schedule: Schedule, at_ms: int) -> tuple[Duty, ...]:
    """Return who is on call at an instant, each person once; nothing where nobody is.

    Of the layers that have somebody the last one speaks; overrides change what it says, in the
    order in which they are written. Raises `QueryUnknown` for instants outside of 1970 to 2199.
    """
    _check_instant(at_ms)
    zone = schedule.time_zone
    duties: tuple[Duty, ...] = ()
    for layer in reversed(schedule.layers):
        if duties := layer_duties(schedule, layer, at_ms):
            break
    early, late = _around(at_ms, zone)
    for override in schedule.overrides:
        if override.start > late or override.end < early:
            continue
        start_ms, end_ms = override.span(zone)
        if start_ms <= at_ms < end_ms:
            duties = _overridden(duties, override)
    once: dict[str, Duty] = {}
    for duty in duties:
        once.setdefault(duty.person, duty)
    return tuple(once.values())


def layer_duties(schedule: Schedule, layer: Layer, at_ms: int) -> tuple[Duty, ...]:
    """Return whom one layer has at an instant, holidays heeded; nothing where it has nobody."""
    if isinstance(layer, Feed):
        because, people = Because.CALENDAR, tuple(one.person for one in layer.at(at_ms))
    else:
        because, people = Because.LAYER, _takes_turn(layer, at_ms, schedule.time_zone)
    name = layer.name
    if people and (holiday := holiday_at(schedule, layer, at_ms)) is not None:
        because, people, name = Because.HOLIDAY, holiday.stand_ins, holiday.name
    return tuple(Duty(person=one, because=because, name=name) for one in people)


def holiday_at(schedule: Schedule, layer: Layer, at_ms: int) -> Holiday | None:
    """Return the holiday of a layer at an instant; of several the one written last."""
    early, late = (wall.date() for wall in _around(at_ms, schedule.time_zone))
    for holiday in reversed(schedule.holidays):
        if holiday.day > late or (holiday.last or holiday.day) < early:
            continue
        start_ms, end_ms = _holiday_span(holiday, schedule.time_zone)
        if start_ms <= at_ms < end_ms and (not holiday.layers or layer.name in holiday.layers):
            return holiday
    return None


def _around(at_ms: int, zone: str) -> tuple[WallTime, WallTime]:
    """Return wall times between which lies all that can hold at an instant.

    No clock is ever set by more than a day, and clocks differ by little more than one; so that
    most of many exceptions are told by comparing.
    """
    wall = wall_at(at_ms, zone)
    return add_minutes(wall, -3 * DAY_MINUTES), add_minutes(wall, 3 * DAY_MINUTES)


def shifts(schedule: Schedule, from_ms: int, to_ms: int) -> tuple[Shift, ...]:
    """Return the shifts that cover [from_ms, to_ms) without a hole or an overlap, gaps included.

    Neighbours differ in who is on call or in why. Raises `QueryUnknown` for a window that is
    empty, longer than 400 days, outside of 1970 to 2199, or with more than 20,000 changes.
    """
    check_window(from_ms, to_ms)
    found: list[Shift] = []
    edges = {edge for edge in _edges(schedule, from_ms, to_ms) if from_ms < edge < to_ms}
    if len(edges) > EDGES_MAX:
        raise QueryUnknown(f"more than {EDGES_MAX} handovers and hours; ask for a shorter window")
    starts = sorted({from_ms, *edges})
    for start_ms, end_ms in zip(starts, [*starts[1:], to_ms], strict=True):
        duties = on_call(schedule, start_ms)
        if found and found[-1].duties == duties:
            start_ms = found.pop().from_ms  # noqa: PLW2901  # the shift goes on
        found.append(Shift(from_ms=start_ms, to_ms=end_ms, duties=duties))
    return tuple(found)


def check_window(from_ms: int, to_ms: int) -> None:
    """Raise `QueryUnknown` where a window is empty, too long, or out of the calendar."""
    _check_instant(from_ms)
    _check_instant(to_ms)
    if to_ms <= from_ms:
        raise QueryUnknown("the window ends before it begins")
    if to_ms - from_ms > WINDOW_DAYS_MAX * DAY_MS:
        raise QueryUnknown(f"the window is longer than {WINDOW_DAYS_MAX} days")


def _check_instant(at_ms: int) -> None:
    if not EARLIEST_MS <= at_ms <= LATEST_MS:
        raise QueryUnknown("a time lies outside of the years 1970 to 2199")


def _takes_turn(layer: Rotation, at_ms: int, zone: str) -> tuple[str, ...]:
    if at_ms < first_ms(layer.start, zone):
        return ()
    if layer.until is not None and at_ms >= first_ms(layer.until, zone):
        return ()
    if layer.hours and not is_open(layer.hours, at_ms, zone):
        return ()
    return layer.people[turn_at(layer, at_ms, zone) % len(layer.people)]


def turn_at(layer: Rotation, at_ms: int, zone: str) -> int:
    """Return the number of the turn that holds at an instant at or after the layer's start.

    The wall clock gives it, but for a clock that was set back: what has begun stays begun.
    """
    turn = minutes_between(layer.start, wall_at(at_ms, zone)) // layer.turn.minutes
    while first_ms(layer.begins(turn + 1), zone) <= at_ms:
        turn += 1
    return turn


def _overridden(duties: tuple[Duty, ...], override: Override) -> tuple[Duty, ...]:
    new = Duty(person=override.person, because=Because.OVERRIDE, name=override.reason)
    if not override.instead_of:
        return (new,)
    return tuple(new if duty.person == override.instead_of else duty for duty in duties)


def _holiday_span(holiday: Holiday, zone: str) -> tuple[int, int]:
    end = add_days(holiday.last or holiday.day, 1)
    return first_ms(midnight(holiday.day), zone), first_ms(midnight(end), zone)


def _edges(schedule: Schedule, from_ms: int, to_ms: int) -> Iterator[int]:
    """Return every instant of a window, and some beside it, at which an answer may change."""
    zone = schedule.time_zone
    for layer in schedule.layers:
        if isinstance(layer, Feed):
            for event in layer.events:
                yield from (event.from_ms, event.to_ms)
        else:
            yield from _rotation_edges(layer, from_ms, to_ms, zone=zone)
    for override in schedule.overrides:
        yield from override.span(zone)
    for holiday in schedule.holidays:
        yield from _holiday_span(holiday, zone)


def _rotation_edges(layer: Rotation, from_ms: int, to_ms: int, *, zone: str) -> Iterator[int]:
    if layer.until is not None:
        yield first_ms(layer.until, zone)
    for span in spans(layer.hours, from_ms, to_ms, zone=zone):
        yield from span
    first_day, last_day = (
        midnight(add_days(wall_at(edge_ms, zone).date(), days))
        for edge_ms, days in ((from_ms, -1), (to_ms, 2))
    )
    length = layer.turn.minutes
    first = max(minutes_between(layer.start, first_day) // length, 0)
    last = minutes_between(layer.start, last_day) // length
    for turn in range(first, last + 1):
        yield first_ms(layer.begins(turn), zone)
