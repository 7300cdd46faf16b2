"""How a schedule stands at an instant, and what will go wrong with being on call before long."""

from collections.abc import Iterator, Sequence
from enum import StrEnum

from auscult.kernel.times import DAY_MS
from auscult.kernel.words import Severity, Word
from auscult.notification.oncall.duty import Duty, on_call
from auscult.notification.oncall.handover import next_handover_ms, next_up, until_ms
from auscult.notification.oncall.notices import Kind, Notice, overlaps, strangers, unmeant_gaps
from auscult.notification.oncall.schedule import Schedule
from auscult.notification.oncall.section import OnCall

AHEAD_DAYS = 14
"""How far auscult looks for gaps: two turns of a week, time enough to ask somebody."""

SOON_MS = DAY_MS
NAMED_MAX = 3


class Turn(Word):
    """Somebody who is on call, why, and until when; None for longer than 400 days."""

    person: str
    why: str
    until_ms: int | None


class Standing(Word):
    """Who is on call in a schedule at an instant, who is next, and when.

    `next_people` are on call from `next_ms` on (None: nothing changes within 400 days); `next_up`
    are those who come on call within 62 days and are not now, the soonest first.
    """

    schedule: str
    time_zone: str
    at_ms: int
    on_call: tuple[Turn, ...]
    next_ms: int | None
    next_people: tuple[str, ...]
    next_up: tuple[str, ...]


class Ahead(StrEnum):
    """What can be wrong with being on call."""

    GAP = "gap"
    STRANGER = "stranger"
    MISSING = "missing"
    CALENDAR = "calendar"


class Trouble(Word):
    """Something that may leave a page without a person: where, and how bad it is.

    `schedule` is empty for what concerns none, `layer` for what concerns all of it.
    """

    kind: Ahead
    schedule: str = ""
    layer: str = ""
    severity: Severity
    sentence: str


def stand(schedule: Schedule, at_ms: int) -> Standing:
    """Return how a schedule stands; raises `QueryUnknown` outside of 1970 to 2199."""
    next_ms = next_handover_ms(schedule, at_ms)
    coming = on_call(schedule, next_ms) if next_ms is not None else ()
    return Standing(
        schedule=schedule.name,
        time_zone=schedule.time_zone,
        at_ms=at_ms,
        on_call=tuple(_turn(schedule, duty, at_ms) for duty in on_call(schedule, at_ms)),
        next_ms=next_ms,
        next_people=tuple(duty.person for duty in coming),
        next_up=next_up(schedule, at_ms),
    )


def notices_of(oncall: OnCall, name: str, *, from_ms: int, to_ms: int) -> tuple[Notice, ...]:
    """Return what is wrong with one schedule in a window, the soonest first.

    Gaps, names that mean nobody, and overlaps, also with other schedules. Raises `ObjectMissing`
    where there is no such schedule, `QueryUnknown` as `shifts` does.
    """
    schedule = oncall.schedule(name)
    people = {one.name for one in oncall.people}
    others = [one for one in oncall.schedules if one.name != name]
    crossing = [
        notice
        for other in others
        for notice in overlaps((schedule, other), from_ms, to_ms)
        if notice.kind is Kind.TWO_SCHEDULES
    ]
    found = (
        *unmeant_gaps(schedule, from_ms, to_ms),
        *strangers(schedule, from_ms, to_ms, people=people),
        *overlaps((schedule,), from_ms, to_ms),
        *crossing,
    )
    return tuple(sorted(found, key=lambda one: (one.from_ms, one.kind)))


def troubles(oncall: OnCall, now_ms: int) -> tuple[Trouble, ...]:
    """Return what will go wrong within `AHEAD_DAYS`, one of each kind for each schedule.

    It is a warning when it is a day away or nearer.
    """
    to_ms = now_ms + AHEAD_DAYS * DAY_MS
    people = {one.name for one in oncall.people}
    found: list[Trouble] = []
    for schedule in oncall.schedules:
        holes = unmeant_gaps(schedule, now_ms, to_ms)
        found += _told(Ahead.GAP, [one for one in holes if one.kind is Kind.NOBODY], now_ms)
        found += _told(Ahead.STRANGER, strangers(schedule, now_ms, to_ms, people=people), now_ms)
    if lines := oncall.missing(with_default=False):
        more = f" And {len(lines) - NAMED_MAX} more." if len(lines) > NAMED_MAX else ""
        sentence = " ".join(lines[:NAMED_MAX]) + more
        found.append(Trouble(kind=Ahead.MISSING, severity=Severity.INFO, sentence=sentence))
    return tuple(found)


def _told(kind: Ahead, notices: Sequence[Notice], now_ms: int) -> Iterator[Trouble]:
    """Return the first of some notices of a schedule as a trouble, with how many there are more."""
    if not notices:
        return
    first = min(notices, key=lambda one: one.from_ms)
    is_soon = first.from_ms - now_ms <= SOON_MS
    more = len(notices) - 1
    rest = f" {more} more within {AHEAD_DAYS} days." if more else ""
    yield Trouble(
        kind=kind,
        schedule=first.schedule,
        severity=Severity.WARNING if is_soon else Severity.INFO,
        sentence=first.sentence + rest,
    )


def _turn(schedule: Schedule, duty: Duty, at_ms: int) -> Turn:
    ends_ms = until_ms(schedule, duty.person, at_ms)
    return Turn(person=duty.person, why=duty.why, until_ms=ends_ms)
