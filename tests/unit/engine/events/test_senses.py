"""What the event path asks of the sample path is answered by detectors and sources as they are."""

import asyncio
from pathlib import Path
from typing import Any

from auscult.engine.events.senses import Senses
from auscult.engine.wiring import Plans, TenantPlan
from auscult.kernel.words import TenantId
from auscult.signals.port import SOURCES
from tests.receiver import receiving
from tests.unit.engine.bench import ACME
from tests.unit.engine.samples.stream import Stream


class Ears:
    """Monitors that hold one finding."""

    def firing(self) -> frozenset[str]:
        return frozenset({"audio_quality:1"})


EARS: Any = Ears()


async def test_a_target_is_known_once_it_was_asked_whether_it_answered_or_not(
    tmp_path: Path,
) -> None:
    async with receiving() as receiver:
        path = Stream(tmp_path).path
        senses = Senses(path.scoring, path.feeding, EARS)
        alive = receiver.url.removeprefix("http://")
        targets = [f"http://{alive}/metrics", "127.0.0.1:1"]
        source = SOURCES.make("scrape", {"targets": targets, "interval_s": 0.1})
        assert not senses.is_scraped(ACME, alive)
        await path.feeding.follow(Plans({ACME: TenantPlan(ACME, sources={"all": source})}))
        async with asyncio.timeout(5):
            while not (senses.is_scraped(ACME, alive) and senses.is_scraped(ACME, "127.0.0.1:1")):
                await asyncio.sleep(0.02)
        for stranger in ("127.0.0.1:2", "127.0.0.1", "", f"http://{alive}/metrics"):
            assert not senses.is_scraped(ACME, stranger)
        assert not senses.is_scraped(TenantId("bolt"), alive), "another tenant's target is not ours"
        await path.feeding.stop()


async def test_what_fires_is_what_detectors_and_monitors_hold(tmp_path: Path) -> None:
    path = Stream(tmp_path).path
    assert await Senses(path.scoring, path.feeding, EARS).firing() == EARS.firing()
