"""Detector state across a restart: open faults stay open, what cannot be read is put aside."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auscult.detection.detectors.threshold import Threshold
from auscult.engine.samples.snapshots import FILE_NAME, SeriesKeys, read_snapshot, write_snapshot
from auscult.kernel.errors import SeriesCapReached
from auscult.kernel.findings import Phase
from auscult.kernel.matchers import parse_matcher
from auscult.kernel.words import TenantId
from auscult.signals import Kind
from tests.unit.engine.bench import ACME
from tests.unit.engine.samples.stream import Stream

Rule = Callable[[], Threshold]


def rule() -> Threshold:
    return Threshold(match=(parse_matcher('__name__="load"'),), above=5.0)


def faulty(folder: Path) -> Stream:
    """Return a path on which a fault is open and a snapshot was saved."""
    first = Stream(folder, limit=rule())
    first.second(1.0, service="encode")
    first.second(1.0, service="edge")
    told = first.second(9.0, service="edge")
    assert [finding.phase for finding in told] == [Phase.FIRING]
    first.keeping.save()
    return first


def test_an_open_fault_is_neither_forgotten_nor_told_again(tmp_path: Path) -> None:
    first = faulty(tmp_path)
    second = Stream(tmp_path, clock=first.clock, limit=rule())
    second.pour("another", 1.0)  # slots are numbered anew: this one takes the first
    assert second.keeping.restore(frozenset({ACME})) == 2
    assert second.scoring.ask(lambda w: w.firing()) == first.scoring.ask(lambda w: w.firing())
    assert second.second(9.0, service="edge") == [], "it was told before the restart"
    said = [finding for _ in range(30) for finding in second.second(1.0, service="edge")]
    told = [finding for finding in said if finding.seen_by == "threshold"]
    assert [finding.phase for finding in told] == [Phase.CLEARED]
    assert told[0].subject.service == "edge"


def test_without_the_snapshot_it_would_be_told_again(tmp_path: Path) -> None:
    """Otherwise the test above could pass because nothing is ever told."""
    first = faulty(tmp_path)
    second = Stream(tmp_path, clock=first.clock, limit=rule())
    assert [one.phase for one in second.second(9.0, service="edge")] == [Phase.FIRING]


def test_a_counter_loses_no_rate_by_a_restart(tmp_path: Path) -> None:
    first = Stream(tmp_path)
    first.pour("requests_total", 100.0, Kind.COUNTER)
    first.scoring.score()
    first.keeping.save()
    second = Stream(tmp_path, clock=first.clock)
    second.pour("another", 1.0)
    second.keeping.restore(frozenset({ACME}))
    second.clock.advance(s=10)
    slot = second.pour("requests_total", 150.0, Kind.COUNTER)
    assert second.scoring.last_ms(slot) == second.clock.now_ms()
    assert second.path.reading.window(ACME, slot).value == [5.0]


def test_more_series_return_than_may_be_new_in_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Stream(tmp_path)
    for number in range(20):
        first.pour(f"m{number}", 1.0)
    first.scoring.score()
    first.keeping.save()
    second = Stream(tmp_path, clock=first.clock)
    small = replace(second.scoring.registry.limits, new_per_minute=5)
    monkeypatch.setattr(second.scoring.registry.book(ACME), "limits", small)
    assert second.keeping.restore(frozenset({ACME})) == 20
    for number in range(5):
        second.pour(f"new{number}", 1.0)
    with pytest.raises(SeriesCapReached):
        second.pour("one_more", 1.0)


def test_what_was_learnt_is_known_again(tmp_path: Path) -> None:
    first = Stream(tmp_path)
    rng = np.random.default_rng(1)
    for _ in range(120):
        first.second(100 + rng.normal(), service="encode")
    slot = first.scoring.slot(ACME, (("__name__", "load"), ("service", "encode")), Kind.GAUGE)
    usual = first.scoring.ask(lambda watch: watch.usual(slot))
    assert usual.state == "watched"
    first.keeping.save()
    second = Stream(tmp_path, clock=first.clock)
    second.pour("another", 1.0)
    second.keeping.restore(frozenset({ACME}))
    second.scoring.tick()
    moved = second.scoring.slot(ACME, (("__name__", "load"), ("service", "encode")), Kind.GAUGE)
    assert moved != slot
    again = second.scoring.ask(lambda watch: watch.usual(moved))
    assert again.state == "watched"
    assert again.level == pytest.approx(usual.level)


def test_a_tenant_that_is_gone_leaves_nothing(tmp_path: Path) -> None:
    faulty(tmp_path)
    second = Stream(tmp_path, limit=rule())
    assert second.keeping.restore(frozenset({TenantId("bolt")})) == 0
    assert second.scoring.ask(lambda watch: watch.firing()) == frozenset()


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9, 0.999])
def test_a_cut_snapshot_is_put_aside_and_logged(
    tmp_path: Path, keep: float, capsys: pytest.CaptureFixture[str]
) -> None:
    faulty(tmp_path)
    file = tmp_path / "snapshots" / FILE_NAME
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * keep)])
    second = Stream(tmp_path, limit=rule())
    assert second.keeping.restore(frozenset({ACME})) == 0
    assert not file.exists()
    assert file.with_suffix(".unreadable").exists()
    assert "cannot be read" in capsys.readouterr().err
    assert second.second(9.0, service="edge")[0].phase is Phase.FIRING


def test_flipped_bits_never_stop_a_start(tmp_path: Path) -> None:
    faulty(tmp_path)
    file = tmp_path / "snapshots" / FILE_NAME
    whole = bytearray(file.read_bytes())
    rng = np.random.default_rng(3)
    for position in rng.integers(0, len(whole), 60).tolist():
        bad = bytearray(whole)
        bad[position] ^= 0xFF
        file.write_bytes(bad)
        second = Stream(tmp_path, limit=rule())
        assert second.keeping.restore(frozenset({ACME})) in {0, 1, 2}
        second.second(1.0, service="edge")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a snapshot", b"\x00" * 5_000])
def test_a_foreign_file_is_put_aside(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    assert read_snapshot(tmp_path) is None
    assert (tmp_path / FILE_NAME).with_suffix(".unreadable").read_bytes() == content


def test_another_version_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from auscult.engine.samples import snapshots

    monkeypatch.setattr(snapshots, "VERSION", 99)
    write_snapshot(tmp_path, {"a": np.arange(3)}, SeriesKeys.join([b"x"]), at_ms=5)
    monkeypatch.undo()
    assert read_snapshot(tmp_path) is None


def test_a_snapshot_is_replaced_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = faulty(tmp_path)
    before = (tmp_path / "snapshots" / FILE_NAME).read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    stream.second(1.0, service="edge")
    stream.keeping.save()
    assert (tmp_path / "snapshots" / FILE_NAME).read_bytes() == before
    assert "cannot be written" in capsys.readouterr().err


def test_arrays_and_keys_come_back_as_they_were(tmp_path: Path) -> None:
    arrays = {"a": np.arange(5, dtype=np.int64), "b": np.array([[1.5, np.nan]])}
    keys = [b"", b"one\0\0x", "ü".encode()]
    write_snapshot(tmp_path, dict(arrays), SeriesKeys.join(keys), at_ms=42)
    found = read_snapshot(tmp_path)
    assert found is not None
    again, series, at_ms = found
    assert (series, at_ms) == (keys, 42)
    for name, array in arrays.items():
        np.testing.assert_array_equal(again[name], array)
    assert read_snapshot(tmp_path / "nowhere") is None
