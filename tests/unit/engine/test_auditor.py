"""The auditor: what is attempted in vain is overdue like what nobody attempts."""

from collections.abc import AsyncIterator

import pytest

from auscult.engine.auditor import EFFECTS_GRACE_MS, Auditor, Roll
from auscult.engine.events.desk import Desk
from auscult.kernel.effects import Outcome, Result
from auscult.kernel.errors import StoreRaced
from auscult.store.queue import Room
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


def test_a_replica_that_says_nothing_more_is_gone_and_one_that_speaks_is_not() -> None:
    roll, gone = Roll(), []
    for second in range(12):
        said = {
            "dead": 1,
            "alive": 1_000 - second,
        }  # whatever its clock does, it says another thing
        gone += [(name, second) for name in roll.call(said, float(second))]
    assert gone[0] == ("dead", 6)
    assert {name for name, _ in gone} == {"dead"}, "until it is struck, whatever became of that"


def test_whoever_was_kept_from_looking_calls_nobody_gone() -> None:
    roll = Roll()
    assert roll.call({"other": 1}, 0.0) == []
    assert roll.call({"other": 1}, 60.0) == [], "the database was away for both, perhaps"
    assert [roll.call({"other": 1}, 60.0 + second) for second in range(1, 7)][-1] == ["other"]


async def test_what_a_dead_replica_held_is_free_for_the_others(bench: Bench) -> None:
    effect = an_effect()
    with bench.store.write() as work:
        work.of(ACME).effects.wish(effect)
        room = Room(9, 9)
        now_ms = bench.clock.now_ms()
        claim = work.queue.claim
        assert claim("effect", owner="dead", now_ms=now_ms, room=room, lease_ms=600_000)
        work.replicas.answer("dead", now_ms)
    desk = Desk(bench.store, bench.plans, clock=bench.clock, metrics=bench.metrics)
    desk.start()
    auditor = Auditor(desk, clock=bench.clock, metrics=bench.metrics, owner="alive")
    for _ in range(8):
        bench.clock.advance(s=1)
        await auditor.look()
    await desk.stop()
    with bench.store.write() as work:
        now_ms = bench.clock.now_ms()
        claim = work.queue.claim
        assert claim("effect", owner="alive", now_ms=now_ms, room=room, lease_ms=1_000)
        assert set(work.replicas.heard()) == {"alive"}
