"""What nobody foresaw costs what it is about, a log line and a pause: never all paging."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from auscult.engine.events import path
from auscult.engine.events.claims import Claims, timers
from auscult.engine.events.desk import Desk
from auscult.engine.events.path import go_on
from auscult.kernel.errors import StoreUnavailable
from auscult.kernel.facts import Timer
from auscult.store import Claim, Work
from auscult.store.queue import Room
from tests.unit.engine.bench import ACME, Bench
from tests.unit.engine.events.test_dispatch import dispatching


def a_timer(key: str, name: str = "quiet") -> Timer:
    return Timer(key=key, tenant=ACME, name=name, about="i1", due_ms=0)


def set_timers(bench: Bench, *some: Timer) -> None:
    with bench.store.write() as work:
        for one in some:
            work.of(ACME).timers.set(one)


def left(bench: Bench) -> list[str]:
    with bench.store.read() as work:
        found = work.of(ACME).timers.named(["plain", "look:fp", "later"])
    return [one.key for one in found]


async def test_a_part_that_breaks_goes_on_and_it_shows(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(path, "PAUSE_S", 0.001)
    left = [RuntimeError("one"), KeyError("two")]

    async def run() -> None:
        if left:
            raise left.pop()

    await go_on(run, name="effects", metrics=bench.metrics)
    assert bench.count("auscult_defects_total", part="effects") == 2


async def test_a_part_that_is_cancelled_ends(bench: Bench) -> None:
    task = asyncio.create_task(
        go_on(asyncio.Event().wait, name="effects", metrics=bench.metrics)  # type: ignore[arg-type]
    )
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_is_due_beside_a_row_with_a_defect_is_taken(bench: Bench) -> None:
    def read(work: Work, claims: Sequence[Claim], now_ms: int) -> list[Timer]:
        if any(one.key == "broken" for one in claims):
            raise KeyError("a defect")
        return timers(work, claims, now_ms)

    def away(_work: Work, _claims: Sequence[Claim], _now_ms: int) -> list[Timer]:
        raise StoreUnavailable("away")

    set_timers(bench, a_timer("a"), a_timer("broken"), a_timer("z"))
    desk = Desk(bench.store, bench.plans, clock=bench.clock, metrics=bench.metrics)
    desk.start()
    claims = Claims(desk, clock=bench.clock, owner="me")
    try:
        assert await claims.take("timer", Room(40, 40), away) == [], "nothing was claimed"
        taken = await claims.take("timer", Room(40, 40), read)
    finally:
        await desk.stop()
    assert [one.key for one in taken] == ["a", "z"]


class Broken:
    """Detectors that cannot say what fires."""

    async def firing(self) -> Any:
        raise RuntimeError("a defect")


async def test_a_timer_that_asks_nothing_is_rung_although_nobody_can_answer(bench: Bench) -> None:
    set_timers(bench, a_timer("plain"), a_timer("look:fp", "look"))
    async with dispatching(bench, bench.plans, Broken()):
        async with asyncio.timeout(5):
            while "plain" in left(bench):
                await asyncio.sleep(0.01)
    assert left(bench) == ["look:fp"]
