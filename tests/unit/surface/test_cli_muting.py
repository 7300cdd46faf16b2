"""`auscult page mute`: a calendar's events are silences, and stay those of the calendar."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auscult.kernel.words import TenantId
from auscult.runtime.clock import SystemClock
from auscult.store import Store
from tests.unit.surface.test_cli import Auscult, auscult

__all__ = ["auscult"]

SETTINGS = """
store: {{url: "sqlite:///{folder}/auscult.db"}}
data_dir: {folder}/data
tenants:
  acme: {{}}
"""
CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:x
BEGIN:VEVENT
UID:1@x
DTSTAMP:20260101T000000Z
DTSTART:{start}
DTEND:{end}
RRULE:FREQ=WEEKLY;COUNT={count}
SUMMARY:move racks
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "auscult.yaml").write_text(SETTINGS.format(folder=tmp_path))
    Store.open(f"sqlite:///{tmp_path}/auscult.db").migrate()
    return tmp_path


def write(folder: Path, count: int) -> Path:
    start = datetime.now(UTC) + timedelta(days=1)
    times = {
        "start": start.strftime("%Y%m%dT120000Z"),
        "end": start.strftime("%Y%m%dT140000Z"),
    }
    file = folder / "racks.ics"
    file.write_text(CALENDAR.format(count=count, **times))
    return file


def comments(folder: Path) -> list[str]:
    store = Store.open(f"sqlite:///{folder}/auscult.db")
    with store.read() as work:
        found = work.of(TenantId("acme")).silences.ending_after(SystemClock().now_ms())
    store.close()
    return [f"{one.comment} {', '.join(map(str, one.matchers))}" for one in found]


def test_events_mute_and_what_left_the_calendar_does_not_any_more(
    auscult: Auscult, folder: Path
) -> None:
    words = ("page", "mute", "acme", str(write(folder, 3)), "--match", "service=edge")
    config = ("-c", str(folder / "auscult.yaml"))
    done = auscult(*words, *config)
    assert done.stdout == "racks.ics: 3 windows made, 0 ended, 0 kept as they are\n", done.stderr
    assert comments(folder) == ['move racks service="edge"'] * 3
    write(folder, 2)
    again = auscult(*words, *config).stdout
    assert again == "racks.ics: 0 windows made, 1 ended, 2 kept as they are\n"
    assert len(comments(folder)) == 2


def test_what_is_no_calendar_and_no_matcher_is_refused(auscult: Auscult, folder: Path) -> None:
    config = ("-c", str(folder / "auscult.yaml"))
    (folder / "junk.ics").write_text("junk")
    for words, why in (
        ((str(folder / "junk.ics"), "--match", "service=edge"), "no calendar"),
        ((str(folder / "none.ics"), "--match", "service=edge"), "No such file"),
        ((str(write(folder, 1)), "--match", "("), "is not of the form"),
    ):
        done = auscult("page", "mute", "acme", *words, *config)
        assert done.returncode == 2, done.stdout + done.stderr
        assert why in done.stderr
    assert comments(folder) == []
