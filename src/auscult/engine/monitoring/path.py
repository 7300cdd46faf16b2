"""Twice a second: what came in is shown to every tenant's monitors; findings go to the courier.

One thread looks, so that a monitor needs no lock; what waits meanwhile waits in the inbox, bounded.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from auscult.engine.monitoring.exhibits import with_exhibits
from auscult.engine.monitoring.inbox import Inbox
from auscult.engine.monitoring.posts import Post
from auscult.engine.monitoring.views import Cursor, make_view
from auscult.engine.monitoring.ways import Ways
from auscult.kernel.errors import QueueFull
from auscult.kernel.findings import Finding
from auscult.kernel.sounds import Heard, Stream, Unheard
from auscult.kernel.words import TenantId
from auscult.runtime.logging import logger
from auscult.signals.vantage.sounds import unpack_sound

if TYPE_CHECKING:
    from auscult.engine.samples.path import SamplePath
    from auscult.engine.telemetry.path import Telemetry
    from auscult.engine.wiring import Plans
    from auscult.performance.port import Lookout, Monitor, View
    from auscult.runtime.clock import Clock
    from auscult.runtime.metrics import Metrics

LOOK_EVERY_S = 0.5
UNPACKING_MAX = 8

log = logger("engine.monitoring")


class Monitoring:
    """The monitors of every tenant of this process."""

    def __init__(
        self,
        samples: "SamplePath",
        telemetry: "Telemetry",
        *,
        clock: "Clock",
        metrics: "Metrics",
    ) -> None:
        """Take where sounds, series, spans and plays come from."""
        self._samples = samples
        self._telemetry = telemetry
        self._clock = clock
        self._metrics = metrics
        self._inbox = Inbox(metrics)
        self._ways = Ways()
        self._unpacking = 0
        self._named: dict[TenantId, Mapping[str, Monitor]] = {}
        self._posts: dict[TenantId, Post] = {}
        self._cursors: dict[TenantId, Cursor] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="monitor")
        self._task: asyncio.Task[None] | None = None

    def start(self, plans: "Plans", report: Callable[[list[Finding]], None]) -> None:
        """Begin to look, before the sources run; `report` takes findings on the loop's thread."""
        self.configure(plans)
        self._samples.feeding.on_sound = self.hear
        self._task = asyncio.create_task(self._run(report))
        self._task.add_done_callback(_tell_of_an_end)

    async def stop(self) -> None:
        """Look no more; a look that goes on is finished, and what it found is let go."""
        if self._task is not None:
            self._task.cancel()
        await asyncio.to_thread(self._thread.shutdown)

    def configure(self, plans: "Plans") -> None:
        """Put the monitors that the settings name in force, for each tenant."""
        self._named = {plan.tenant: plan.monitors for plan in plans.all()}
        for tenant, post in list(self._posts.items()):
            if tenant in self._named:
                post.configure(self._named[tenant])
            else:
                del self._posts[tenant]

    def hear(self, tenant: TenantId, stream: Stream, found: Heard | Unheard) -> None:
        """Take sound, or why there is none."""
        self._inbox.put(tenant, stream, found)
        for caller, called in self._ways.learn(tenant, stream):
            self._samples.scoring.link(tenant, caller, called)

    @property
    def is_listening(self) -> bool:
        """Whether anybody looks at what comes."""
        return self._task is not None and not self._task.done()

    async def receive(self, tenant: TenantId, body: bytes) -> None:
        """Take what an agent elsewhere heard; raises `BodyMalformed`, `BodyTooLarge`, `QueueFull`.

        Its stream is known by its name and the agent's vantage, so that two agents are two streams.
        """
        if self._unpacking >= UNPACKING_MAX:
            raise QueueFull(f"{UNPACKING_MAX} reports of sound wait to be decoded")
        self._unpacking += 1
        try:
            now_ms = self._clock.now_ms()
            stream, found = await asyncio.to_thread(unpack_sound, body, now_ms=now_ms)
        finally:
            self._unpacking -= 1
        self.hear(tenant, replace(stream, name=f"{stream.name} from {stream.vantage}"), found)

    def firing(self) -> frozenset[str]:
        """Return the fingerprints of everything that monitors have open now, of every tenant."""
        posts = list(self._posts.values())
        return frozenset().union(*(post.ledger.firing() for post in posts))

    def lookout(self, tenant: TenantId, name: str) -> "Lookout | None":
        """Return what a tenant's monitor remembers, to be asked for what stands; None for none."""
        post = self._posts.get(tenant)
        return None if post is None else post.lookouts.get(name)

    async def look(self, tenant: TenantId) -> list[Finding]:
        """Let one tenant's monitors look once."""
        post = self._posts.get(tenant)
        if post is None:
            post = self._posts[tenant] = Post(tenant, self._metrics)
            post.configure(self._named.get(tenant, {}))
        view, self._cursors[tenant] = make_view(
            tenant,
            self._cursors.get(tenant, Cursor()),
            sounds=self._inbox.take(tenant),
            sources=(self._samples.reading, self._telemetry),
            now_ms=self._clock.now_ms(),
        )
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, _look, post, view)

    async def _run(self, report: Callable[[list[Finding]], None]) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            for tenant in self._active():
                try:
                    findings = await self.look(tenant)
                except Exception as why:  # one tenant's data must not end the watch over others
                    self._metrics.look_failures.labels(monitor="all").inc()
                    log.error("a look broke", tenant=tenant, exc_info=why)
                else:
                    report(findings)

    def _active(self) -> list[TenantId]:
        """Return whom to look at: those who ever sent anything that a monitor understands."""
        told = self._inbox.tenants | set(self._telemetry.tenants()) | self._posts.keys()
        return sorted(told & self._named.keys())


def _look(post: Post, view: "View") -> list[Finding]:
    return [with_exhibits(told) for told in post.look(view)]


def _tell_of_an_end(task: "asyncio.Task[None]") -> None:
    """Say so where looking ended by an error: nobody would hear anything any more."""
    if not task.cancelled() and (why := task.exception()) is not None:
        log.error("nothing is monitored any more", exc_info=why)
