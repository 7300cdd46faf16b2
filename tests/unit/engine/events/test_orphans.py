"""Signals of an earlier start that no detector holds are let go; others are not."""

import asyncio
from typing import Any

import pytest

from auscult.engine.events import orphans as module
from auscult.engine.events.orphans import read_firing, release_orphans
from auscult.engine.events.records import settle
from auscult.kernel.facts import Fact, Found
from auscult.kernel.findings import Phase
from tests.unit.engine.bench import ACME, Bench, found


class Standing:
    """Detectors that hold some fingerprints, and a courier that keeps what it is handed."""

    def __init__(self, held: frozenset[str]) -> None:
        self.held = held
        self.handed: list[Fact] = []

    async def firing(self) -> frozenset[str]:
        return self.held

    def hand(self, fact: Fact) -> None:
        self.handed.append(fact)


async def test_only_what_is_old_firing_and_held_by_nobody_is_cleared(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GRACE_S", 0.05)
    before_ms = bench.clock.now_ms()
    facts = [
        found("orphan", at_ms=before_ms),
        found("held", at_ms=before_ms),
        found("over", at_ms=before_ms),
        found("over", Phase.CLEARED, at_ms=before_ms),
        found("new", at_ms=before_ms + 10_000),
    ]
    with bench.store.write() as work:
        for fact in facts:
            settle(work, fact, bench.plans, clock=bench.clock)
    bench.clock.advance(s=1)
    standing: Any = Standing(frozenset({"fp-held"}))

    async def read(fn: Any) -> Any:
        with bench.store.read() as work:
            return fn(work)

    releasing = release_orphans(
        read, bench.plans, standing.firing, courier=standing, clock=bench.clock
    )
    await asyncio.wait_for(releasing, 5)
    (fact,) = standing.handed
    assert isinstance(fact, Found)
    assert fact.finding.fingerprint == "fp-orphan"
    assert fact.finding.phase is Phase.CLEARED
    assert "after a restart" in fact.finding.evidence.sentence


async def test_what_fires_is_read_from_the_store(bench: Bench) -> None:
    before_ms = bench.clock.now_ms()
    facts = [
        found("firing", at_ms=before_ms),
        found("over", at_ms=before_ms),
        found("over", Phase.CLEARED, at_ms=before_ms),
    ]
    with bench.store.write() as work:
        for fact in facts:
            settle(work, fact, bench.plans, clock=bench.clock)

    async def read(fn: Any) -> Any:
        with bench.store.read() as work:
            return fn(work)

    assert await read_firing(read, ACME) == {"fp-firing"}
