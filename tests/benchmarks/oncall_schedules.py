"""Is the right person on call in every minute, and what does it cost to say so?

`--count` random schedules (10,000) in 14 time zones, nine of ten with a change of the clock in
their window, each held against `oncall_worlds.Oracle`, which walks the minutes by another method;
each goes out as a calendar and comes back. Random calendars of events that recur are held against
recurring-ical-events, and hostile ones are timed. Times are of the CPU.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable
from zoneinfo import ZoneInfo

from auscult.kernel.errors import BodyTooLarge
from auscult.notification.oncall import (
    Schedule,
    Shift,
    on_call,
    read_calendar,
    shifts,
    write_calendar,
)
from tests.benchmarks.oncall_rules import draw_calendar, other_times
from tests.benchmarks.oncall_worlds import DAY_MS, MINUTE_MS, Answer, Oracle, World, draw
from tests.benchmarks.report import report, run_alone

COUNT = 10_000
CALENDARS = 1_000
SEED = 20_261_128
YEAR_MS = 365 * DAY_MS
FROM_MS = 1_772_323_200_000  # the first of March 2026

YEAR = {
    "name": "streaming",
    "time_zone": "Europe/Berlin",
    "layers": [
        {"name": "week", "people": ["ada", "bob", "cyn"], "start": "2026-01-05T09:00"},
        {
            "name": "nights",
            "people": ["dan", "eve"],
            "start": "2026-01-05T21:00",
            "turn": "1 day",
            "hours": [{"start": "21:00", "end": "06:00", "weekdays": "mon-fri"}],
        },
    ],
    "overrides": [
        {
            "person": "fay",
            "start": f"2026-{month:02}-03T12:00",
            "end": f"2026-{month:02}-03T14:00",
        }
        for month in range(1, 13)
    ],
}
HOSTILE = (
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=1",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31;COUNT=1",
    "FREQ=MONTHLY;BYMONTHDAY=1;BYSETPOS=9;COUNT=1",
    "FREQ=DAILY;COUNT=999999",
    "FREQ=DAILY",
)


def count_wrong_minutes(world: World, found: tuple[Shift, ...]) -> int:
    """The minutes of a window in which the shifts and the oracle differ, in who or in why."""
    minutes: list[Answer] = []
    for shift in found:
        duties = tuple((one.person, str(one.because), one.name) for one in shift.duties)
        minutes += [duties] * ((shift.to_ms - shift.from_ms) // MINUTE_MS)
    expected = Oracle(world).ask()
    wrong = 0
    if minutes != expected:
        wrong = sum(one != other for one, other in zip(minutes, expected, strict=True))
    return wrong + sum(shift.from_ms % MINUTE_MS != 0 for shift in found)


def is_covered(world: World, found: tuple[Shift, ...], rng: random.Random) -> bool:
    """Whether the shifts fill the window once, and agree with `on_call` at edges and within."""
    edges = [world.from_ms, *(one.to_ms for one in found)]
    if [one.from_ms for one in found] != edges[:-1] or edges[-1] != world.to_ms:
        return False
    return all(
        on_call(world.schedule, at_ms) == one.duties
        for one in found
        for at_ms in (one.from_ms, one.to_ms - 1, rng.randrange(one.from_ms, one.to_ms))
    )


def comes_back(world: World, found: tuple[Shift, ...]) -> bool:
    """Whether others read the same people at the same times from the calendar that goes out."""
    text = write_calendar(world.schedule, world.from_ms, world.to_ms)
    reading = read_calendar(text, world.from_ms, world.to_ms, zone="UTC")
    back = Schedule(name="back", time_zone="UTC", layers=(reading.layer("in"),))
    return all(
        set(part.people) == set(shift.people)
        for shift in found
        for part in shifts(back, shift.from_ms, shift.to_ms)
    )


def check_schedules(count: int) -> None:
    rng = random.Random(SEED)
    right, covered, returned, with_change, minutes, wrong = 0, 0, 0, 0, 0, 0
    returns = range(0, count, 10)
    for number in range(count):
        world = draw(random.Random(SEED + number))
        found = shifts(world.schedule, world.from_ms, world.to_ms)
        errors = count_wrong_minutes(world, found)
        right += errors == 0
        wrong += errors
        minutes += (world.to_ms - world.from_ms) // MINUTE_MS
        covered += is_covered(world, found, rng)
        with_change += world.has_change
        if number in returns:
            returned += comes_back(world, found)
    print(f"# {wrong} of {minutes} minutes wrong; {with_change} of {count} with a change of clock")
    report("oncall_right", right / count, unit="share_of_schedules", floor=1, goal=1)
    report("oncall_covered", covered / count, unit="share_of_schedules", floor=1, goal=1)
    report("oncall_ical_returns", returned / len(returns), unit="share", floor=1, goal=1)


def check_calendars(count: int) -> None:
    same = 0
    for number in range(count):
        text, from_ms, to_ms = draw_calendar(random.Random(SEED + number))
        events = read_calendar(text, from_ms, to_ms, zone="Asia/Tokyo").events
        theirs = other_times(text, from_ms, to_ms, zone=ZoneInfo("Asia/Tokyo"))
        same += [(one.from_ms, one.to_ms) for one in events] == theirs
    report("oncall_ical_recurs", same / count, unit="share_as_other_library", floor=1, goal=1)


def measure() -> None:
    one = Schedule.model_validate(YEAR)
    year_s = cpu_s(lambda: shifts(one, FROM_MS, FROM_MS + YEAR_MS))
    report("oncall_year", year_s * 1e3, unit="ms", floor=1_000, goal=200)
    instants = [FROM_MS + number * 37 * MINUTE_MS for number in range(5_000)]
    asked_s = cpu_s(lambda: [on_call(one, at_ms) for at_ms in instants])
    report("oncall_now", asked_s / len(instants) * 1e6, unit="us", floor=1_000, goal=100)
    report("oncall_hostile", max(map(read_hostile, HOSTILE)), unit="s_at_most", floor=10, goal=3)


def read_hostile(rule: str) -> float:
    """CPU seconds for the largest calendar of a rule, read or refused."""
    event = f"SUMMARY:a\r\nDTSTART:16010101T000000Z\r\nDURATION:PT1H\r\nRRULE:{rule}\r\nEND:VEVENT"
    events = "".join(f"BEGIN:VEVENT\r\nUID:{number}\r\n{event}\r\n" for number in range(5_000))
    text = f"BEGIN:VCALENDAR\r\n{events}END:VCALENDAR\r\n"

    def read() -> None:
        try:
            read_calendar(text, FROM_MS, FROM_MS + 60 * DAY_MS, zone="UTC")
        except BodyTooLarge:
            return

    return cpu_s(read)


def cpu_s(work: Callable[[], object]) -> float:
    start_s = time.process_time()
    work()
    return time.process_time() - start_s


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=COUNT)
    count = parser.parse_known_args(sys.argv[1:])[0].count
    check_schedules(count)
    check_calendars(min(count, CALENDARS))
    measure()


if __name__ == "__main__":
    run_alone(main)
