"""Sources: started, started again when they break, and left alone when nothing changed."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import PrivateAttr

from auscult.engine.samples import feeding as module
from auscult.engine.wiring import Plans, TenantPlan
from auscult.kernel.errors import QueueFull
from auscult.kernel.words import TenantId
from auscult.signals.port import Sink, Source, SourceHealth
from tests.unit.engine.bench import ACME
from tests.unit.engine.samples.stream import Stream

BOLT = TenantId("bolt")


class Spring(Source):
    """A source that counts its starts and breaks as often as it is told to."""

    water: int = 0
    breaks: int = 0
    ends: bool = False
    _starts: int = PrivateAttr(default=0)
    _stopped: bool = PrivateAttr(default=False)

    async def run(self, sink: Sink) -> None:
        self._starts += 1
        if self._starts <= self.breaks:
            raise OSError("dry")
        if self.ends:
            return
        try:
            await asyncio.Event().wait()
        finally:
            self._stopped = True


class Well(Source):
    """A source that fills the past until it is told to end."""

    fills_the_past = True
    _full: asyncio.Event = PrivateAttr(default_factory=asyncio.Event)

    async def run(self, sink: Sink) -> None:
        await self._full.wait()


def plans(**sources: Source) -> Plans:
    return Plans({ACME: TenantPlan(ACME, sources=sources)})


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was slept between starts; sleeping itself is made short."""
    slept: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float, *_: Any) -> None:
        if seconds:
            slept.append(seconds)
        await real(0)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return slept


async def turn() -> None:
    for _ in range(60):
        await asyncio.sleep(0)


async def test_a_broken_source_is_shown_and_started_again_later_and_later(
    tmp_path: Path, pauses: list[float]
) -> None:
    feeding = Stream(tmp_path).path.feeding
    spring, calm = Spring(breaks=9), Spring(water=1)
    await feeding.follow(plans(spring=spring, calm=calm))
    await turn()
    assert (spring._starts, calm._starts) == (10, 1), "the others go on"
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    health = next(feed for feed in feeding.feeds(ACME) if feed.name == "spring").healths["spring"]
    assert health.healthy is False
    assert "dry" in health.error
    await feeding.stop()
    assert spring._stopped
    assert feeding.feeds(ACME) == []


async def test_a_source_that_ran_well_for_long_is_soon_started_again(
    tmp_path: Path, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Stream(tmp_path)
    ran_s = iter([0, 0, 0, module.WELL_AFTER_S, 1])

    async def run(spring: Spring, _sink: Sink) -> None:
        spring._starts += 1
        if (lasts_s := next(ran_s, None)) is None:
            await asyncio.Event().wait()
        stream.clock.advance(s=lasts_s or 0)
        raise OSError("dry")

    monkeypatch.setattr(Spring, "run", run)
    await stream.path.feeding.follow(plans(spring=Spring()))
    await turn()
    assert pauses == [1, 2, 4, 1, 2]
    await stream.path.feeding.stop()


async def test_a_source_that_ends_is_not_started_again(tmp_path: Path) -> None:
    feeding = Stream(tmp_path).path.feeding
    spring = Spring(ends=True)
    await feeding.follow(plans(spring=spring))
    await turn()
    assert spring._starts == 1
    await feeding.stop()


async def test_following_changes_only_what_changed(tmp_path: Path) -> None:
    feeding = Stream(tmp_path).path.feeding
    same, old, gone = Spring(water=1), Spring(water=2), Spring(water=3)
    await feeding.follow(plans(same=same, changed=old, gone=gone))
    await turn()
    same_again, new, added = Spring(water=1), Spring(water=20), Spring(water=4)
    await feeding.follow(plans(same=same_again, changed=new, added=added))
    await turn()
    assert (same._starts, same._stopped, same_again._starts) == (1, False, 0)
    assert (old._stopped, new._starts) == (True, 1)
    assert (gone._stopped, added._starts) == (True, 1)
    assert {feed.name for feed in feeding.feeds(ACME)} == {"same", "changed", "added"}
    assert feeding.feeds(BOLT) == []
    await feeding.stop()


async def test_scrapes_are_counted_and_healths_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEALTHS_MAX", 3)
    stream = Stream(tmp_path)
    await stream.path.feeding.follow(plans(spring=Spring()))
    (feed,) = stream.path.feeding.feeds(ACME)
    for number in range(5):
        name = f"scrape http://127.0.0.1:{number}/metrics"
        feed.note(SourceHealth(name=name, healthy=number % 2 == 0))
    feed.note(SourceHealth(name="scrape files", healthy=True))
    assert len(feed.healths) == 3
    value = stream.metrics.registry.get_sample_value
    assert value("auscult_scrapes_total", {"result": "done"}) == 3
    assert value("auscult_scrapes_total", {"result": "failed"}) == 2
    await stream.path.feeding.stop()


async def test_live_samples_wait_until_the_past_is_filled_in(tmp_path: Path) -> None:
    path = Stream(tmp_path).path
    live, well = Spring(), Well()
    await path.feeding.follow(plans(a_live=live, well=well))
    await turn()
    assert live._starts == 0
    with pytest.raises(QueueFull, match="past"):
        await path.receive_write(ACME, b"", "application/x-protobuf")
    assert not path.feeding.is_filling(BOLT), "nobody else waits"
    well._full.set()
    await turn()
    assert live._starts == 1
    assert not path.feeding.is_filling(ACME)
    await path.feeding.stop()


async def test_a_past_that_does_not_come_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAST_WAIT_S", 0.05)
    feeding = Stream(tmp_path).path.feeding
    live = Spring()
    await feeding.follow(plans(live=live, well=Well()))
    await asyncio.sleep(0.2)
    assert live._starts == 1
    assert not feeding.is_filling(ACME)
    await feeding.stop()
