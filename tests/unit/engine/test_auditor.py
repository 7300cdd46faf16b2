"""The auditor: what is attempted in vain is overdue like what nobody attempts."""

from collections.abc import AsyncIterator

import pytest

from auscult.engine.auditor import EFFECTS_GRACE_MS, Auditor
from auscult.engine.events.desk import Desk
from auscult.kernel.effects import Outcome, Result
from auscult.kernel.errors import StoreRaced
from tests.unit.engine.bench import ACME, Bench, an_effect


@pytest.fixture
async def auditor(bench: Bench) -> AsyncIterator[Auditor]:
    desk = Desk(bench.store, bench.plans, clock=bench.clock, metrics=bench.metrics)
    desk.start()
    yield Auditor(desk, clock=bench.clock, metrics=bench.metrics)
    await desk.stop()


async def test_a_page_whose_attempts_fail_is_overdue(auditor: Auditor, bench: Bench) -> None:
    effect = an_effect()
    with bench.store.write() as work:
        work.of(ACME).effects.wish(effect)
    assert (await auditor.look()).effects_overdue == 0
    passed_ms = 0
    busy = Outcome(key=effect.key, tenant=ACME, result=Result.RETRY, at_ms=0)
    while passed_ms <= EFFECTS_GRACE_MS:
        bench.clock.advance(s=10)
        passed_ms += 10_000
        now_ms = bench.clock.now_ms()
        with bench.store.write() as work:
            work.of(ACME).effects.settle(busy, retry_at_ms=now_ms + 300_000)
    assert (await auditor.look()).effects_overdue == 1
    assert bench.count("auscult_effects_overdue") == 1
    with bench.store.write() as work:
        work.of(ACME).effects.settle(busy.model_copy(update={"result": Result.DONE}))
    assert (await auditor.look()).effects_overdue == 0


async def test_another_replica_that_was_quicker_is_no_outage(
    auditor: Auditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await auditor.look()).store

    async def raced(_desk: Desk, _job: object) -> None:
        raise StoreRaced("deadlock detected")

    monkeypatch.setattr(Desk, "write", raced)
    assert (await auditor.look()).store
