"""The clocks of a calendar: names first, a VTIMEZONE where nobody knows the name."""

import pytest

from auscult.kernel.errors import BodyMalformed
from auscult.notification.oncall import read_calendar
from tests.unit.notification.oncall.ical.test_reading import FROM_MS, TO_MS, calendar
from tests.unit.notification.oncall.times import text_of

ZONE = """BEGIN:VTIMEZONE
TZID:{name}
BEGIN:STANDARD
DTSTART:16011028T030000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010325T020000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE
"""
FAR = (
    "BEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:-0800\nTZOFFSETTO:-0800\nEND:STANDARD\n"
)
LIE = f"BEGIN:VTIMEZONE\nTZID:Europe/Berlin\n{FAR}END:VTIMEZONE\n"


def starts(name: str, *walls: str, head: str = "") -> list[str]:
    events = [
        f"UID:{wall}\nSUMMARY:ada\nDTSTART;TZID={name}:{wall}\nDURATION:PT1M" for wall in walls
    ]
    found = read_calendar(calendar(*events, head=head), FROM_MS, TO_MS, zone="UTC").events
    return [text_of(event.from_ms) for event in found]


@pytest.mark.parametrize(
    "name",
    [
        "Europe/Berlin",
        "W. Europe Standard Time",
        '"W. Europe Standard Time"',
        "/freeassociation.sourceforge.net/Europe/Berlin",
    ],
)
def test_a_known_name_decides_whatever_the_vtimezone_says(name: str) -> None:
    plain = name.strip('"')
    for head in ("", LIE.replace("Europe/Berlin", plain)):
        assert starts(name, "20260302T090000", head=head) == ["2026-03-02 08:00"]


@pytest.mark.parametrize(
    "parameters", ['X-A="b:c;TZID=d";TZID=Asia/Tokyo', "tzid=Asia/Tokyo;X-A=b", 'TZID="Asia/Tokyo"']
)
def test_the_zone_is_found_among_other_parameters(parameters: str) -> None:
    event = f"UID:1\nSUMMARY:ada\nDTSTART;{parameters}:20260302T090000\nDURATION:PT1M"
    [found] = read_calendar(calendar(event), FROM_MS, TO_MS, zone="UTC").events
    assert text_of(found.from_ms) == "2026-03-02 00:00"


def test_an_unknown_name_is_read_by_its_vtimezone() -> None:
    walls = ("20260302T090000", "20260329T013000", "20260329T023000", "20260329T030000")
    head = ZONE.format(name="Customized Time Zone")
    expected = ["2026-03-02 08:00", "2026-03-29 00:30", "2026-03-29 01:00", "2026-03-29 01:30"]
    assert starts("Customized Time Zone", *walls, head=head) == expected
    assert starts("Europe/Berlin", *walls) == expected


def test_a_time_shown_twice_is_its_first_passing_by_a_vtimezone_too() -> None:
    event = "UID:1\nSUMMARY:ada\nDTSTART;TZID=Mine:20251026T{}00\nDURATION:PT1M\nRRULE:FREQ=YEARLY"
    window = FROM_MS - 200 * 86_400_000, FROM_MS
    for wall, expected in (("0230", "00:30"), ("0300", "02:00"), ("0159", "23:59")):
        text = calendar(event.format(wall), head=ZONE.format(name="Mine"))
        [found] = read_calendar(text, *window, zone="UTC").events
        assert text_of(found.from_ms).endswith(expected)


def test_a_vtimezone_may_name_its_place() -> None:
    head = ZONE.format(name="Mine\nX-LIC-LOCATION:Asia/Kathmandu")
    assert starts("Mine", "20260302T090000", head=head) == ["2026-03-02 03:15"]


def test_the_clocks_of_one_calendar_are_not_those_of_the_next() -> None:
    head = ZONE.format(name="Mine")
    assert starts("Mine", "20260302T090000", head=head) == ["2026-03-02 08:00"]
    with pytest.raises(BodyMalformed, match="no time zone 'Mine'"):
        starts("Mine", "20260302T090000")
    other = f"BEGIN:VTIMEZONE\nTZID:Mine\n{FAR}END:VTIMEZONE\n"
    assert starts("Mine", "20260302T090000", head=other) == ["2026-03-02 17:00"]


@pytest.mark.parametrize(
    "parts",
    [
        "",
        "BEGIN:STANDARD\nEND:STANDARD\n",
        FAR.replace("TZOFFSETTO:-0800\n", ""),
        FAR.replace("-0800", "soon"),
        FAR.replace("19700101T000000", "never"),
        FAR.replace("END:STANDARD", "RRULE:FREQ=SECONDLY\nEND:STANDARD"),
    ],
)
def test_a_vtimezone_that_says_nothing_is_refused(parts: str) -> None:
    head = f"BEGIN:VTIMEZONE\nTZID:Mine\n{parts}END:VTIMEZONE\n"
    with pytest.raises(BodyMalformed):
        starts("Mine", "20260302T090000", head=head)
