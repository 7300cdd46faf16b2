"""Wall clocks: every time has one instant, also where a clock jumps."""

import re
from datetime import datetime

import pytest

from auscult.notification.oncall.zones import first_ms, said, utc_ms, wall_at, zone_named
from tests.house.source import ROOT
from tests.unit.notification.oncall.times import text_of, utc

ASKS_FOR_NOW = re.compile(r"\.(now|today|utcnow)\(|fromtimestamp\([^,()]*\)|import time\b")


@pytest.mark.parametrize(
    ("zone", "wall", "expected"),
    [
        ("Europe/Berlin", "2026-01-01 09:00", "2026-01-01 08:00"),
        ("Europe/Berlin", "2026-03-29 02:30", "2026-03-29 01:00"),  # skipped: the change itself
        ("Europe/Berlin", "2026-03-29 03:00", "2026-03-29 01:00"),
        ("Europe/Berlin", "2026-10-25 02:30", "2026-10-25 00:30"),  # twice: the first passing
        ("Europe/Berlin", "2026-10-25 03:00", "2026-10-25 02:00"),
        ("Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-03 15:30"),  # half an hour only
        ("America/Santiago", "2026-09-06 00:00", "2026-09-06 04:00"),  # no midnight that day
        ("Pacific/Apia", "2011-12-30 12:00", "2011-12-30 10:00"),  # no such day at all
        ("Asia/Kathmandu", "2026-06-01 00:00", "2026-05-31 18:15"),
    ],
)
def test_a_wall_time_is_the_first_instant_that_shows_it_or_a_later_one(
    zone: str, wall: str, expected: str
) -> None:
    found = first_ms(datetime.fromisoformat(wall), zone)
    assert text_of(found) == expected
    assert wall_at(found, zone) >= datetime.fromisoformat(wall) > wall_at(found - 1, zone)


def test_a_calendar_of_others_reads_a_skipped_time_with_the_offset_before() -> None:
    skipped = datetime.fromisoformat("2026-03-29 02:30")
    assert text_of(utc_ms(skipped, "Europe/Berlin")) == "2026-03-29 01:30"


@pytest.mark.parametrize("name", ["Europe/Berlyn", "", "/etc/passwd", "../UTC", "Europe", "\0"])
def test_an_unknown_zone_is_named(name: str) -> None:
    with pytest.raises(ValueError, match="no time zone") as refused:
        zone_named(name)
    assert repr(name) in str(refused.value)


def test_an_instant_is_said_with_the_name_of_its_time() -> None:
    assert said(utc("2026-11-30 08:00"), "Europe/Berlin") == "Mon 30 Nov 2026 09:00 CET"
    assert said(utc("2026-07-01 00:00"), "Asia/Kathmandu") == "Wed 1 Jul 2026 05:45 +0545"


def test_no_file_of_the_room_asks_what_time_it_is() -> None:
    room = ROOT / "src/auscult/notification/oncall"
    asking = [
        f"{path.name}: {line}"
        for path in sorted(room.rglob("*.py"))
        for line in path.read_text().splitlines()
        if ASKS_FOR_NOW.search(line)
    ]
    assert not asking
    assert ASKS_FOR_NOW.search("WallTime.now()")
    assert ASKS_FOR_NOW.search("WallTime.fromtimestamp(at)")
