"""What is claimed and waits for a place: begun in time, given back otherwise, in nobody's way."""

import asyncio
from typing import Any

from auscult.engine.alerts.taking import take_in
from auscult.engine.events.claims import Claims
from auscult.engine.events.desk import Desk
from auscult.engine.events.dispatch import Dispatch
from auscult.engine.events.outbox.hands import (
    FRESH_MS,
    HELD_MAX,
    SLOW_KEPT,
    SLOW_MS,
    TENANT_HELD_MAX,
    TENANT_IN_FLIGHT_MAX,
    Hands,
)
from auscult.engine.events.steps import Rules
from auscult.engine.wiring import Plans, TenantPlan
from auscult.kernel.alerts import Alert
from auscult.kernel.effects import Effect, Outcome, Result
from auscult.kernel.facts import Answered
from auscult.notification.decide.alerts import Alerting
from auscult.store.queue import Room
from auscult.store.tables import effects as effects_table
from tests.unit.engine.bench import ACME, Bench, Told, an_effect
from tests.unit.engine.events.test_dispatch import BlackHole, dispatching, until

RECEIVER_IN_FLIGHT_MAX = TENANT_IN_FLIGHT_MAX // 2
"""What one receiver may hold of a tenant's places: as many as it leaves."""


def wish(bench: Bench, count: int) -> None:
    with bench.store.write() as work:
        for number in range(count):
            work.of(ACME).effects.wish(an_effect(key=f"n{number}", incident=f"i{number}"))


def plans_of(channel: Any) -> Plans:
    return Plans({ACME: TenantPlan(ACME, channels={"ops": channel})})


def due_now(bench: Bench) -> int:
    """Return how many effects nobody holds and are due."""
    with bench.store.write() as work:
        room = Room(1_000, 1_000)
        now_ms = bench.clock.now_ms()
        return len(work.queue.claim("effect", owner="x", now_ms=now_ms, room=room, lease_ms=1))


async def test_more_is_claimed_than_is_attempted_at_once(bench: Bench) -> None:
    hole = BlackHole()
    wish(bench, 200)
    async with dispatching(bench, plans_of(hole)):
        async with asyncio.timeout(5):
            while len(hole.held) < RECEIVER_IN_FLIGHT_MAX:
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.1)
        assert len(hole.held) == RECEIVER_IN_FLIGHT_MAX
        held = Room(HELD_MAX, TENANT_HELD_MAX).shares([ACME])[ACME]
        assert RECEIVER_IN_FLIGHT_MAX < held <= TENANT_HELD_MAX
        assert due_now(bench) == 200 - held


async def test_what_waited_too_long_for_its_place_is_given_back_and_attempted_anew(
    bench: Bench,
) -> None:
    slow = Slow()
    wish(bench, RECEIVER_IN_FLIGHT_MAX + 1)
    async with dispatching(bench, plans_of(slow)):
        async with asyncio.timeout(5):
            while slow.waiting < RECEIVER_IN_FLIGHT_MAX:
                await asyncio.sleep(0.005)
        bench.clock.advance(ms=FRESH_MS + 1)
        slow.go.set()
        await until(slow, RECEIVER_IN_FLIGHT_MAX + 1)
    assert len(set(slow.keys)) == RECEIVER_IN_FLIGHT_MAX + 1


class Slow(Told):
    """Answers when it is let go."""

    _go: asyncio.Event
    _count: int = 0

    def model_post_init(self, context: Any, /) -> None:
        self._go = asyncio.Event()

    @property
    def go(self) -> asyncio.Event:
        return self._go

    @property
    def waiting(self) -> int:
        return self._count

    async def send(self, message: Any, *, key: str, at_ms: int, http: Any) -> Any:
        self._count += 1
        await self._go.wait()
        return await super().send(message, key=key, at_ms=at_ms, http=http)


async def test_a_row_that_cannot_be_read_is_in_nobodys_way(bench: Bench) -> None:
    wish(bench, 3)
    with bench.store._writer.begin() as connection:
        broken = effects_table.update().where(effects_table.c.key == "n1").values(body="{}")
        connection.execute(broken)
    async with dispatching(bench, plans_of(bench.channel)):
        await until(bench.channel, 2)
    assert sorted(bench.channel.keys) == ["n0", "n2"]


async def test_groups_of_alerts_are_rung_and_told(bench: Bench) -> None:
    rules = Alerting.model_validate(
        {
            "route": {"receiver": "team", "group_by": ["..."], "group_wait": "1s"},
            "receivers": [{"name": "team", "to": ["ops"]}],
        }
    )
    plan = TenantPlan(ACME, rules=Rules(alerting=rules), channels={"ops": bench.channel})
    now_ms = bench.clock.now_ms()
    alerts = [
        Alert(f"{number:016x}", (("alertname", f"a{number}"),), (), now_ms, now_ms * 2, now_ms)
        for number in range(300)
    ]
    with bench.store.write() as work:
        take_in(work.of(ACME), alerts, rules.paths, now_ms=now_ms)
    bench.clock.advance(ms=1_000)
    async with dispatching(bench, Plans({ACME: plan})):
        async with asyncio.timeout(20):
            while len(bench.channel.keys) < 300:
                await asyncio.sleep(0.01)
    assert len(set(bench.channel.keys)) == 300


def an_effect_to(to: str, number: int, severity: str = "warning") -> Effect:
    payload = an_effect().payload | {"severity": severity}
    return an_effect(key=f"{to}{number}", incident=f"{to}{number}", to=to, payload=payload)


def test_of_what_waits_the_worst_is_begun_first() -> None:
    hands = Hands()
    for number, severity in enumerate(("info", "warning", "critical", "info", "critical")):
        hands.take(an_effect_to("ops", number, severity), now_ms=0)
    assert [effect.key for effect, _ in hands.begin()] == ["ops2", "ops4", "ops1", "ops0", "ops3"]


def test_receivers_that_never_answer_leave_a_place_to_the_next() -> None:
    hands = Hands()
    flying = []
    for place, to in enumerate(("a", "b", "c", "d")):
        for number in range(TENANT_IN_FLIGHT_MAX):
            hands.take(an_effect_to(to, number), now_ms=place)
        begun = [effect for effect, _ in hands.begin()]
        assert {effect.to for effect in begun} == {to}
        flying.append(len(begun))
    assert flying == [6, 3, 2, 1]


def test_what_waits_for_a_slow_receiver_makes_room_for_another() -> None:
    hands = Hands()
    for number in range(TENANT_HELD_MAX):
        hands.take(an_effect_to("slow", number), now_ms=0)
    assert len(list(hands.begin())) == RECEIVER_IN_FLIGHT_MAX
    assert hands.let_go(SLOW_MS) == []
    assert hands.room().shares([ACME])[ACME] == 0
    gone = hands.let_go(SLOW_MS + 1)
    assert len(gone) == TENANT_HELD_MAX - RECEIVER_IN_FLIGHT_MAX - SLOW_KEPT
    assert hands.room().shares([ACME])[ACME] > 0
    assert hands.waiting(ACME) == SLOW_KEPT


async def test_a_critical_page_is_not_behind_a_receiver_that_hangs(bench: Bench) -> None:
    hole = BlackHole()
    plans = Plans({ACME: TenantPlan(ACME, channels={"ops": hole, "pager": bench.channel})})
    wish(bench, 2 * TENANT_HELD_MAX)
    async with dispatching(bench, plans) as claims:
        async with asyncio.timeout(5):
            while len(hole.held) < RECEIVER_IN_FLIGHT_MAX:
                await asyncio.sleep(0.005)
        with bench.store.write() as work:
            work.of(ACME).effects.wish(an_effect_to("pager", 1, "critical"))
        bench.clock.advance(ms=SLOW_MS + 1)
        claims.wake("effect")
        await until(bench.channel, 1)
    assert bench.channel.keys == ["pager1"]


def test_what_is_read_ahead_is_read_anew_once_it_has_changed(bench: Bench) -> None:
    wish(bench, 2)
    now_ms = bench.clock.now_ms()
    done = Outcome(key="n0", tenant=ACME, result=Result.DONE, at_ms=now_ms)
    with bench.store.write() as work:
        rows = work.of(ACME).effects
        rows.make_ready(["n0", "n1", "n9"])
        rows.settle_pending(Answered(outcome=done).outcome)
        settled, other = rows.row("n0"), rows.row("n1")
        assert settled is not None
        assert other is not None
        assert (settled.state, other.state) == ("done", "pending")
        assert rows.row("n9") is None
        assert not rows.settle(done), "it is settled already"


async def test_places_that_are_promised_and_not_taken_stop_no_worker(bench: Bench) -> None:
    wish(bench, 1)
    courier: Any = None
    desk = Desk(bench.store, plans_of(bench.channel), clock=bench.clock, metrics=bench.metrics)
    claims = Claims(desk, clock=bench.clock, owner="me")
    dispatch = Dispatch(
        claims, courier, plans_of(bench.channel), clock=bench.clock, metrics=bench.metrics
    )
    dispatch._hands._promised[ACME] = HELD_MAX
    running = asyncio.ensure_future(dispatch.run_effects(courier))
    await asyncio.sleep(0.05)
    assert not running.done(), "nothing is in flight, and nothing may be claimed"
    running.cancel()
