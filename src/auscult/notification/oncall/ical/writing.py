"""A schedule as a calendar that anybody's calendar program can subscribe to (RFC 5545)."""

from collections.abc import Iterator
from hashlib import sha256

from auscult.kernel.times import DAY_MS
from auscult.notification.oncall.duty import EARLIEST_MS, Duty, Shift, check_window, shifts
from auscult.notification.oncall.schedule import Schedule
from auscult.notification.oncall.zones import wall_at

LINE_OCTETS = 75
LOOK_BACK_DAYS = (8, 62, 400)


def write_calendar(schedule: Schedule, from_ms: int, to_ms: int, *, person: str = "") -> str:
    """Return the shifts that touch [from_ms, to_ms) as iCalendar text, one event for each person.

    An event has its whole shift as far as the window's end, and a UID of the schedule, the person
    and the shift's beginning: whoever asks again a week later sees the same shift under the same
    UID, wherever the window begins. Times are in UTC, to the second; DTSTAMP is the beginning, so
    that the same shifts are the same text. Gaps have no event; with `person` only theirs are
    written. Raises `QueryUnknown` as `shifts`.
    """
    check_window(from_ms, to_ms)
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//auscult//on call//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_escape(f'{person}, {schedule.name}' if person else schedule.name)}",
        f"X-WR-TIMEZONE:{schedule.time_zone}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
    ]
    for shift in _whole_shifts(schedule, from_ms, to_ms):
        for duty in shift.duties:
            if person in {"", duty.person}:
                lines += _event(schedule, shift, duty)
    return "".join(_fold(line) for line in [*lines, "END:VCALENDAR"])


def _whole_shifts(schedule: Schedule, from_ms: int, to_ms: int) -> tuple[Shift, ...]:
    """Return the shifts of a window, the first one from where it really began, within 400 days."""
    first, *others = shifts(schedule, from_ms, to_ms)
    start_ms = from_ms
    for days in LOOK_BACK_DAYS:
        back_ms = max(from_ms - days * DAY_MS, EARLIEST_MS)
        if back_ms < from_ms:
            before = shifts(schedule, back_ms, from_ms)[-1]
            if before.duties != first.duties:
                break
            start_ms = before.from_ms
            if start_ms > back_ms:
                break
    return (first.model_copy(update={"from_ms": start_ms}), *others)


def _event(schedule: Schedule, shift: Shift, duty: Duty) -> Iterator[str]:
    named = f"{schedule.name}\n{duty.person}\n{duty.because}\n{duty.name}\n{shift.from_ms}"
    yield "BEGIN:VEVENT"
    yield f"UID:{sha256(named.encode()).hexdigest()[:32]}@auscult"
    yield f"DTSTAMP:{_utc(shift.from_ms)}"
    yield f"DTSTART:{_utc(shift.from_ms)}"
    yield f"DTEND:{_utc(shift.to_ms)}"
    yield f"SUMMARY:{_escape(duty.person)}"
    yield f"DESCRIPTION:{_escape(f'On call in {schedule.name}: {duty.why}')}"
    yield "END:VEVENT"


def _utc(at_ms: int) -> str:
    return f"{wall_at(at_ms, 'UTC'):%Y%m%dT%H%M%SZ}"


def _escape(text: str) -> str:
    """Escape a TEXT value (RFC 5545 §3.3.11); control characters have no place in one."""
    plain = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    lines = plain.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")
    return "".join(sign for sign in lines if sign >= " " and sign != "\x7f")


def _fold(line: str) -> str:
    """Fold a line after at most 75 octets, never within a character (RFC 5545 §3.1)."""
    folded, octets = [], 0
    for sign in line:
        size = len(sign.encode())
        if octets + size > LINE_OCTETS:
            folded.append("\r\n ")
            octets = 1
        folded.append(sign)
        octets += size
    return "".join(folded) + "\r\n"
