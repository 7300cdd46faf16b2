"""`auscult oncall` and `auscult oncall export`: who, until when, and who is next."""

import sys
from pathlib import Path

from auscult.kernel.errors import ObjectMissing, SettingError
from auscult.kernel.times import DAY_MS
from auscult.notification.oncall import OnCall, write_calendar
from auscult.notification.oncall.outlook import Standing, Turn, stand
from auscult.notification.oncall.zones import said
from auscult.runtime.clock import SystemClock
from auscult.surface.cli.oncall.opening import sections_in_force, unread
from auscult.surface.instants import read_instant


def tell_who(tenant: str, *, at: str, config: Path) -> None:
    """Print how each schedule stands at an instant; raises `SettingError`."""
    at_ms = _instant(at) if at else SystemClock().now_ms()
    told = 0
    for name, oncall in sections_in_force(config, tenant).items():
        for place in unread(oncall):
            sys.stderr.write(f"auscult: calendar {place} was never read; it has nobody\n")
        for schedule in oncall.schedules:
            told += 1
            for line in _lines(stand(schedule, at_ms)):
                sys.stdout.write(f"{name}: {line}\n")
    if not told:
        sys.stderr.write("auscult: no schedule is configured; see docs/oncall.md\n")


def export_schedule(schedule: str, *, tenant: str, person: str, days: int, config: Path) -> None:
    """Print a schedule as iCalendar; raises `SettingError`, `ObjectMissing`."""
    sections = sections_in_force(config, tenant)
    having = [name for name, oncall in sections.items() if _has(oncall, schedule)]
    if len(having) > 1:
        raise SettingError(f"{', '.join(having)} have a schedule {schedule!r}; say --tenant")
    if not having:
        known = ", ".join(one.name for oncall in sections.values() for one in oncall.schedules)
        raise ObjectMissing(f"no schedule {schedule!r}; there are: {known or 'none'}")
    now_ms = SystemClock().now_ms()
    found = sections[having[0]].schedule(schedule)
    sys.stdout.write(write_calendar(found, now_ms, now_ms + days * DAY_MS, person=person))


def _lines(standing: Standing) -> list[str]:
    zone = standing.time_zone
    lines = [f"{standing.schedule}: {_turn(one, zone)}" for one in standing.on_call]
    lines = lines or [f"{standing.schedule}: nobody is on call"]
    if standing.next_ms is not None:
        people = ", ".join(standing.next_people) or "nobody"
        lines.append(f"{standing.schedule}: next {people}, from {said(standing.next_ms, zone)}")
    return lines


def _turn(turn: Turn, zone: str) -> str:
    until = "further notice" if turn.until_ms is None else said(turn.until_ms, zone)
    return f"{turn.person} until {until} ({turn.why})"


def _has(oncall: OnCall, schedule: str) -> bool:
    return any(one.name == schedule for one in oncall.schedules)


def _instant(text: str) -> int:
    try:
        at_ms: int = read_instant(text)
    except ValueError as why:
        raise SettingError(f"--at: {why}") from None
    return at_ms
