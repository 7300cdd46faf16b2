"""Foreign calendars: as Google, Outlook and PagerDuty write them, broken ones, and hostile ones."""

import time
from contextlib import suppress

import pytest

from auscult.kernel.errors import AuscultError, BodyMalformed, BodyTooLarge, QueryUnknown
from auscult.notification.oncall import on_call, read_calendar
from auscult.notification.oncall.ical import Reading
from tests.unit.notification.oncall.times import DAY_MS, schedule, text_of, utc

FROM_MS, TO_MS = utc("2026-03-01 00:00"), utc("2026-04-15 00:00")
NAMES = {"ada": "ada", "bob": "bob", "bob@example.org": "bob", "ada lovelace": "ada"}


def calendar(*events: str, head: str = "") -> str:
    bodies = "".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT\n" for event in events)
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:test\n{head}{bodies}END:VCALENDAR\n"
    return text.replace("\n", "\r\n")


def read(*events: str, head: str = "", zone: str = "Europe/Berlin") -> Reading:
    return read_calendar(calendar(*events, head=head), FROM_MS, TO_MS, zone=zone, names=NAMES)


def times(*events: str, head: str = "", zone: str = "Europe/Berlin") -> list[str]:
    return [
        f"{one.person} {text_of(one.from_ms)} {text_of(one.to_ms)}"
        for one in read(*events, head=head, zone=zone).events
    ]


def test_a_whole_day_ends_before_its_end_in_the_zone_of_the_calendar() -> None:
    event = "UID:1\nSUMMARY:Ada\nDTSTART;VALUE=DATE:20260328\nDTEND;VALUE=DATE:20260330"
    assert times(event) == ["ada 2026-03-27 23:00 2026-03-29 22:00"]
    assert times(event, zone="Asia/Kathmandu") == ["ada 2026-03-27 18:15 2026-03-29 18:15"]
    told = "X-WR-TIMEZONE:America/New_York\n"
    assert times(event, head=told) == ["ada 2026-03-28 04:00 2026-03-30 04:00"]
    assert times(event, head="X-WR-TIMEZONE:Nowhere\n") == times(event)


def test_a_day_without_an_end_lasts_a_day_and_a_time_without_one_nothing() -> None:
    assert times("UID:1\nSUMMARY:ada\nDTSTART;VALUE=DATE:20260328") == [
        "ada 2026-03-27 23:00 2026-03-28 23:00"
    ]
    assert times("UID:1\nSUMMARY:ada\nDTSTART:20260328T090000Z") == []


def test_shifts_that_meet_still_meet_when_the_clock_changes() -> None:
    day = "UID:1\nSUMMARY:ada\nDTSTART;TZID=Europe/Berlin:20260327T090000\nDURATION:PT12H\n"
    night = "UID:2\nSUMMARY:bob\nDTSTART;TZID=Europe/Berlin:20260327T210000\n"
    night += "DTEND;TZID=Europe/Berlin:20260328T090000\n"
    found = read(f"{day}RRULE:FREQ=DAILY;COUNT=4", f"{night}RRULE:FREQ=DAILY;COUNT=4").events
    assert [one.to_ms for one in found[:-1]] == [one.from_ms for one in found[1:]]
    assert text_of(found[4].from_ms) == "2026-03-29 07:00"


def test_moved_cancelled_and_excepted_times_are_heeded() -> None:
    series = """
UID:1
SUMMARY:ada
DTSTART;TZID=Europe/Berlin:20260302T090000
DTEND;TZID=Europe/Berlin:20260302T100000
RRULE:FREQ=DAILY;UNTIL=20260307T080000Z
EXDATE;TZID=Europe/Berlin:20260303T090000
"""
    moved = """
UID:1
RECURRENCE-ID:20260304T080000Z
SUMMARY:bob
DTSTART;TZID=Europe/Berlin:20260304T150000
DTEND;TZID=Europe/Berlin:20260304T160000
"""
    cancelled = """
UID:1
RECURRENCE-ID;TZID=Europe/Berlin:20260305T090000
STATUS:CANCELLED
DTSTART;TZID=Europe/Berlin:20260305T090000
"""
    assert times(series, moved, cancelled) == [
        "ada 2026-03-02 08:00 2026-03-02 09:00",
        "bob 2026-03-04 14:00 2026-03-04 15:00",
        "ada 2026-03-06 08:00 2026-03-06 09:00",
        "ada 2026-03-07 08:00 2026-03-07 09:00",
    ]
    assert times(f"{series}STATUS:CANCELLED", moved) == []


def test_a_time_moved_into_the_window_from_outside_is_seen() -> None:
    series = "UID:1\nSUMMARY:ada\nDTSTART:20250101T090000Z\nDURATION:PT1H\nRRULE:FREQ=YEARLY"
    moved = "UID:1\nSUMMARY:ada\nRECURRENCE-ID:20270101T090000Z\nDTSTART:20260401T090000Z"
    assert times(series, f"{moved}\nDURATION:PT1H") == ["ada 2026-04-01 09:00 2026-04-01 10:00"]


def test_the_highest_sequence_counts() -> None:
    event = "UID:1\nSUMMARY:{}\nSEQUENCE:{}\nDTSTART:20260302T090000Z\nDURATION:PT1H"
    assert times(event.format("bob", 3), event.format("ada", 2)) == [
        "bob 2026-03-02 09:00 2026-03-02 10:00"
    ]


def test_a_day_that_is_excepted_takes_whatever_begins_on_it() -> None:
    series = "UID:1\nSUMMARY:ada\nDTSTART:20260302T090000Z\nDURATION:PT1H\n"
    series += "RRULE:FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20260303"
    assert [one[4:14] for one in times(series)] == ["2026-03-02", "2026-03-04"]


def test_what_begins_long_before_the_window_and_lasts_into_it_is_seen() -> None:
    series = "UID:1\nSUMMARY:ada\nDTSTART:20250115T000000Z\nDURATION:P60D\n"
    assert times(f"{series}RRULE:FREQ=YEARLY") == ["ada 2026-01-15 00:00 2026-03-16 00:00"]


def test_an_end_may_be_in_another_zone_than_its_beginning() -> None:
    event = "UID:1\nSUMMARY:ada\nDTSTART;TZID=Asia/Tokyo:20260302T090000\n"
    event += "DTEND;TZID=Europe/Berlin:20260302T090000"
    assert times(event) == ["ada 2026-03-02 00:00 2026-03-02 08:00"]


def test_until_in_utc_is_an_instant_and_a_day_is_included() -> None:
    series = "UID:1\nSUMMARY:ada\nDTSTART;TZID=America/New_York:20260302T200000\nDURATION:PT1H\n"
    assert len(times(f"{series}RRULE:FREQ=DAILY;UNTIL=20260304T010000Z")) == 2
    assert len(times(f"{series}RRULE:FREQ=DAILY;UNTIL=20260304T005959Z")) == 1
    assert len(times(f"{series}RRULE:FREQ=DAILY;UNTIL=20260304")) == 3
    assert len(times(f"{series}RRULE:FREQ=DAILY;UNTIL=20260304T195959")) == 2


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("SUMMARY:On call - Ada Lovelace - Team ML", ["ada"]),
        ("SUMMARY:Ada\\, Bob", ["ada", "bob"]),
        ("SUMMARY:ada and bob", ["ada", "bob"]),
        ("SUMMARY:Primary\nATTENDEE;CN=Somebody:mailto:BOB@example.org", ["bob"]),
        ("SUMMARY:Primary\nATTENDEE;CN=Ada Lovelace:mailto:x@example.org", ["ada"]),
        ("SUMMARY:Zoe", []),
        ("DESCRIPTION:nothing", []),
    ],
)
def test_people_are_told_by_summary_or_attendee(event: str, expected: list[str]) -> None:
    found = read(f"UID:1\n{event}\nDTSTART:20260302T090000Z\nDURATION:PT1H")
    assert [one.person for one in found.events] == expected
    unknown = {"SUMMARY:Zoe": ("Zoe",), "DESCRIPTION:nothing": ("(no summary)",)}
    assert found.strangers == unknown.get(event, ())


def test_without_names_the_summary_is_the_person() -> None:
    event = "UID:1\nSUMMARY:Zoe  Q\nDTSTART:20260302T090000Z\nDURATION:PT1H"
    found = read_calendar(calendar(event), FROM_MS, TO_MS, zone="UTC")
    assert [one.person for one in found.events] == ["Zoe Q"]


def test_a_reading_is_a_layer_of_a_schedule() -> None:
    event = "UID:1\nSUMMARY:ada\nDTSTART:20260302T090000Z\nDURATION:PT1H"
    one = schedule(layers=[read(event).layer("google")])
    assert [duty.why for duty in on_call(one, utc("2026-03-02 09:30"))] == ["calendar google"]


def test_folded_lines_bare_newlines_and_a_byte_order_mark_are_taken() -> None:
    text = calendar(
        "UID:1\nSUMMARY:ad\n a\nDTSTART;TZI\n D=Europe/Berlin:20260302T090000\nDURATION:PT1H"
    )
    for one in (text, text.replace("\r\n", "\n"), "\ufeff" + text):
        found = read_calendar(one, FROM_MS, TO_MS, zone="UTC", names=NAMES)
        assert [text_of(event.from_ms) for event in found.events] == ["2026-03-02 08:00"]


SERIES = "UID:1\nSUMMARY:ada\nDTSTART:20260302T090000Z\nDURATION:PT1H\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "<html><body>Sign in</body></html>",
        "BEGIN:VCALENDAR",
        "BEGIN:VEVENT\r\nEND:VEVENT\r\n",
        calendar("UID:1\nSUMMARY:ada"),
        calendar("UID:1\nSUMMARY:ada\nDTSTART:yesterday"),
        calendar("UID:1\nSUMMARY:ada\nDTSTART;VALUE=TIME:090000"),
        calendar(f"{SERIES}RRULE:FREQ=SOMETIMES"),
        calendar(f"{SERIES}RRULE:nothing"),
        calendar(f"{SERIES}RRULE:FREQ=SECONDLY"),
        calendar(f"{SERIES}RRULE:FREQ=MINUTELY;INTERVAL=99999"),
        calendar(f"{SERIES}RRULE:FREQ=HOURLY"),
        calendar(f"{SERIES}RRULE:FREQ=YEARLY;BYHOUR=1,2,3;BYMINUTE=1,2,3"),
        calendar(f"{SERIES}RRULE:FREQ=DAILY;INTERVAL=0"),
        calendar(f"{SERIES}RRULE:FREQ=DAILY;INTERVAL=-1"),
        calendar(f"{SERIES}RRULE:FREQ=WEEKLY;BYDAY=XX"),
        calendar("UID:1\nSUMMARY:ada\nDTSTART:20200101T000000Z\nDTEND:20270101T000000Z"),
        calendar(f"{SERIES}RECURRENCE-ID;RANGE=THISANDFUTURE:20260302T090000Z"),
        calendar(SERIES.replace("DTSTART", "DTSTART;TZID=Nowhere").replace("00Z", "00")),
        "\x00" * 100,
    ],
)
def test_garbage_is_refused_with_an_error_of_the_tree(text: str) -> None:
    with pytest.raises(BodyMalformed) as refused:
        read_calendar(text, FROM_MS, TO_MS, zone="UTC", names=NAMES)
    assert refused.value.detail


def test_a_window_and_a_zone_are_checked() -> None:
    with pytest.raises(QueryUnknown, match="longer than 400 days"):
        read_calendar(calendar(SERIES), FROM_MS, FROM_MS + 401 * DAY_MS, zone="UTC")
    with pytest.raises(ValueError, match="no time zone 'Nowhere'"):
        read_calendar(calendar(SERIES), FROM_MS, TO_MS, zone="Nowhere")


def test_nothing_of_a_calendar_is_kept_for_the_next() -> None:
    from icalendar import Calendar

    odd = calendar(SERIES, head="BEGIN:X-ODD-ONE\nX-A:b\nEND:X-ODD-ONE\nBEGIN:VTODO\nEND:VTODO\n")
    found = read_calendar(odd, FROM_MS, TO_MS, zone="UTC", names=NAMES)
    assert len(found.events) == 1
    assert Calendar._components_factory is not None
    assert "X-OTHER" in Calendar._components_factory
    assert "X-ODD-ONE" not in Calendar._components_factory


def bomb(rule: str, begin: str = "19700101T090000Z", count: int = 1) -> str:
    event = f"SUMMARY:ada\nDTSTART:{begin}\nDURATION:PT1H\nRRULE:{rule}"
    return calendar(*(f"UID:{number}\n{event}" for number in range(count)))


@pytest.mark.parametrize(
    ("text", "is_refused"),
    [
        (bomb("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"), False),  # the library: 6 s to the year 9999
        (bomb("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=9", count=100), True),
        (bomb("FREQ=YEARLY;BYMONTHDAY=31;BYMONTH=2;COUNT=1", "16010101T000000Z", 9), True),
        (bomb("FREQ=DAILY;COUNT=400000", "16010101T000000Z", 9), True),
        (bomb("FREQ=DAILY", count=1_000), True),  # too many events
        (bomb("FREQ=DAILY;INTERVAL=99999"), False),
        (bomb("FREQ=YEARLY;INTERVAL=9999"), False),
        (bomb("FREQ=DAILY;COUNT=0"), False),
        ("BEGIN:VCALENDAR\r\n" + "BEGIN:X-A\r\n" * 50_000, True),
        ("BEGIN:VCALENDAR\r\n" + "X" * (1 << 20), True),
        (calendar(SERIES + "EXDATE:" + ",".join(["20260303T090000Z"] * 40_000)), False),
    ],
)
def test_hostile_calendars_cost_little(text: str, is_refused: bool) -> None:
    start_s = time.process_time()
    try:
        read_calendar(text, FROM_MS, TO_MS, zone="UTC")
    except BodyTooLarge:
        assert is_refused
    else:
        assert not is_refused
    assert time.process_time() - start_s < 10


def test_a_calendar_cut_anywhere_is_read_or_refused_in_the_same_tree() -> None:
    text = calendar(
        SERIES + "RRULE:FREQ=WEEKLY;BYDAY=MO,-1TU;UNTIL=20260401\nEXDATE:20260309T090000Z"
    )
    for cut in range(len(text)):
        for one in (text[:cut], text[:cut] + "\x00;:=" + text[cut + 1 :], text[cut:]):
            with suppress(AuscultError):
                found = read_calendar(one, FROM_MS, TO_MS, zone="UTC", names=NAMES)
                assert all(event.from_ms <= event.to_ms for event in found.events)
