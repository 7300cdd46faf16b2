"""The courier: facts born inside arrive in order, however often the store is away."""

import asyncio
from typing import Any

import pytest

from auscult.engine.events import courier as module
from auscult.engine.events.courier import Courier
from auscult.kernel.effects import Outcome, Result
from auscult.kernel.errors import QueueFull, StateConflict, StoreRaced, StoreUnavailable
from auscult.kernel.facts import Answered, Fact
from auscult.kernel.findings import Phase
from auscult.runtime.metrics import Metrics
from tests.unit.engine.bench import ACME, found


class Desk:
    """Takes facts, or raises what the test says."""

    def __init__(self) -> None:
        self.took: list[Fact] = []
        self.refusals: list[Exception] = []

    async def submit(self, fact: Fact) -> None:
        await asyncio.sleep(0)
        if self.refusals:
            raise self.refusals.pop(0)
        self.took.append(fact)


def outcome(key: str) -> Answered:
    return Answered(outcome=Outcome(key=key, tenant=ACME, result=Result.DONE, at_ms=1))


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> tuple[Courier, Desk, Metrics]:
    monkeypatch.setattr(module, "PAUSE_S", 0.01)
    desk, metrics = Desk(), Metrics()
    taken: Any = desk
    return Courier(taken, metrics=metrics), desk, metrics


async def deliver(courier: Courier) -> None:
    running = asyncio.ensure_future(courier.run())
    assert await courier.drained(timeout_s=5)
    running.cancel()


async def test_facts_arrive_in_order(scene: tuple[Courier, Desk, Metrics]) -> None:
    courier, desk, _ = scene
    facts = [found(f"s{n}") for n in range(600)]
    for fact in facts:
        courier.hand(fact)
    await deliver(courier)
    assert desk.took == facts


async def test_a_store_that_is_away_is_tried_again_and_the_order_is_kept(
    scene: tuple[Courier, Desk, Metrics],
) -> None:
    courier, desk, _ = scene
    facts = [found(f"s{n}") for n in range(10)]
    # Three times all ten:
    desk.refusals = [StoreUnavailable("away"), QueueFull("full"), StoreRaced("deadlock")] * 10
    for fact in facts:
        courier.hand(fact)
    await deliver(courier)
    assert desk.took == facts


async def test_an_end_never_overtakes_its_beginning(
    scene: tuple[Courier, Desk, Metrics],
) -> None:
    courier, desk, _ = scene
    desk.refusals = [QueueFull("full")]  # the first is refused, those behind it are taken
    begun, over = found("encode"), found("encode", Phase.CLEARED)
    for fact in (begun, found("edge"), over):
        courier.hand(fact)
    await deliver(courier)
    told = [fact for fact in desk.took if fact in (begun, over)]
    assert told == [begun, over]


async def test_it_is_not_drained_while_the_store_is_away(
    scene: tuple[Courier, Desk, Metrics],
) -> None:
    courier, desk, _ = scene
    desk.refusals = [StoreUnavailable("away")] * 1_000
    courier.hand(found())
    running = asyncio.ensure_future(courier.run())
    assert not await courier.drained(timeout_s=0.1)
    desk.refusals.clear()
    assert await courier.drained(timeout_s=2)
    running.cancel()


async def test_a_fact_that_comes_too_late_or_breaks_is_let_go_and_counted(
    scene: tuple[Courier, Desk, Metrics],
) -> None:
    courier, desk, metrics = scene
    desk.refusals = [StateConflict("over"), ZeroDivisionError("a mistake")]
    facts = [found(f"s{n}") for n in range(3)]
    for fact in facts:
        courier.hand(fact)
    await deliver(courier)
    assert desk.took == facts[2:]
    assert metrics.registry.get_sample_value("auscult_facts_failed_total") == 1


async def test_beyond_the_bound_the_oldest_findings_go_and_no_outcome(
    scene: tuple[Courier, Desk, Metrics], monkeypatch: pytest.MonkeyPatch
) -> None:
    courier, desk, metrics = scene
    monkeypatch.setattr(module, "WAITING_MAX", 5)
    outcomes = [outcome(f"k{n}") for n in range(8)]
    findings = [found(f"s{n}") for n in range(8)]
    for pair in zip(outcomes, findings, strict=True):
        for fact in pair:
            courier.hand(fact)
    outcomes.append(outcome("last"))
    courier.hand(outcomes[-1])
    await deliver(courier)
    assert [fact for fact in desk.took if isinstance(fact, Answered)] == outcomes
    assert [fact for fact in desk.took if not isinstance(fact, Answered)] == findings[3:]
    assert metrics.registry.get_sample_value("auscult_facts_dropped_total") == 3
