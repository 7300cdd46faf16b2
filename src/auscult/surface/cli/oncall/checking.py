"""`auscult oncall check`: what is wrong with the schedules of a settings file, before it is run."""

import sys
from collections.abc import Iterator
from pathlib import Path

from auscult.kernel.times import DAY_MS
from auscult.notification.oncall import OnCall, overlaps
from auscult.notification.oncall.notices import strangers, unmeant_gaps
from auscult.notification.oncall.schedule import Feed, Schedule
from auscult.runtime.clock import SystemClock
from auscult.surface.cli.oncall.opening import sections_of, unread

WRONG = 1
"""Exit code where anything is wrong."""

SHOWN_MAX = 20


def check_schedules(config: Path, *, days: int) -> None:
    """Print what is wrong within some days; ends with 1 where anything is.

    Calendars of others are not asked: what hangs on them is not judged, and said so. Raises
    `SettingError`.
    """
    now_ms = SystemClock().now_ms()
    window = now_ms, now_ms + days * DAY_MS
    found = 0
    schedules = 0
    for tenant, oncall in sections_of(config).items():
        schedules += len(oncall.schedules)
        for place in unread(oncall):
            sys.stderr.write(f"{tenant}: calendar {place} is not asked here: gaps are not judged\n")
        lines = list(_wrong(oncall, window))
        found += len(lines)
        for line in lines[:SHOWN_MAX]:
            sys.stdout.write(f"{tenant}: {line}\n")
        if len(lines) > SHOWN_MAX:
            sys.stdout.write(f"{tenant}: and {len(lines) - SHOWN_MAX} more\n")
    if found:
        raise SystemExit(WRONG)
    sys.stdout.write(f"{schedules} schedules, nothing wrong within {days} days\n")


def _wrong(oncall: OnCall, window: tuple[int, int]) -> Iterator[str]:
    """Yield a sentence for each gap, overlap and name that means nobody."""
    yield from oncall.missing(with_default=False)
    people = {one.name for one in oncall.people}
    notices = list(overlaps(oncall.schedules, *window))
    for schedule in oncall.schedules:
        if not _has_calendar(schedule):
            notices += unmeant_gaps(schedule, *window)
        notices += strangers(schedule, *window, people=people)
    for notice in sorted(notices, key=lambda one: (one.from_ms, one.schedule)):
        yield notice.sentence


def _has_calendar(schedule: Schedule) -> bool:
    return any(isinstance(one, Feed) and one.calendar is not None for one in schedule.layers)
