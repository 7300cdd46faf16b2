"""A handover: who goes off, who comes on, until when, and when the next one is."""

from collections.abc import Iterator

from auscult.kernel.times import DAY_MS
from auscult.notification.oncall.duty import EARLIEST_MS, LATEST_MS, Shift, on_call, shifts
from auscult.notification.oncall.people import Person
from auscult.notification.oncall.schedule import Schedule
from auscult.notification.oncall.zones import said

LOOKS_DAYS = (8, 62, 400)
"""How far is looked for a change, the shorter first: most turns are a week or less."""


def next_handover_ms(schedule: Schedule, at_ms: int) -> int | None:
    """Return the next instant after one at which other people are on call; None within 400 days."""
    now = {duty.person for duty in on_call(schedule, at_ms)}
    for shift in _ahead(schedule, at_ms):
        if set(shift.people) != now:
            return shift.from_ms
    return None


def last_handover_ms(schedule: Schedule, at_ms: int) -> int | None:
    """Return since when the people of an instant are on call; None for longer than 400 days."""
    now = {duty.person for duty in on_call(schedule, at_ms)}
    for shift in _behind(schedule, at_ms):
        if set(shift.people) != now:
            return shift.to_ms
    return None


def next_up(schedule: Schedule, at_ms: int) -> tuple[str, ...]:
    """Return who comes on call after those of an instant, the soonest first, within 62 days."""
    to_ms = min(at_ms + LOOKS_DAYS[1] * DAY_MS, LATEST_MS)
    if to_ms <= at_ms:
        return ()
    coming = shifts(schedule, at_ms, to_ms)
    names = dict.fromkeys(name for shift in coming for name in shift.people)
    now = {duty.person for duty in on_call(schedule, at_ms)}
    return tuple(name for name in names if name not in now)


def handover_message(schedule: Schedule, at_ms: int, *, people: tuple[Person, ...] = ()) -> str:
    """Return the text for the handover at or before an instant: off, on, until when, the next one.

    Times are those of the schedule's zone; a person of `people` who lives in another zone is told
    theirs as well.
    """
    zone = schedule.time_zone
    begun_ms = last_handover_ms(schedule, at_ms)
    start_ms = at_ms if begun_ms is None else begun_ms
    now = on_call(schedule, start_ms)
    before = on_call(schedule, begun_ms - 1) if begun_ms is not None else ()
    off = [duty for duty in before if duty.person not in {one.person for one in now}]
    stay = {duty.person for duty in before} - {duty.person for duty in off}
    lines = [f"Handover in {schedule.name}, {said(start_ms, zone)} ({zone})"]
    for duty in off:
        since_ms = _since_ms(schedule, duty.person, start_ms - 1)
        since = "more than 400 days" if since_ms is None else said(since_ms, zone)
        lines.append(f"Off: {duty.person}, on call since {since} ({duty.why})")
    zones = {person.name: person.time_zone for person in people}
    for duty in now:
        ends_ms = until_ms(schedule, duty.person, start_ms)
        until = "further notice" if ends_ms is None else said(ends_ms, zone)
        theirs = zones.get(duty.person, zone)
        if theirs != zone and ends_ms is not None:
            until += f", for {duty.person} {said(ends_ms, theirs)} ({theirs})"
        word = "Stays" if duty.person in stay else "On"
        lines.append(f"{word}: {duty.person}, until {until} ({duty.why})")
    if not now:
        lines.append("On: nobody. A page goes to the fallback of its policy.")
    return "\n".join([*lines, _next_line(schedule, start_ms)])


def _next_line(schedule: Schedule, at_ms: int) -> str:
    next_ms = next_handover_ms(schedule, at_ms)
    if next_ms is None:
        return "Next handover: none within 400 days"
    coming = ", ".join(duty.person for duty in on_call(schedule, next_ms)) or "nobody"
    return f"Next handover: {said(next_ms, schedule.time_zone)}, to {coming}"


def _since_ms(schedule: Schedule, person: str, at_ms: int) -> int | None:
    for shift in _behind(schedule, at_ms):
        if person not in shift.people:
            return shift.to_ms
    return None


def until_ms(schedule: Schedule, person: str, at_ms: int) -> int | None:
    """Return until when somebody who is on call stays so; None for longer than 400 days."""
    for shift in _ahead(schedule, at_ms):
        if person not in shift.people:
            return shift.from_ms
    return None


def _ahead(schedule: Schedule, at_ms: int) -> Iterator[Shift]:
    """Return the shifts from an instant on, looking no farther than is asked for."""
    from_ms = at_ms
    for days in LOOKS_DAYS:
        to_ms = min(at_ms + days * DAY_MS, LATEST_MS)
        if to_ms > from_ms:
            yield from shifts(schedule, from_ms, to_ms)
        from_ms = max(from_ms, to_ms)


def _behind(schedule: Schedule, at_ms: int) -> Iterator[Shift]:
    """Return the shifts before an instant and at it, the latest first, as far as is asked for."""
    to_ms = at_ms + 1
    for days in LOOKS_DAYS:
        from_ms = max(at_ms + 1 - days * DAY_MS, EARLIEST_MS)
        if from_ms < to_ms:
            yield from reversed(shifts(schedule, from_ms, to_ms))
        to_ms = min(to_ms, from_ms)
