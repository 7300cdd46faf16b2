"""The times of a calendar's events in a window: recurrences, exceptions, moved and cancelled ones.

RFC 5545 §3.8.4.4 (RECURRENCE-ID), §3.8.5 (EXDATE, RDATE, RRULE). The beginning of an event that
recurs counts as one of its times even where its rule would not choose it, as in every calendar.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from auscult.kernel.errors import BodyMalformed
from auscult.kernel.times import DAY_MS, SECOND_MS
from auscult.notification.oncall.ical.clocks import Clocks, Component
from auscult.notification.oncall.ical.recurrence import Budget, days_of, read_rule
from auscult.notification.oncall.zones import (
    Date,
    Span,
    WallTime,
    midnight,
    wall_at,
    zone_named,
)

DAYS_MAX = 500_000
"""How many days all rules of a calendar may look at: about a second's work."""

LENGTH_MAX_DAYS = 400

YEARS = range(1583, 9_000)
"""Years that are taken; some write the year 1 or 9999 for a date that they do not know."""

_READ = {
    *("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID"),
    "SEQUENCE",
}

Time = tuple[Component, int, int]
"""An event's component, and the start and the end of one of its times, in Unix milliseconds."""

Masters = dict[str, Component]


@dataclass(frozen=True, slots=True)
class Moment:
    """A day or a time as it is written, and the name of its zone."""

    wall: WallTime
    zone: str
    is_day: bool


Changes = dict[str, dict[Moment, Component]]


@dataclass(frozen=True, slots=True)
class Reach:
    """How far is looked: the window in Unix milliseconds, and the clocks and the budget for it."""

    from_ms: int
    to_ms: int
    clocks: Clocks
    budget: Budget


@dataclass(slots=True)
class Gone:
    """What is not a time of a series any more: instants, or whatever begins on a day."""

    at_ms: set[int] = field(default_factory=set)
    days: set[Date] = field(default_factory=set)


def times_of(calendar: Component, from_ms: int, to_ms: int, *, zone: str) -> Iterator[Time]:
    """Return each event's component with the start and the end of each of its times in a window.

    `zone` is that of days and of times that name none. Raises `BodyMalformed` and `BodyTooLarge`.
    """
    window = _day(from_ms - 2 * DAY_MS), _day(to_ms + 2 * DAY_MS)
    parts = calendar.subcomponents
    zones = {str(one.get("TZID", "")): one for one in parts if one.name == "X-FOREIGN-ZONE"}
    budget = Budget(DAYS_MAX)
    clocks = Clocks(zones, zone=zone, window=window, budget=budget)
    reach = Reach(from_ms, to_ms, clocks, budget)
    masters, changes = _sort_out([one for one in parts if one.name == "VEVENT"])
    for uid, component in masters.items():
        if not _is_cancelled(component):
            yield from _times(component, tuple(changes.get(uid, ())), reach)
    for uid, changed in changes.items():
        if uid not in masters or not _is_cancelled(masters[uid]):
            for component in changed.values():
                if not _is_cancelled(component):
                    yield from _lasting(component, [_begin(component)], reach)


def _sort_out(events: list[Component]) -> tuple[Masters, Changes]:
    """Return the events by UID, and the changed ones by UID and what they change.

    Of several with the same names the one of the highest SEQUENCE counts, the last of equals.
    """
    masters: Masters = {}
    changes: Changes = {}
    for number, component in enumerate(events):
        if broken := [name for name, _ in component.errors if name in _READ]:
            raise BodyMalformed(f"{broken[0]} of {component.get('UID', 'an event')!s:.100}")
        uid = str(component.get("UID", "")) or f"\n{number}"
        at = _only(component, "RECURRENCE-ID")
        if at is None:
            if uid not in masters or _sequence(component) >= _sequence(masters[uid]):
                masters[uid] = component
            continue
        if "RANGE" in at.params:
            raise BodyMalformed("RECURRENCE-ID with RANGE is not taken")
        changed, moment = changes.setdefault(uid, {}), _moment(at.dt, at.params)
        if moment not in changed or _sequence(component) >= _sequence(changed[moment]):
            changed[moment] = component
    return masters, changes


def _times(
    component: Component,
    changed: tuple[Moment, ...],
    reach: Reach,
) -> Iterator[Time]:
    gone = Gone()
    for moment in (*changed, *_listed(component, "EXDATE")):
        if moment.is_day:
            gone.days.add(moment.wall.date())
        else:
            gone.at_ms.add(reach.clocks.ms(moment.wall, moment.zone))
    begin = _begin(component)
    starts = dict.fromkeys(
        [begin, *_listed(component, "RDATE"), *_recurring(component, begin, reach)]
    )
    left = [
        start
        for start in starts
        if start.wall.date() not in gone.days
        and reach.clocks.ms(start.wall, start.zone) not in gone.at_ms
    ]
    yield from _lasting(component, left, reach)


def _recurring(component: Component, begin: Moment, reach: Reach) -> Iterator[Moment]:
    """Return the times of an event's rules, from one that may last into the window on."""
    first_day = _day(reach.from_ms - 2 * DAY_MS) - _length(component, begin, reach)
    window = first_day, _day(reach.to_ms + 2 * DAY_MS)
    for parts in _many(component.get("RRULE", [])):
        rule, until = read_rule(parts), parts.get("UNTIL", [None])[0]
        for day in days_of(rule, begin.wall.date(), window, budget=reach.budget):
            start = Moment(WallTime.combine(day, begin.wall.time()), begin.zone, begin.is_day)
            if until is not None and _is_after(start, until, reach.clocks):
                break
            yield start


def _is_after(start: Moment, until: Component, clocks: Clocks) -> bool:
    """Say whether a time lies after UNTIL, which is an instant, a day, or a local time."""
    if not isinstance(until, Date):
        raise BodyMalformed("RRULE: UNTIL is no date")
    if not isinstance(until, WallTime):
        return start.wall.date() > until
    if until.tzinfo is None:
        return start.wall > until
    if start.is_day:  # a day with an UNTIL in UTC, against RFC 5545, is common: its day counts
        return start.wall.date() > until.date()
    return clocks.ms(start.wall, start.zone) > int(until.timestamp()) * SECOND_MS


def _lasting(
    component: Component,
    starts: list[Moment],
    reach: Reach,
) -> Iterator[Time]:
    """Return the start and the end of each time that touches the window."""
    if not starts:
        return
    clocks, begin = reach.clocks, _begin(component)
    length = _length(component, begin, reach)
    for start in starts:
        start_ms = clocks.ms(start.wall, start.zone)
        end_ms = clocks.ms(start.wall + length, start.zone)
        if start_ms < end_ms and start_ms < reach.to_ms and end_ms > reach.from_ms:
            yield component, start_ms, end_ms


def _length(component: Component, begin: Moment, reach: Reach) -> Span:
    """Return how long an event lasts on the wall clock of its beginning."""
    if (end := _only(component, "DTEND")) is not None:
        moment = _moment(end.dt, end.params)
        if moment.zone == begin.zone:
            length = moment.wall - begin.wall
        else:
            begin_ms = reach.clocks.ms(begin.wall, begin.zone)
            length = (reach.clocks.ms(moment.wall, moment.zone) - begin_ms) * Span(milliseconds=1)
    elif (duration := _only(component, "DURATION")) is not None:
        length = duration.dt
        if not isinstance(length, Span):
            raise BodyMalformed("DURATION is no length of time")
    else:
        length = Span(days=1) if begin.is_day else Span()
    if abs(length) > Span(days=LENGTH_MAX_DAYS):
        raise BodyMalformed(f"an event lasts longer than {LENGTH_MAX_DAYS} days")
    return length


def _begin(component: Component) -> Moment:
    start = _only(component, "DTSTART")
    if start is None:
        raise BodyMalformed(f"no DTSTART in {component.get('UID', 'an event')!s:.100}")
    return _moment(start.dt, start.params)


def _moment(value: Component, parameters: Component) -> Moment:
    if isinstance(value, tuple):  # a period; its own end is not heeded
        value = value[0]
    if not isinstance(value, Date):
        raise BodyMalformed("a time of day where a date belongs")
    if value.year not in YEARS:
        raise BodyMalformed(f"a date of the year {value.year}")
    if isinstance(value, WallTime):
        if value.tzinfo is None:
            return Moment(value, str(parameters.get("X-ZONE", "")), is_day=False)
        utc = value.astimezone(zone_named("UTC"))
        return Moment(utc.replace(tzinfo=None), "UTC", is_day=False)
    return Moment(midnight(value), "", is_day=True)


def _listed(component: Component, name: str) -> Iterator[Moment]:
    for one in _many(component.get(name, [])):
        for value in one.dts:
            yield _moment(value.dt, one.params)


def _only(component: Component, name: str) -> Component:
    """Return a property, or None. Raises `BodyMalformed` where it stands twice."""
    found = component.get(name)
    if isinstance(found, list):
        raise BodyMalformed(f"{name} stands twice in {component.get('UID', 'an event')!s:.100}")
    return found


def _many(given: Component) -> list[Component]:
    """Return what icalendar gives bare where there is one, and as a list where there are more."""
    return given if isinstance(given, list) else [given]


def _sequence(component: Component) -> int:
    return int(_only(component, "SEQUENCE") or 0)


def _is_cancelled(component: Component) -> bool:
    return str(component.get("STATUS", "")).upper() == "CANCELLED"


def _day(at_ms: int) -> Date:
    return wall_at(at_ms, "UTC").date()
