"""The scoring thread: a broken pass is counted and told, and does not end the watch."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from auscult.detection.detectors.threshold import Threshold
from auscult.engine.samples import scoring as module
from auscult.kernel.errors import QueueFull, SampleRefused, SeriesCapReached
from auscult.kernel.findings import Finding
from auscult.kernel.matchers import parse_matcher
from auscult.signals import Kind
from tests.unit.engine.bench import ACME
from tests.unit.engine.samples.stream import Stream


class Live:
    """A clock that runs."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        return time.monotonic()


@pytest.fixture
def stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stream:
    monkeypatch.setattr(module, "SCORE_EVERY_S", 0.01)
    monkeypatch.setattr(module, "TICK_EVERY_S", 0.02)
    live: Any = Live()
    limit = Threshold(match=(parse_matcher('__name__="load"'),), above=5.0)
    return Stream(tmp_path, clock=live, limit=limit)


async def eventually(what: Any) -> None:
    async with asyncio.timeout(5):
        while not what():
            await asyncio.sleep(0.01)


async def test_findings_are_handed_over_in_the_event_loop(stream: Stream) -> None:
    handed: list[tuple[list[Finding], object]] = []
    stream.scoring.on_findings = lambda found: handed.append((found, asyncio.current_task()))
    stream.scoring.start()
    stream.pour("load", 9.0, service="edge")
    await eventually(lambda: handed)
    assert handed[0][0][0].subject.service == "edge"
    await stream.scoring.stop()
    assert stream.metrics.registry.get_sample_value("auscult_samples_scored_total") == 1


async def test_a_broken_pass_is_counted_and_does_not_end_the_watch(
    stream: Stream, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    handed: list[list[Finding]] = []
    stream.scoring.on_findings = handed.append
    real, breaks = stream.scoring.watch.update, [1, 1, 1]

    def broken(*args: Any, **kwargs: Any) -> None:
        if breaks:
            raise ZeroDivisionError(f"pass {breaks.pop()}")
        real(*args, **kwargs)

    monkeypatch.setattr(stream.scoring.watch, "update", broken)
    stream.scoring.start()
    await eventually(lambda: not breaks)
    stream.pour("load", 9.0, service="edge")
    await eventually(lambda: handed)
    await stream.scoring.stop()
    assert stream.scoring.broken_passes == 3
    assert stream.metrics.registry.get_sample_value("auscult_score_failures_total") == 3
    assert "a scoring pass broke" in capsys.readouterr().err


def test_series_that_are_not_made_are_counted_by_reason(stream: Stream) -> None:
    def counted(reason: str) -> float:
        labels = {"reason": reason}
        name = "auscult_samples_refused_total"
        return stream.metrics.registry.get_sample_value(name, labels) or 0.0

    with pytest.raises(SampleRefused):
        stream.scoring.slot(ACME, (("no_name", "x"),), Kind.GAUGE)
    assert counted("labels") == 1
    limits = stream.scoring.registry.limits
    object.__setattr__(limits, "per_tenant", 2)
    stream.pour("one", 1.0)
    stream.pour("two", 1.0)
    with pytest.raises(SeriesCapReached):
        stream.pour("three", 1.0)
    assert counted("series_cap") == 1


async def test_bodies_beyond_the_bound_are_refused_and_all_are_counted(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    from auscult.engine.samples import path

    monkeypatch.setattr(path, "BODIES_WAITING_MAX", 0)
    with pytest.raises(QueueFull):
        await stream.path.receive_write(ACME, b"", "application/x-protobuf")
    labels = {"protocol": "remote_write", "result": "capacity.queue_full"}
    assert stream.metrics.registry.get_sample_value("auscult_bodies_total", labels) == 1
    await stream.scoring.stop()
