"""The dispatch: nobody's dead receiver is in anybody else's way, and waiting is no attempt."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pydantic import PrivateAttr

from auscult.engine.events.claims import Claims, take_up
from auscult.engine.events.courier import Courier
from auscult.engine.events.desk import Desk
from auscult.engine.events.dispatch import Dispatch
from auscult.engine.events.outbox.hands import IN_FLIGHT_MAX, TENANT_IN_FLIGHT_MAX
from auscult.engine.events.records import settle
from auscult.engine.events.settled import Settled
from auscult.engine.wiring import Plans, TenantPlan
from auscult.incidents import LOOK_AGAIN_MS
from auscult.kernel.effects import Outcome, Result
from auscult.kernel.errors import ReceiverUnavailable
from auscult.kernel.facts import Answered, Resolved
from auscult.kernel.words import TenantId
from auscult.notification.messages import Message
from auscult.notification.port import Channel
from auscult.store import Claim
from tests.unit.engine.bench import ACME, Bench, Told, an_effect, found

NOISY = TenantId("noisy")
HTTP: Any = None


class BlackHole(Channel):
    """Takes everything and never answers."""

    _held: list[str] = PrivateAttr(default_factory=list)

    @property
    def held(self) -> list[str]:
        return self._held

    async def send(self, message: Message, *, key: str, at_ms: int, http: Any) -> Any:
        self._held.append(key)
        await asyncio.Event().wait()


class Detectors:
    """Say that the same things fire, whenever they are asked."""

    async def firing(self) -> frozenset[str]:
        return frozenset({"fp-encode"})


@asynccontextmanager
async def dispatching(bench: Bench, plans: Plans, senses: Any = None) -> AsyncIterator[Claims]:
    desk = Desk(bench.store, plans, clock=bench.clock, metrics=bench.metrics)
    courier = Courier(desk, metrics=bench.metrics)
    claims = Claims(desk, clock=bench.clock, owner="me")
    dispatch = Dispatch(claims, courier, plans, clock=bench.clock, metrics=bench.metrics)
    loop = asyncio.get_running_loop()

    def begin(settled: list[Settled]) -> None:
        for one in settled:
            loop.call_soon_threadsafe(dispatch.begin, one.leased)

    desk.on_commit = begin
    desk.start()
    if senses is not None:
        dispatch.sense(senses)
    path = (courier.run(), dispatch.run_effects(HTTP), dispatch.run_timers(), dispatch.run_groups())
    running = [asyncio.ensure_future(one) for one in path]
    yield claims
    for task in running:
        task.cancel()
    for task in list(dispatch._in_flight):
        task.cancel()
    await asyncio.gather(*dispatch._in_flight, return_exceptions=True)
    await desk.stop()


async def until(told: Told, count: int) -> None:
    async with asyncio.timeout(10):
        while len(told.keys) < count:
            await asyncio.sleep(0.005)


async def test_a_dead_receiver_of_one_tenant_keeps_no_other_tenant_waiting(bench: Bench) -> None:
    hole = BlackHole()
    plans = Plans(
        {
            ACME: TenantPlan(ACME, channels={"ops": bench.channel}),
            NOISY: TenantPlan(NOISY, channels={"ops": hole}),
        }
    )
    with bench.store.write() as work:
        for number in range(500):
            work.of(NOISY).effects.wish(an_effect(key=f"n{number}", tenant=NOISY, due_ms=number))
    async with dispatching(bench, plans) as claims:
        async with asyncio.timeout(5):
            while not hole.held:
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.1)
        assert len(hole.held) <= IN_FLIGHT_MAX // 4, "one tenant never holds every place"
        with bench.store.write() as work:
            work.of(ACME).effects.wish(an_effect())
        claims.wake("effect")
        await until(bench.channel, 1)


async def test_what_one_tenant_has_due_is_done_without_a_pause(bench: Bench) -> None:
    plans = Plans({ACME: TenantPlan(ACME, channels={"ops": bench.channel})})
    with bench.store.write() as work:
        for number in range(100):
            work.of(ACME).effects.wish(an_effect(key=f"n{number}", incident=f"i{number}"))
    async with dispatching(bench, plans):
        await until(bench.channel, 100)
    assert sorted(bench.channel.keys) == sorted(f"n{number}" for number in range(100))


def test_waiting_behind_an_earlier_message_is_no_attempt(bench: Bench) -> None:
    now_ms = bench.clock.now_ms()
    first, second = an_effect(), an_effect(key="i1:resolved:1:ops", due_ms=now_ms + 1)
    with bench.store.write() as work:
        for effect in (first, second):
            work.of(ACME).effects.wish(effect)
        claim = Claim("effect", ACME, second.key, 1)
        for _ in range(12):
            assert take_up(work, claim, now_ms=now_ms) is None
        row = work.of(ACME).effects.row(second.key)
        assert row is not None
        assert row.attempts == 0
        work.of(ACME).effects.settle(
            Outcome(key=first.key, tenant=ACME, result=Result.DONE, at_ms=now_ms)
        )
        assert take_up(work, claim, now_ms=now_ms) == second
    busy = Outcome(key=second.key, tenant=ACME, result=Result.RETRY, reason="busy", at_ms=now_ms)
    with bench.store.write() as work:
        settle(work, Answered(outcome=busy), bench.plans, clock=bench.clock)
        assert work.queue.next_due("effect") == now_ms + 1_000, "the first pause is the shortest"


async def test_a_fault_that_goes_on_after_a_person_resolved_it_is_looked_at_and_paged_again(
    bench: Bench,
) -> None:
    plans = bench.plans
    with bench.store.write() as work:
        for service in ("encode", "edge"):
            opened = settle(work, found(service), plans, clock=bench.clock).incident
            assert opened is not None
            over = Resolved(tenant=ACME, incident=opened.id, by="ana")
            settle(work, over, plans, clock=bench.clock)
    bench.clock.advance(ms=LOOK_AGAIN_MS)
    async with dispatching(bench, plans, Detectors()):
        await until(bench.channel, 1)  # what was over before anybody heard of it is told to nobody
        await asyncio.sleep(0.1)
    with bench.store.read() as work:
        (again,) = work.of(ACME).incidents.recent(10)
        assert work.queue.next_due("timer") is None
    assert again.key == "fp-encode"
    assert "still firing 5 min after ana resolved it" in again.headline


async def test_a_receiver_is_not_asked_more_often_than_its_channel_says(bench: Bench) -> None:
    slow = Told(per_minute=3)
    plans = Plans({ACME: TenantPlan(ACME, channels={"ops": slow})})
    with bench.store.write() as work:
        for number in range(10):
            work.of(ACME).effects.wish(an_effect(key=f"n{number}", incident=f"i{number}"))
    async with dispatching(bench, plans) as claims:
        await until(slow, 3)
        await asyncio.sleep(0.3)
        assert len(slow.keys) == 3
        with bench.store.read() as work:
            row = work.of(ACME).effects.row("n9")
        assert row is not None
        assert row.attempts == 0, "waiting is no attempt"
        bench.clock.advance(s=61)
        claims.wake("effect")
        await until(slow, 6)


async def test_a_receiver_that_says_when_is_not_asked_by_any_message_before_that(
    bench: Bench,
) -> None:
    asked = Told()
    asked._error = ReceiverUnavailable("slow down", retry_after_ms=60_000, is_busy=True)
    plans = Plans({ACME: TenantPlan(ACME, channels={"ops": asked})})
    with bench.store.write() as work:
        for number in range(40):
            work.of(ACME).effects.wish(an_effect(key=f"n{number}", incident=f"i{number}"))
    async with dispatching(bench, plans) as claims:
        await asyncio.sleep(1)
        tried = bench.count("auscult_effect_attempts_total", plug=asked.plug_name, result="retry")
        assert 1 <= tried <= TENANT_IN_FLIGHT_MAX
        asked._error = None
        for _ in range(200):
            bench.clock.advance(s=1)
            claims.wake("effect")
            await asyncio.sleep(0.02)
            if len(asked.keys) == 40:
                break
    assert sorted(asked.keys) == sorted(f"n{number}" for number in range(40))


async def test_a_page_that_its_own_receiver_never_takes_is_sent_by_the_fallback(
    bench: Bench,
) -> None:
    dead, mail = Told(fallback="mail"), Told()
    dead._error = ReceiverUnavailable("busy")
    plans = Plans({ACME: TenantPlan(ACME, channels={"ops": dead, "mail": mail})})
    with bench.store.write() as work:
        work.of(ACME).effects.wish(an_effect())
    async with dispatching(bench, plans) as claims:
        for _ in range(60):
            bench.clock.advance(s=5)
            claims.wake("effect")
            await asyncio.sleep(0.02)
            if mail.keys:
                break
        assert mail.keys == ["i1:opened:1:ops"], "under the key of the page"
        async with asyncio.timeout(2):
            while True:
                with bench.store.read() as work:
                    row = work.of(ACME).effects.row("i1:opened:1:ops")
                if row is not None and row.state == "done":
                    break
                await asyncio.sleep(0.01)
        assert row.last_reason == "sent by mail instead, because ops does not answer"
