"""Being on call as a part of the engine: questions about it, takeovers, and what it does itself."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from auscult.engine.oncall.calendars import Calendars
from auscult.engine.oncall.handover import set_timer
from auscult.engine.oncall.takeovers import KEPT_MS, end, in_force, take_over
from auscult.engine.oncall.watch import INCIDENTS_MAX, Watch
from auscult.kernel.errors import QueueFull, StoreUnavailable
from auscult.kernel.oncall import CalendarCopy, Takeover
from auscult.kernel.times import HOUR_MS
from auscult.kernel.words import TenantId
from auscult.notification.oncall import OnCall
from auscult.notification.oncall.outlook import troubles
from auscult.runtime.ids import new_id
from auscult.runtime.logging import logger

if TYPE_CHECKING:
    import aiohttp

    from auscult.engine.events.path import EventPath
    from auscult.engine.wiring import Plans
    from auscult.kernel.incidents import Incident
    from auscult.runtime.clock import Clock
    from auscult.runtime.metrics import Metrics
    from auscult.store import Work

T = TypeVar("T")
ROUND_S = 60.0
PAUSE_S = 1.0
LOOK_MS = HOUR_MS
"""How often is looked ahead though nothing has changed: what comes nearer becomes a warning."""

log = logger("engine.oncall")


class Read(Protocol):
    """A reading of the store in a thread beside the event loop."""

    async def __call__(self, fn: "Callable[[Work], T]", /) -> T:
        """Return what `fn` reads; raises `StoreUnavailable`."""


class OnCallPath:
    """Who is on call: asked by the surface, kept true by calendars, said at handovers."""

    def __init__(
        self, events: "EventPath", plans: "Plans", *, read: Read, clock: "Clock", metrics: "Metrics"
    ) -> None:
        """Take the one writer, the plans in force, and a way to read."""
        self._events = events
        self._plans = plans
        self._read = read
        self._clock = clock
        self._calendars = Calendars(plans, clock=clock, metrics=metrics)
        self._watch = Watch()
        self._looked_ms: dict[TenantId, int] = {}
        self._wake = asyncio.Event()

    async def ask(self, tenant: TenantId, question: "Callable[[OnCall], T]") -> T:
        """Answer a pure question about who is on call, takeovers and calendars included.

        Raises what the question raises, and `StoreUnavailable`.
        """
        since_ms = self._clock.now_ms() - KEPT_MS
        oncall = self._plans.of(tenant).rules.oncall
        said = await self._read(lambda work: in_force(work.of(tenant), oncall, since_ms))
        return await asyncio.to_thread(question, said)

    async def take_over(self, tenant: TenantId, wished: Takeover, *, by: str) -> Takeover:
        """Put somebody on call for a while; raises what `takeovers.take_over` does."""
        now_ms, oncall = self._clock.now_ms(), self._plans.of(tenant).rules.oncall
        made = wished.model_copy(update={"id": new_id(self._clock), "by": by, "made_ms": now_ms})
        kept = await self._events.write(
            lambda work: take_over(work.of(tenant), oncall, made, now_ms=now_ms)
        )
        self._look_soon(tenant)
        return kept

    async def give_back(self, tenant: TenantId, schedule: str, takeover: str, *, by: str) -> None:
        """End a takeover; raises `ObjectMissing`."""
        now_ms, oncall = self._clock.now_ms(), self._plans.of(tenant).rules.oncall
        oncall.schedule(schedule)
        await self._events.write(
            lambda work: end(work.of(tenant), oncall, (schedule, takeover), by=by, now_ms=now_ms)
        )
        self._look_soon(tenant)

    async def recall(self) -> None:
        """Begin with the calendars of the last start, before anybody is called."""
        await self._read(self._calendars.recall)
        self._calendars.dress(self._plans)
        _miss(self._plans)

    def dress(self, plans: "Plans") -> None:
        """Put what calendars say into plans that are about to be in force."""
        self._calendars.dress(plans)
        _miss(plans)
        self._looked_ms.clear()
        self._wake.set()

    async def run(self, http: "aiohttp.ClientSession") -> None:
        """Read calendars, look ahead and set handovers, until cancelled."""
        while True:
            pause_s = ROUND_S
            try:
                await self._round(http)
            except (StoreUnavailable, QueueFull) as why:
                log.warning("on call waits for the store", why=str(why))
                pause_s = PAUSE_S
            try:
                async with asyncio.timeout(pause_s):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _round(self, http: "aiohttp.ClientSession") -> None:
        self._wake.clear()
        copies = await self._calendars.refresh(http)
        for tenant, copy in copies:
            await self._events.write(partial(_keep, tenant=tenant, copy=copy))
            self._looked_ms.pop(tenant, None)
        if copies:
            self._calendars.dress(self._plans)
        now_ms = self._clock.now_ms()
        for plan in tuple(self._plans.all()):
            if now_ms - self._looked_ms.get(plan.tenant, -LOOK_MS) >= LOOK_MS:
                await self._look(plan.tenant, plan.rules.oncall)
                self._looked_ms[plan.tenant] = now_ms

    async def _look(self, tenant: TenantId, oncall: OnCall) -> None:
        """Set a tenant's handovers, and report what is wrong within the next days."""
        now_ms = self._clock.now_ms()
        await self._events.write(lambda work: _set_handovers(work, tenant, oncall, now_ms=now_ms))
        seen = await self.ask(tenant, lambda said: troubles(said, now_ms))
        incidents = await self._read(lambda work: _open_incidents(work, tenant))
        wrong = (*seen, *self._calendars.troubles(tenant))
        self._events.report(self._watch.compare(tenant, wrong, incidents, now_ms=now_ms))

    def _look_soon(self, tenant: TenantId) -> None:
        self._looked_ms.pop(tenant, None)
        self._wake.set()


def _keep(work: "Work", tenant: TenantId, copy: CalendarCopy) -> None:
    work.of(tenant).calendars.put(copy)


def _set_handovers(work: "Work", tenant: TenantId, oncall: OnCall, *, now_ms: int) -> None:
    """Set the timer of each schedule, and forget takeovers that are long over."""
    rows = work.of(tenant)
    rows.takeovers.forget(now_ms - KEPT_MS)
    named = {(one.name, layer.name) for one in oncall.schedules for layer in one.layers}
    for place in rows.calendars.places():
        if place not in named:
            rows.calendars.remove(*place)
    for schedule in in_force(rows, oncall, now_ms - KEPT_MS).schedules:
        set_timer(rows, schedule, since_ms=now_ms, now_ms=now_ms)


def _open_incidents(work: "Work", tenant: TenantId) -> "list[Incident]":
    return work.of(tenant).incidents.recent(INCIDENTS_MAX)


def _miss(plans: "Plans") -> None:
    """Say which names in settings mean nobody: the fallback is told in their place."""
    for plan in plans.all():
        for sentence in plan.rules.oncall.missing():
            log.warning("somebody is missing on call", tenant=plan.tenant, what=sentence)
