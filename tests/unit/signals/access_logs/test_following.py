"""A log file followed through growth, rotation, truncation and long lines; and the source."""

import asyncio
import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from auscult.signals.access_logs import LogFile
from auscult.signals.access_logs.lines import LINE_BYTES_MAX
from auscult.signals.port import SOURCES
from auscult.signals.sources.access_log import AccessLog
from tests.unit.signals.sink import MemorySink


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "access.log"
    path.write_bytes(b"old\n")
    return path


def test_what_is_written_later_is_read_in_whole_lines(path: Path) -> None:
    file = LogFile(path)
    assert file.read() == []
    append(path, b"one\ntw")
    assert file.read() == [b"one"]
    append(path, b"o\r\n\nthree\n")
    assert file.read() == [b"two", b"three"]
    assert file.read() == []
    file.close()


def test_from_the_start_is_a_wish(path: Path) -> None:
    file = LogFile(path, from_start=True)
    assert file.read() == [b"old"]
    file.close()


def test_half_a_line_that_was_there_before_is_left_alone(path: Path) -> None:
    append(path, b"half")
    file = LogFile(path)
    assert file.read() == []
    append(path, b" a line\nwhole\n")
    assert file.read() == [b"whole"]
    file.close()


def test_rotation_loses_no_line(path: Path) -> None:
    file = LogFile(path)
    file.read()
    append(path, b"last of the old\n")
    path.rename(path.with_suffix(".1"))
    append(path.with_suffix(".1"), b"really the last\n")
    assert file.read() == [b"last of the old", b"really the last"]
    assert file.read() == [], "nothing has taken its place yet"
    append(path, b"first of the new\n")
    assert file.read() == [b"first of the new"]
    file.close()


def test_truncation_begins_anew(path: Path) -> None:
    file = LogFile(path)
    append(path, b"long enough\n")
    file.read()
    path.write_bytes(b"new\n")
    assert file.read() == [b"new"]
    file.close()


def test_a_line_of_a_megabyte_is_skipped_and_the_next_is_read(path: Path) -> None:
    file = LogFile(path)
    file.read()
    append(path, b"x" * (1 << 20) + b"y" * 500_000)
    read = [file.read() for _ in range(3)]
    append(path, b"\nshort\n")
    assert [*read, file.read()] == [[], [], [], [b"short"]]
    assert file.skipped == 1
    append(path, b"z" * (LINE_BYTES_MAX - 1) + b"\n")
    assert len(file.read()[0]) == LINE_BYTES_MAX - 1
    file.close()


def test_a_file_that_is_not_there_is_an_error_until_it_is(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "none.log", from_start=True)
    with pytest.raises(FileNotFoundError):
        file.read()
    (tmp_path / "none.log").write_bytes(b"there\n")
    assert file.read() == [b"there"]
    file.close()


def line(status: int = 200) -> bytes:
    return json.dumps({"status": status, "path": "/a", "bytes": 5}).encode() + b"\n"


async def test_the_source_tells_what_it_reads(path: Path, tmp_path: Path) -> None:
    times = iter(range(1_700_000_000_000, 1_800_000_000_000, 1_000))
    sink = MemorySink(now_ms=lambda: next(times))
    source = AccessLog(files=[path, tmp_path / "none.log"], service="edge", every_s=0.1)
    running = asyncio.create_task(source.run(sink))
    try:
        async with asyncio.timeout(10):
            while not sink.notes:
                await asyncio.sleep(0.01)
            while sink.total.accepted < 12:
                append(path, line() + line(500) + b"nonsense\n")
                await asyncio.sleep(0.05)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    at_ms, rates = sink.window(name="access_failures_total", service="edge", route="/a")
    assert len(at_ms) >= 1
    assert any(rate > 0 for rate in rates)
    errors = {note.error for note in sink.notes}
    assert any("could not be read" in error for error in errors)
    assert any("No such file" in error for error in errors)


def test_the_source_is_on_its_shelf_and_refuses_other_fields() -> None:
    assert SOURCES.load("access_log") is AccessLog
    with pytest.raises(ValidationError, match="there are: status"):
        AccessLog(files=[Path("a")], fields={"who": ["x"]})
    with pytest.raises(ValidationError):
        AccessLog(files=[])
