"""What is wrong with a schedule, in words: times with nobody, and with more than was meant."""

from collections.abc import Container, Iterator, Sequence
from enum import StrEnum
from itertools import combinations

from auscult.kernel.times import duration_words
from auscult.kernel.words import Word
from auscult.notification.oncall.duty import check_window, holiday_at, layer_duties, shifts
from auscult.notification.oncall.hours import is_open
from auscult.notification.oncall.schedule import Feed, Layer, Override, Schedule
from auscult.notification.oncall.zones import first_ms, said

Time = tuple[int, int]
"""A time from one instant to another, not included, in Unix milliseconds."""


class Kind(StrEnum):
    """What a notice is about."""

    NOBODY = "nobody"
    UNKNOWN = "unknown"
    STRANGER = "stranger"
    TWO_OVERRIDES = "two_overrides"
    TWO_EVENTS = "two_events"
    TWO_SCHEDULES = "two_schedules"


class Notice(Word):
    """A warning about a time of a schedule, as a sentence."""

    kind: Kind
    schedule: str
    from_ms: int
    to_ms: int
    sentence: str


def gaps(schedule: Schedule, from_ms: int, to_ms: int) -> tuple[Notice, ...]:
    """Return the times of a window with nobody on call, and those a calendar does not reach.

    Each says why every layer had nobody when it began. Raises `QueryUnknown` as `shifts` does.
    """
    found = [
        _notice(
            schedule,
            Kind.NOBODY,
            (shift.from_ms, shift.to_ms),
            sentence=f"Nobody is on call in {schedule.name}"
            f" {{span}}: {'; '.join(_silences(schedule, shift.from_ms))}.",
        )
        for shift in shifts(schedule, from_ms, to_ms)
        if shift.is_gap
    ]
    for layer in schedule.layers:
        if isinstance(layer, Feed):
            unread = ((from_ms, min(to_ms, layer.from_ms)), (max(from_ms, layer.to_ms), to_ms))
            sentence = f"Calendar {layer.name} of {schedule.name} was not read {{span}}."
            found += [
                _notice(schedule, Kind.UNKNOWN, span, sentence=sentence)
                for span in unread
                if span[0] < span[1]
            ]
    return tuple(sorted(found, key=lambda one: (one.from_ms, one.kind)))


def unmeant_gaps(schedule: Schedule, from_ms: int, to_ms: int) -> tuple[Notice, ...]:
    """Return the same without times with nobody where the schedule allows them."""
    found = gaps(schedule, from_ms, to_ms)
    if not schedule.gaps_allowed:
        return found
    return tuple(one for one in found if one.kind is not Kind.NOBODY)


def strangers(
    schedule: Schedule, from_ms: int, to_ms: int, *, people: Container[str]
) -> tuple[Notice, ...]:
    """Return the first time of a window at which each name that means nobody is on call.

    `people` are the names that mean somebody. Raises `QueryUnknown` as `shifts` does.
    """
    found: dict[str, Notice] = {}
    for shift in shifts(schedule, from_ms, to_ms):
        for duty in shift.duties:
            if duty.person not in people and duty.person not in found:
                what = f"{duty.person!r} is no person that is known, and on call in {schedule.name}"
                found[duty.person] = _notice(
                    schedule,
                    Kind.STRANGER,
                    (shift.from_ms, shift.to_ms),
                    sentence=f"{what} {{span}}: {duty.why}.",
                )
    return tuple(found.values())


def overlaps(schedules: Sequence[Schedule], from_ms: int, to_ms: int) -> tuple[Notice, ...]:
    """Return where a window has more than was meant.

    That is: two overrides at once, of which one is not heeded; two people in one calendar layer at
    once; one person on call in two schedules at once. Raises `QueryUnknown` as `shifts` does.
    """
    check_window(from_ms, to_ms)
    found: list[Notice] = []
    for schedule in schedules:
        found += _two_overrides(schedule, from_ms, to_ms)
        for layer in schedule.layers:
            if isinstance(layer, Feed):
                found += _two_events(schedule, layer, (from_ms, to_ms))
    found += _two_schedules(schedules, from_ms, to_ms)
    return tuple(sorted(found, key=lambda one: (one.from_ms, one.kind, one.schedule)))


def _two_overrides(schedule: Schedule, from_ms: int, to_ms: int) -> Iterator[Notice]:
    zone = schedule.time_zone
    spans = [(*one.span(zone), one) for one in schedule.overrides]
    for (*earlier, first), (*later, second) in combinations(spans, 2):
        if first.instead_of and second.instead_of and first.instead_of != second.instead_of:
            continue
        start_ms = max(from_ms, earlier[0], later[0])
        end_ms = min(to_ms, earlier[1], later[1])
        if start_ms < end_ms:
            sentence = (
                f"Two overrides of {schedule.name} hold at once {{span}}:"
                f" {first.person} ({_reason(first)}) and {second.person} ({_reason(second)});"
                " the one written last decides."
            )
            yield _notice(schedule, Kind.TWO_OVERRIDES, (start_ms, end_ms), sentence=sentence)


def _two_events(schedule: Schedule, feed: Feed, window: Time) -> Iterator[Notice]:
    open_until: dict[str, int] = {}
    for event in sorted(feed.events, key=lambda one: one.from_ms):
        for person, end_ms in open_until.items():
            span = max(window[0], event.from_ms), min(window[1], end_ms, event.to_ms)
            if person != event.person and span[0] < span[1]:
                who = " and ".join(sorted((person, event.person)))
                sentence = f"Calendar {feed.name} of {schedule.name} has {who} at once {{span}}."
                yield _notice(schedule, Kind.TWO_EVENTS, span, sentence=sentence)
        open_until[event.person] = max(event.to_ms, open_until.get(event.person, event.to_ms))


def _two_schedules(schedules: Sequence[Schedule], from_ms: int, to_ms: int) -> Iterator[Notice]:
    held = [(schedule, _times_of_people(schedule, from_ms, to_ms)) for schedule in schedules]
    for (first, firsts), (second, seconds) in combinations(held, 2):
        for person in sorted(firsts.keys() & seconds.keys()):
            both = f"{person} is on call in {first.name} and in {second.name} at once"
            for span in _shared(firsts[person], seconds[person]):
                yield _notice(first, Kind.TWO_SCHEDULES, span, sentence=f"{both} {{span}}.")


def _shared(first: list[Time], second: list[Time]) -> Iterator[Time]:
    """Return what two ordered lists of times have in common, in one pass."""
    at, other = 0, 0
    while at < len(first) and other < len(second):
        span = max(first[at][0], second[other][0]), min(first[at][1], second[other][1])
        if span[0] < span[1]:
            yield span
        if first[at][1] <= second[other][1]:
            at += 1
        else:
            other += 1


def _times_of_people(schedule: Schedule, from_ms: int, to_ms: int) -> dict[str, list[Time]]:
    """Return the times of each person, those that touch as one."""
    found: dict[str, list[Time]] = {}
    for shift in shifts(schedule, from_ms, to_ms):
        for person in shift.people:
            times = found.setdefault(person, [])
            begun = times.pop()[0] if times and times[-1][1] == shift.from_ms else shift.from_ms
            times.append((begun, shift.to_ms))
    return found


def _silences(schedule: Schedule, at_ms: int) -> Iterator[str]:
    """Say of every layer why it has nobody at an instant, the uppermost first."""
    for layer in reversed(schedule.layers):
        if not layer_duties(schedule, layer, at_ms):
            yield f"{_kind(layer)} {layer.name} {_silence(schedule, layer, at_ms)}"


def _silence(schedule: Schedule, layer: Layer, at_ms: int) -> str:
    zone = schedule.time_zone
    if isinstance(layer, Feed):
        if not layer.from_ms <= at_ms < layer.to_ms:
            return "was not read for that time"
        if not layer.at(at_ms):
            return "has no event"
    elif at_ms < (start_ms := first_ms(layer.start, zone)):
        return f"begins {said(start_ms, zone)}"
    elif layer.until is not None and at_ms >= (until_ms := first_ms(layer.until, zone)):
        return f"ended {said(until_ms, zone)}"
    elif layer.hours and not is_open(layer.hours, at_ms, zone):
        return "is outside of its hours"
    holiday = holiday_at(schedule, layer, at_ms)
    return f"is off for {holiday.name}" if holiday else "has nobody"


def _kind(layer: Layer) -> str:
    return "calendar" if isinstance(layer, Feed) else "layer"


def _reason(override: Override) -> str:
    return override.reason or "no reason given"


def _notice(schedule: Schedule, kind: Kind, span: Time, *, sentence: str) -> Notice:
    """Make a notice; `{span}` in the sentence becomes the words for the time."""
    zone = schedule.time_zone
    words = f"from {said(span[0], zone)} to {said(span[1], zone)}"
    words += f" ({duration_words(span[1] - span[0])})"
    return Notice(
        kind=kind,
        schedule=schedule.name,
        from_ms=span[0],
        to_ms=span[1],
        sentence=sentence.replace("{span}", words),
    )
