"""A schedule as a calendar: what others read from it, and what stays the same."""

from datetime import datetime
from typing import Any

import icalendar

from auscult.notification.oncall import Schedule, shifts, write_calendar
from tests.unit.notification.oncall.times import DAY_MS, schedule, utc

TWO = "{name: week, people: [[ada, bob], cyn], start: 2026-03-02T09:00}"
FROM_MS, TO_MS = utc("2026-03-05 00:00"), utc("2026-04-10 00:00")


def read(text: str) -> list[tuple[str, int, int, str]]:
    calendar: Any = icalendar.Calendar.from_ical(text)
    return [
        (
            str(event["SUMMARY"]),
            int(event["DTSTART"].dt.timestamp() * 1_000),
            int(event["DTEND"].dt.timestamp() * 1_000),
            str(event["UID"]),
        )
        for event in calendar.walk("VEVENT")
    ]


def test_others_read_the_same_shifts() -> None:
    one = schedule(f"layers: [{TWO}]")
    found = read(write_calendar(one, FROM_MS, TO_MS))
    expected = [
        (person, shift.from_ms, shift.to_ms)
        for shift in shifts(one, utc("2026-03-02 08:00"), TO_MS)
        for person in shift.people
    ]
    assert [event[:3] for event in found] == expected
    assert len({event[3] for event in found}) == len(found)


def test_the_same_shift_has_the_same_uid_wherever_the_window_begins() -> None:
    one = schedule(f"layers: [{TWO}]")
    whole = {event[3]: event for event in read(write_calendar(one, FROM_MS, TO_MS))}
    for days in range(1, 30):
        for event in read(write_calendar(one, FROM_MS + days * DAY_MS, TO_MS)):
            assert whole[event[3]] == event
    for event in read(write_calendar(one, FROM_MS, TO_MS - DAY_MS)):
        assert whole[event[3]][:2] == event[:2]  # the last one may end with the window
    other = schedule(f"layers: [{TWO}]", name="ingest")
    assert not whole.keys() & {event[3] for event in read(write_calendar(other, FROM_MS, TO_MS))}


def test_who_is_always_on_call_begins_where_the_look_back_ends() -> None:
    alone = schedule("layers: [{name: a, people: ada, start: 2020-01-01T00:00}]")
    [event] = read(write_calendar(alone, FROM_MS, TO_MS))
    assert event[:3] == ("ada", FROM_MS - 400 * DAY_MS, TO_MS)


def test_a_gap_has_no_event() -> None:
    one = schedule(f"layers: [{TWO}]")
    assert read(write_calendar(one, utc("2026-01-01 00:00"), utc("2026-03-01 00:00"))) == []


def test_lines_are_ended_folded_and_escaped_as_the_standard_says() -> None:
    name = "Straße; Übung, \\n " + "é" * 60 + "\x07"
    text = write_calendar(named(name), FROM_MS, TO_MS)
    assert text.endswith("END:VCALENDAR\r\n")
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75
    assert "\n" not in text.replace("\r\n", "")
    calendar: Any = icalendar.Calendar.from_ical(text)
    assert "Straße\\; Übung\\, \\\\n " in text.replace("\r\n ", "")
    event = calendar.walk("VEVENT")[0]
    assert str(event["DESCRIPTION"]) == f"On call in {name[:-1]}: layer week"
    assert event["DTSTAMP"].dt == event["DTSTART"].dt
    assert isinstance(event["DTSTART"].dt, datetime)


def test_the_same_shifts_are_the_same_text() -> None:
    assert write_calendar(named("a"), FROM_MS, TO_MS) == write_calendar(named("a"), FROM_MS, TO_MS)


def named(name: str) -> Schedule:
    return schedule(f"layers: [{TWO}]", name=name)
