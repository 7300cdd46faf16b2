"""The whole event path as one part: started, asked, and stopped together."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from auscult.engine.alerts.resuming import resume
from auscult.engine.auditor import Auditor, Health
from auscult.engine.events.claims import Claims
from auscult.engine.events.courier import Courier
from auscult.engine.events.desk import Desk
from auscult.engine.events.dispatch import Dispatch
from auscult.kernel.errors import QueueFull, StoreUnavailable
from auscult.kernel.facts import Fact, Found
from auscult.kernel.findings import Finding
from auscult.kernel.words import TenantId
from auscult.notification.mailroom import MAILROOM
from auscult.runtime.logging import logger

if TYPE_CHECKING:
    import aiohttp

    from auscult.engine.events.senses import Senses
    from auscult.engine.events.settled import Settled
    from auscult.engine.wiring import Plans
    from auscult.runtime.clock import Clock
    from auscult.runtime.metrics import Metrics
    from auscult.runtime.settings import Settings
    from auscult.store import Store, Work
    from auscult.store.turns import Lease

log = logger("engine.events")

T = TypeVar("T")
DRAIN_S = 5.0
PAUSE_S = 1.0


class EventPath:
    """Desk, courier, dispatch and auditor over one store."""

    def __init__(
        self,
        store: "Store",
        plans: "Plans",
        *,
        settings: "Settings",
        clock: "Clock",
        metrics: "Metrics",
    ) -> None:
        """Take the store to write to and the plans to decide by."""
        owner = _owner(settings)
        self.desk = Desk(
            store, plans, clock=clock, metrics=metrics, waiting_max=settings.limits.facts_waiting
        )
        self.courier = Courier(self.desk, metrics=metrics)
        self.auditor = Auditor(self.desk, clock=clock, metrics=metrics, owner=owner)
        self._claims = Claims(self.desk, clock=clock, owner=owner)
        self._dispatch = Dispatch(self._claims, self.courier, plans, clock=clock, metrics=metrics)
        self._clock = clock
        self._metrics = metrics
        self._owner = owner
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, http: "aiohttp.ClientSession", *, is_paging: bool) -> None:
        """Begin; claims of an earlier start under the same name are free again at once.

        Before anything is told, alerts get back the time in which nobody could renew them.
        """
        self.desk.start()
        await self.desk.write(lambda work: resume(work, self._clock.now_ms()))
        await self.desk.write(lambda work: work.queue.release(self._owner))
        if not (await self.auditor.look()).store:
            raise StoreUnavailable("the database does not take writes")
        running = {"courier": self.courier.run, "auditor": self.auditor.run}
        if is_paging:
            dispatch = self._dispatch
            running["effects"] = partial(dispatch.run_effects, http)
            running |= {"timers": dispatch.run_timers, "groups": dispatch.run_groups}
        self._tasks = [
            asyncio.create_task(go_on(run, name=name, metrics=self._metrics))
            for name, run in running.items()
        ]

    def sense(self, senses: "Senses") -> None:
        """Take what the sample path may be asked, once it runs."""
        self._dispatch.sense(senses)

    async def stop(self) -> None:
        """Deliver what waits and finish what is in flight, each within `DRAIN_S`; then end."""
        await self.courier.drained(timeout_s=DRAIN_S)
        await self._dispatch.drain()
        await self.courier.drained(timeout_s=DRAIN_S)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        MAILROOM.close()
        await self._leave()
        await self.desk.stop()

    async def _leave(self) -> None:
        """Take leave of the other replicas, which would miss this one otherwise."""
        try:
            now_ms = self._clock.now_ms()
            await self.desk.write(lambda work: work.replicas.leave(self._owner, now_ms))
        except (StoreUnavailable, QueueFull) as why:
            log.info("the other replicas are not told of the end", why=str(why))

    async def submit(self, fact: Fact) -> "Settled":
        """Make a fact durable and return what it did; see `Desk.submit` for what is raised."""
        settled = await self.desk.submit(fact)
        self._metrics.facts_accepted.labels(fact=fact.fact).inc()
        return settled

    def report(self, findings: Iterable[Finding]) -> None:
        """Take findings from the sample path; call it from the event loop's thread."""
        for finding in findings:
            self._metrics.findings.labels(seen_by=finding.seen_by, phase=finding.phase.value).inc()
            self.courier.hand(Found(finding=finding))

    def wake(self, settled: "Iterable[Settled]") -> None:
        """Wake whoever has something due after a commit."""
        done = list(settled)
        if leased := [effect for one in done for effect in one.leased]:
            self._dispatch.begin(leased)
        if any(one.effects for one in done):
            self._claims.wake("effect")
        if any(one.timers for one in done):
            self._claims.wake("timer")
        if any(one.groups for one in done):
            self._claims.wake("group")

    async def tell(
        self, tenant: TenantId, job: "Callable[[Work, Lease | None], Settled]"
    ) -> "Settled":
        """Do a job that tells people something, as much of it as there is room for at once."""
        return await self._dispatch.tell(tenant, job)

    async def write(self, job: "Callable[[Work], T]") -> T:
        """Do a job in a write transaction."""
        return await self.desk.write(job)

    @property
    def health(self) -> Health:
        """What the auditor saw last."""
        return self.auditor.health


async def go_on(run: Callable[[], Awaitable[None]], *, name: str, metrics: "Metrics") -> None:
    """Run a part until it ends by itself or is cancelled, over whatever nobody foresaw.

    A defect in one row must not end all paging. It is not hidden either: what was in hand keeps
    its lease and is overdue, the log has the error, and `auscult_defects` counts it.
    """
    while True:
        try:
            await run()
        except Exception as why:  # the last edge before silence, see above
            metrics.defects.labels(part=name).inc()
            log.error("a part of the event path broke and goes on", part=name, exc_info=why)
            await asyncio.sleep(PAUSE_S)
        else:
            return


def _owner(settings: "Settings") -> str:
    """Return the name under which this process holds claims; the same after a restart."""
    return f"{socket.gethostname()}:{settings.data_dir.resolve()}"[:200]
