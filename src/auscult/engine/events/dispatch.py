"""Due effects, timers and groups of alerts: claimed, done, and what came of it handed on."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from auscult.engine.alerts.ringing import Ringer
from auscult.engine.events.claims import PAUSE_S, POLL_S, by_tenant, take_up_all, themselves, timers
from auscult.engine.events.outbox.hands import FRESH_MS, TENANT_HELD_MAX, Hands
from auscult.engine.events.outbox.muted import put_off_muted, was_to_come
from auscult.engine.events.perform import perform
from auscult.engine.events.receivers import Attempt, Receivers
from auscult.incidents import looked_at
from auscult.kernel.effects import Effect, Result
from auscult.kernel.errors import QueueFull, StoreUnavailable
from auscult.kernel.facts import Answered, Rang, Timer
from auscult.kernel.words import TenantId
from auscult.runtime.logging import bound, logger
from auscult.runtime.tracing import span
from auscult.store.queue import Room

if TYPE_CHECKING:
    import aiohttp

    from auscult.engine.events.claims import Claims
    from auscult.engine.events.courier import Courier
    from auscult.engine.events.senses import Senses
    from auscult.engine.events.settled import Settled
    from auscult.engine.wiring import Plans
    from auscult.runtime.clock import Clock
    from auscult.runtime.metrics import Metrics
    from auscult.store import Work
    from auscult.store.turns import Lease

TIMERS_AT_ONCE = 256
TENANT_TIMERS_AT_ONCE = 64
GROUPS_AT_ONCE = 512
TENANT_GROUPS_AT_ONCE = 128

SLOW_AGAIN_MS = 2_000
"""When what waits for a slow receiver is claimed anew."""

DRAIN_S = 5.0

log = logger("engine.dispatch")


def _put_off(work: "Work", effects: Iterable[tuple[Effect, int]]) -> None:
    for effect, until_ms in effects:
        work.of(effect.tenant).effects.put_off(effect.key, until_ms)


class Dispatch:
    """One worker for effects and timers; as many replicas as one likes may run at once."""

    def __init__(
        self,
        claims: "Claims",
        courier: "Courier",
        plans: "Plans",
        *,
        clock: "Clock",
        metrics: "Metrics",
    ) -> None:
        """Take where claims come from, and where outcomes go."""
        self._claims = claims
        self._courier = courier
        self._plans = plans
        self._clock = clock
        self._metrics = metrics
        self._receivers = Receivers()
        self._senses: Senses | None = None
        self._sensing = asyncio.Event()
        self._ringer = Ringer(plans, clock)
        self._hands = Hands()
        self._in_flight: dict[asyncio.Task[None], Effect] = {}
        self._taking: set[asyncio.Task[None]] = set()
        self._short: set[TenantId] = set()
        self._http: aiohttp.ClientSession
        self._is_open = False

    def sense(self, senses: "Senses") -> None:
        """Take what the sample path may be asked, once it runs."""
        self._senses = senses
        self._sensing.set()

    async def run_effects(self, http: "aiohttp.ClientSession") -> None:
        """Attempt due effects until cancelled; what has no place yet waits for another's end."""
        self._http = http
        self._is_open = True
        while self._is_open:
            await self._let_go()
            room = self._hands.room()
            if room.free <= 0:
                await asyncio.wait(
                    self._in_flight, timeout=POLL_S, return_when=asyncio.FIRST_COMPLETED
                )
                continue
            effects = await self._claims.take("effect", room, take_up_all)
            claimed = Counter(effect.tenant for effect in effects)
            most = min(room.each, room.free) // 4
            self._short = {tenant for tenant, count in claimed.items() if count >= most}
            await self._hold(await self._unmuted(effects))

    async def _unmuted(self, effects: list[Effect]) -> list[Effect]:
        """Return what may be attempted now; a page that was to come later waits while muted."""
        late = [one for one in effects if was_to_come(one)]
        if not late:
            return effects
        now_ms = self._clock.now_ms()
        put_off = await self._claims.fetch(
            lambda work: put_off_muted(work, late, self._plans, now_ms=now_ms)
        )
        if put_off is None:  # the store is away, and nobody knows: they keep their lease
            put_off = frozenset((one.tenant, one.key) for one in late)
        return [one for one in effects if (one.tenant, one.key) not in put_off]

    async def tell(
        self, tenant: TenantId, job: "Callable[[Work, Lease | None], Settled]"
    ) -> "Settled":
        """Do a job that wishes for messages of a tenant, and attempt those it claimed at once.

        Raises what `Desk.write` does. A claim costs a commit and reading again what was just
        written: what there is room for needs neither. After the commit it comes to `begin`, whether
        or not anybody still waits here.
        """
        with self._hands.promise(tenant) as most:
            lease = self._claims.lease(most) if most and self._is_open else None
            return await self._claims.write(lambda work: job(work, lease))

    def begin(self, leased: Sequence[Effect]) -> None:
        """Attempt what was claimed in the commit that wished for it."""
        holding = self._hold(leased) if self._is_open else self._give_back(leased)
        task = asyncio.create_task(holding)
        self._taking.add(task)
        task.add_done_callback(self._taking.discard)

    async def _hold(self, effects: Sequence[Effect]) -> None:
        """Hold what may be attempted; put off at once, and in one commit, what must wait."""
        now_ms = self._clock.now_ms()
        put_off: list[tuple[Effect, int]] = []
        for effect in effects:
            plan = self._plans.find(effect.tenant)
            if plan is not None and self._receivers.is_full(effect, plan, now_ms):
                wait_ms = self._receivers.wait_ms(effect, plan, now_ms)
                put_off.append((effect, now_ms + wait_ms))
            else:
                self._hands.take(effect, now_ms)
        self._begin()
        if put_off:
            await self._claims.fetch(lambda work: _put_off(work, put_off))

    async def _let_go(self) -> None:
        """Give back what waits for slow receivers, so that it is in nobody's way."""
        if slow := self._hands.let_go(self._clock.now_ms()):
            await self._give_back(slow, after_ms=SLOW_AGAIN_MS)

    def _begin(self) -> None:
        """Begin as many attempts as there are places."""
        for effect, since_ms in self._hands.begin():
            task = asyncio.create_task(self._attempt(effect, since_ms + FRESH_MS))
            self._in_flight[task] = effect
            task.add_done_callback(self._landed)

    async def run_timers(self) -> None:
        """Ring due timers until cancelled."""
        room = Room(TIMERS_AT_ONCE, TENANT_TIMERS_AT_ONCE)
        while True:
            due = await self._claims.take("timer", room, timers)
            asking = [timer for timer in due if looked_at(timer) is not None]
            for timer in due:  # first what waits for no answer
                if looked_at(timer) is None:
                    self._courier.hand(Rang(timer=timer))
            for fact in await self._rung(asking):
                self._courier.hand(fact)

    async def run_groups(self) -> None:
        """Ring groups of alerts whose time has come until cancelled: many of a tenant at once."""
        room = Room(GROUPS_AT_ONCE, TENANT_GROUPS_AT_ONCE)
        while True:
            claims = await self._claims.take("group", room, themselves)
            for tenant, ids in by_tenant(claims).items():
                await self._ring(tenant, ids)

    async def _ring(self, tenant: TenantId, ids: "list[str]") -> None:
        """Ring groups of one tenant; those that cannot be rung, alone either, keep their lease."""
        try:
            await self.tell(
                tenant, lambda work, lease: self._ringer.ring(work, tenant, ids, lease=lease)
            )
        except (StoreUnavailable, QueueFull) as why:
            log.warning("groups of alerts wait for the store", why=str(why))
            await asyncio.sleep(PAUSE_S)
        except Exception as why:  # a defect in one group must stop no other
            log.error("groups of alerts cannot be told", tenant=tenant, exc_info=why)
            for one in ids if len(ids) > 1 else ():
                await self._ring(tenant, [one])

    async def drain(self) -> None:
        """Let the attempts in flight end, for `DRAIN_S` at most; what is left keeps its lease."""
        self._is_open = False
        if waiting := self._hands.empty():
            await self._give_back(waiting)
        if not self._in_flight:
            return
        _, late = await asyncio.wait(set(self._in_flight), timeout=DRAIN_S)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=1.0)

    async def _rung(self, timers: "list[Timer]") -> list[Rang]:
        """Return the facts that timers which ask something are due, with the answer."""
        if not timers:
            return []
        firing = await self._firing()
        return [Rang(timer=timer, still_firing=looked_at(timer) in firing) for timer in timers]

    async def _firing(self) -> frozenset[str]:
        """Return what fires, by the detectors as they were restored: before that nobody knows."""
        await self._sensing.wait()
        assert self._senses is not None
        return await self._senses.firing()

    async def _give_back(self, effects: Sequence[Effect], after_ms: int = 0) -> None:
        at_ms = self._clock.now_ms() + after_ms
        await self._claims.fetch(lambda work: _put_off(work, [(one, at_ms) for one in effects]))

    async def _attempt(self, effect: Effect, until_ms: int) -> None:
        """Attempt a claimed effect; by `until_ms` it must begin, so as to end within its lease."""
        if self._clock.now_ms() > until_ms:
            await self._give_back([effect])
            return
        attempt = await self._admit(effect)
        if attempt is None:
            return
        effect = attempt.effect
        plug = self._plans.plug_of(effect)
        with (
            bound(tenant=effect.tenant, incident=effect.incident),
            span("effect.attempt", plug=plug, verb=effect.verb, incident=effect.incident),
        ):
            ended = await perform(
                effect, self._plans, http=self._http, clock=self._clock, senses=self._senses
            )
            outcome = self._receivers.learn(attempt, ended)
            if outcome.result is not Result.DONE:
                log.warning("an effect was not done", key=effect.key, why=outcome.reason)
        self._metrics.effect_attempts.labels(plug=plug, result=outcome.result.value).inc()
        self._courier.hand(Answered(outcome=outcome))

    async def _admit(self, effect: Effect) -> Attempt | None:
        """Return how an effect is to be attempted now; None where its receiver is asked later."""
        plan = self._plans.find(effect.tenant)
        if plan is None:
            return Attempt(effect, effect)
        now_ms = self._clock.now_ms()
        attempt = self._receivers.choose(effect, plan, now_ms)
        wait_ms = self._receivers.wait_ms(attempt.effect, plan, now_ms)
        if wait_ms == 0:
            return attempt
        await self._claims.fetch(lambda work: _put_off(work, [(effect, now_ms + wait_ms)]))
        return None

    def _landed(self, task: asyncio.Task[None]) -> None:
        effect = self._in_flight.pop(task)
        self._hands.land(effect)
        if self._is_open:
            self._begin()
        tenant = effect.tenant
        if tenant in self._short and self._hands.waiting(tenant) < TENANT_HELD_MAX // 2:
            self._claims.wake("effect")  # more may be due of it than could be claimed
        if not task.cancelled() and task.exception() is not None:
            self._metrics.defects.labels(part="attempt").inc()
            log.error("an attempt broke", exc_info=task.exception())
