"""Whatever calendar comes: what can be read is read as another library does, the rest refused."""

import random
import warnings
from contextlib import suppress
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from auscult.kernel.errors import AuscultError
from auscult.notification.oncall import Schedule, read_calendar, shifts, write_calendar
from tests.benchmarks.oncall_rules import draw_calendar, other_times
from tests.benchmarks.oncall_worlds import DAY_MS, draw

seeds = st.integers(0, 2**32)
FROM_MS, TO_MS = 1_772_323_200_000, 1_776_211_200_000  # March and half of April 2026

BASE = """BEGIN:VCALENDAR
VERSION:2.0
X-WR-TIMEZONE:Europe/Berlin
BEGIN:VTIMEZONE
TZID:Mine
BEGIN:STANDARD
DTSTART:16011028T030000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:1
SUMMARY:ada
SEQUENCE:1
STATUS:CONFIRMED
ATTENDEE;CN=Ada:mailto:ada@x.org
DTSTART;TZID=Mine:20260302T090000
DTEND;TZID=Mine:20260302T100000
DURATION:PT1H
RRULE:FREQ=WEEKLY;BYDAY=MO,TU;UNTIL=20260401T000000Z
EXDATE;TZID=Europe/Berlin:20260309T090000,20260310T090000
RDATE;VALUE=PERIOD:20260311T090000Z/PT1H
END:VEVENT
BEGIN:VEVENT
UID:1
RECURRENCE-ID;TZID=Mine:20260303T090000
DTSTART;VALUE=DATE:20260303
SUMMARY:bob
END:VEVENT
END:VCALENDAR"""
VALUES = (
    *("", "x", "00010101", "00010101T000000", "99991231T235959Z", "99991231", "20260302"),
    *("20260302T090000", "20260302T250000", "090000", "20260101T000000Z/PT1H", "1", "-1"),
    *("P999999999W", "-P1D", "PT0S", "99999999999999999999", "+9999", "-0000", "+235959"),
    *("FREQ=DAILY", "FREQ=DAILY;UNTIL=99991231", "FREQ=DAILY;UNTIL=090000", "mailto:", "Nowhere"),
    *("FREQ=MONTHLY;BYMONTHDAY=99;BYSETPOS=0", "FREQ=YEARLY;BYMONTH=5L", "FREQ=WEEKLY;COUNT=-3"),
    *("FREQ=WEEKLY;BYDAY=0MO;INTERVAL=9999999", "CANCELLED", "Mine", "\\;\\,", "é" * 50),
)
PARAMETERS = ("", ";VALUE=DATE", ";TZID=Nowhere", ";TZID=", ";RANGE=THISANDFUTURE")


def spoil(rng: random.Random) -> str:
    """The calendar with up to four lines doubled, lost, or given other values."""
    lines = BASE.split("\n")
    for _ in range(rng.randint(1, 4)):
        at, choice = rng.randrange(len(lines)), rng.random()
        if choice < 0.2:
            lines.insert(rng.randrange(len(lines)), lines[at])
        elif choice < 0.35 and len(lines) > 3:
            del lines[at]
        elif choice < 0.8:
            lines[at] = f"{lines[at].split(':')[0]}:{rng.choice(VALUES)}"
        elif choice < 0.9:
            lines[at] = lines[at].replace(";TZID=Mine", rng.choice(PARAMETERS))
        else:
            cut = rng.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:cut] + rng.choice(';:"\t=\x00,') + lines[at][cut:]
    return "\r\n".join(lines)


@settings(max_examples=300)
@given(seeds)
def test_a_spoilt_calendar_is_read_or_refused_with_an_error_of_the_tree(seed: int) -> None:
    with suppress(AuscultError):
        text = spoil(random.Random(seed))
        found = read_calendar(text, FROM_MS, TO_MS, zone="UTC", names={"ada": "ada"})
        assert all(one.from_ms <= one.to_ms for one in found.events)


@settings(max_examples=150)
@given(seeds)
def test_what_recurs_does_so_as_in_another_library(seed: int) -> None:
    text, from_ms, to_ms = draw_calendar(random.Random(seed))
    found = read_calendar(text, from_ms, to_ms, zone="Asia/Tokyo").events
    theirs = other_times(text, from_ms, to_ms, zone=ZoneInfo("Asia/Tokyo"))
    assert [(one.from_ms, one.to_ms) for one in found] == theirs


@settings(max_examples=40)
@given(seeds)
@example(0)
def test_a_schedule_that_goes_out_as_a_calendar_comes_back_as_the_same_shifts(seed: int) -> None:
    world = draw(random.Random(seed))
    window = world.from_ms, world.to_ms
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = write_calendar(world.schedule, *window)
        reading = read_calendar(text, *window, zone="UTC")
    back = Schedule(name="back", time_zone="UTC", layers=(reading.layer("in"),))
    for shift in shifts(world.schedule, *window):
        for one in shifts(back, shift.from_ms, shift.to_ms):
            assert set(one.people) == set(shift.people)
    assert all(event.to_ms - event.from_ms <= 500 * DAY_MS for event in reading.events)
