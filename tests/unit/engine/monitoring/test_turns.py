"""Tenants take turns: who sends more than can be heard makes nobody else late."""

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from auscult.detection.remarks import Remark
from auscult.engine.monitoring import path as module
from auscult.engine.monitoring import posts
from auscult.engine.monitoring.path import LOOK_SOUND_S
from auscult.engine.monitoring.turns import Turns
from auscult.kernel.findings import Finding
from auscult.kernel.sounds import Heard
from auscult.kernel.words import TenantId
from auscult.performance.port import Lookout, Monitor, View
from auscult.runtime.clock import SystemClock
from tests.unit.engine.bench import ACME
from tests.unit.engine.monitoring.test_monitoring import BOLT, at_work, heard, tap

HEARS_S = 0.003
"""What the ear of this test takes for a second of sound."""


def test_who_waited_longest_comes_first_and_who_is_behind_need_not_wait() -> None:
    turns = Turns(0.5)
    assert turns.due([BOLT, ACME], (), now_s=0.0) == [ACME, BOLT]
    turns.took(ACME, now_s=0.0)
    turns.took(BOLT, now_s=0.1)
    assert turns.due([ACME, BOLT], (), now_s=0.4) == []
    assert turns.rest_s([ACME, BOLT], now_s=0.4) == pytest.approx(0.1)
    assert turns.due([ACME, BOLT], {BOLT}, now_s=0.4) == [BOLT]
    turns.took(BOLT, now_s=0.4)
    assert turns.due([ACME, BOLT], {BOLT}, now_s=0.5) == [ACME, BOLT]
    turns.release(ACME)
    turns.release(BOLT)
    assert turns.rest_s([], now_s=0.5) == 0.5
    assert turns.rest_s([ACME], now_s=0.5) == 0.0


class Slow(Monitor):
    """Takes its time for each second of sound, and notes when it looked."""

    def begin(self) -> Lookout:
        return _Slowly()


class _Slowly:
    looks: list[tuple[TenantId, float, float, int]] = []

    def look(self, view: View) -> Iterable[Remark]:
        length_s = sum(one.duration_s for _, one in view.sounds if isinstance(one, Heard))
        time.sleep(HEARS_S * length_s)
        if length_s:
            self.looks.append((view.tenant, time.monotonic(), length_s, view.behind_ms))
        return []


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[TenantId, float, float, int]]:
    class Shelf:
        def names(self) -> list[str]:
            return ["slow"]

        def make(self, _name: str, _settings: Any) -> Monitor:
            return Slow()

    Slow.plug_name = "slow"
    monkeypatch.setattr(posts, "MONITORS", Shelf())
    monkeypatch.setattr(_Slowly, "looks", [])
    return _Slowly.looks


async def test_a_tenant_who_sends_too_much_delays_another_by_one_look_at_most(
    tmp_path: Path,
    looks: list[tuple[TenantId, float, float, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.02)
    monitoring = at_work(tmp_path, clock=SystemClock())
    for number in range(20):
        for at_s in range(20):
            monitoring.hear(ACME, tap(f"flood {number}"), heard(at_s))
    told: list[Finding] = []
    running = asyncio.create_task(monitoring._run(told.extend))  # the loop itself
    asked: list[float] = []
    while len(asked) < 8:
        monitoring.hear(BOLT, tap(), heard())
        asked.append(time.monotonic())
        async with asyncio.timeout(5):
            while sum(tenant == BOLT for tenant, *_ in looks) < len(asked):
                await asyncio.sleep(0.001)
    running.cancel()
    await monitoring.stop()
    flood = [one for one in looks if one[0] == ACME]
    assert len(flood) >= 5, "it was heard all the while"
    assert max(length_s for _, _, length_s, _ in flood) <= LOOK_SOUND_S
    assert flood[0][3] > 0, "what is left is known to wait"
    done = [at_s for tenant, at_s, _, _ in looks if tenant == BOLT]
    waited_s = [at_s - since_s for at_s, since_s in zip(done, asked, strict=True)]
    one_look_s = HEARS_S * LOOK_SOUND_S
    assert sorted(waited_s)[-2] < 3 * one_look_s, "the whole flood takes 1.2 s"
