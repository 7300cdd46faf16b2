"""`auscult oncall`: who, from when to when, and what is wrong with the schedules of a file."""

from pathlib import Path

import pytest

from auscult.kernel.oncall import CalendarCopy, Takeover
from auscult.kernel.words import TenantId
from auscult.runtime.clock import SystemClock
from auscult.store import Store
from tests.unit.engine.oncall.test_calendars import CALENDAR
from tests.unit.surface.test_cli import Auscult, auscult

__all__ = ["auscult"]

SETTINGS = """
store: {{url: "sqlite:///{folder}/auscult.db"}}
data_dir: {folder}/data
tenants:
  acme:
    channels: {{chat: {{use: console}}}}
    oncall:
      people:
        - {{name: ada, time_zone: UTC, contacts: chat}}
        - {{name: bob, time_zone: UTC, contacts: chat}}
      schedules:
        - name: nights
          time_zone: UTC
          layers: [{layer}]
      policy: ""
  beta: {{}}
"""
GOOD = "{name: week, people: [ada, bob], start: 2026-01-05T09:00}"
AT = ("--at", "2026-12-01T12:00:00Z")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path)
    return tmp_path


def write(folder: Path, layer: str = GOOD) -> None:
    text = SETTINGS.format(folder=folder, layer=layer)
    (folder / "auscult.yaml").write_text(text)


def keep(folder: Path, *words: Takeover | CalendarCopy) -> None:
    store = Store.open(f"sqlite:///{folder}/auscult.db")
    store.migrate()
    with store.write() as work:
        rows = work.of(TenantId("acme"))
        for one in words:
            if isinstance(one, Takeover):
                rows.takeovers.put(one)
            else:
                rows.calendars.put(one)
    store.close()


def test_who_is_on_call_and_who_is_next(auscult: Auscult, folder: Path) -> None:
    config = ("-c", str(folder / "auscult.yaml"))
    expected = [
        "acme: nights: bob until Mon 7 Dec 2026 09:00 UTC (layer week)",
        "acme: nights: next ada, from Mon 7 Dec 2026 09:00 UTC",
    ]
    for words in ((), ("acme",), ("who", "acme")):
        done = auscult("oncall", *words, *AT, *config)
        assert (done.returncode, done.stdout.splitlines()) == (0, expected)
    assert "no schedule is configured" in auscult("oncall", "beta", *config).stderr
    wrong = auscult("oncall", "acmee", *config)
    assert wrong.returncode == 2
    assert "no tenant 'acmee'" in wrong.stderr
    assert auscult("oncall", "--at", "noon", *config).returncode == 2


def test_takeovers_of_the_store_count(auscult: Auscult, folder: Path) -> None:
    now_ms = SystemClock().now_ms()
    keep(
        folder,
        Takeover(
            id="O1",
            schedule="nights",
            person="ada",
            starts_ms=now_ms - 60_000,
            ends_ms=now_ms + 3_600_000,
            reason="dentist",
        ),
    )
    done = auscult("oncall", "-c", str(folder / "auscult.yaml"))
    assert "nights: ada until" in done.stdout
    assert "(override: dentist)" in done.stdout


def test_a_calendar_is_the_copy_of_the_store(auscult: Auscult, folder: Path) -> None:
    from hashlib import sha256

    address = "https://calendar.example/secret.ics"
    write(folder, f"{{name: vendor, calendar: '{address}'}}")
    config = ("-c", str(folder / "auscult.yaml"))
    done = auscult("oncall", *config)
    assert "calendar vendor of nights was never read" in done.stderr
    source = sha256(address.encode()).hexdigest()
    text = CALENDAR.format(who="Ada").replace("UID:1", "UID:1\nRRULE:FREQ=DAILY")
    keep(
        folder,
        CalendarCopy(schedule="nights", layer="vendor", source=source, read_ms=1, text=text),
    )
    done = auscult("oncall", *AT, *config)
    assert "nights: ada until" in done.stdout
    assert "secret" not in done.stdout + done.stderr


def test_a_file_without_gaps_passes(auscult: Auscult, folder: Path) -> None:
    done = auscult("oncall", "check", "-c", str(folder / "auscult.yaml"))
    assert (done.returncode, done.stdout) == (0, "1 schedules, nothing wrong within 30 days\n")


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ("{name: week, people: [ada, zed], start: 2026-01-05T09:00}", "'zed' is no person"),
        (
            GOOD[:-1] + ", hours: [{start: '09:00', end: '17:00'}]}",
            "Nobody is on call in nights from",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_its_exit_code(
    auscult: Auscult, folder: Path, layer: str, said: str
) -> None:
    write(folder, layer)
    done = auscult("oncall", "check", "-c", str(folder / "auscult.yaml"))
    assert done.returncode == 1
    assert said in done.stdout
    assert not (folder / "auscult.db").exists(), "a check makes no store"


def test_what_hangs_on_a_calendar_is_not_judged(auscult: Auscult, folder: Path) -> None:
    write(folder, "{name: vendor, calendar: 'https://calendar.example/x.ics'}")
    done = auscult("oncall", "check", "-c", str(folder / "auscult.yaml"))
    assert done.returncode == 0
    assert "calendar vendor of nights is not asked here" in done.stderr


def test_a_schedule_is_exported(auscult: Auscult, folder: Path) -> None:
    config = ("-c", str(folder / "auscult.yaml"))
    done = auscult("oncall", "export", "nights", "--person", "bob", "--days", "60", *config)
    assert done.returncode == 0
    assert done.stdout.startswith("BEGIN:VCALENDAR")
    assert "SUMMARY:bob" in done.stdout
    assert "SUMMARY:ada" not in done.stdout
    missing = auscult("oncall", "export", "days", *config)
    assert missing.returncode == 1
    assert "there are: nights" in missing.stderr
