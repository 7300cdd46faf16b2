"""Twice a second: what came in is shown to every tenant's monitors; findings go to the courier.

One thread looks, so that a monitor needs no lock; what waits meanwhile waits in the inbox, bounded.
A look takes a bounded part of what waits, and tenants take turns: whoever sends more than can be
heard is late himself, and makes nobody else later than by one such look.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auscult.engine.monitoring.agents import Agents
from auscult.engine.monitoring.exhibits import with_exhibits
from auscult.engine.monitoring.inbox import Inbox
from auscult.engine.monitoring.keeping import Keeping
from auscult.engine.monitoring.kept import KeptPost
from auscult.engine.monitoring.posts import Post
from auscult.engine.monitoring.standing import stand
from auscult.engine.monitoring.turns import Turns
from auscult.engine.monitoring.unpacking import Unpacking
from auscult.engine.monitoring.views import Cursor, make_view
from auscult.engine.monitoring.ways import Ways
from auscult.kernel.findings import Finding
from auscult.kernel.sounds import Heard, Stream, Unheard
from auscult.kernel.words import TenantId
from auscult.runtime.logging import logger

if TYPE_CHECKING:
    from auscult.engine.samples.path import SamplePath
    from auscult.engine.telemetry.path import Telemetry
    from auscult.engine.wiring import Plans
    from auscult.performance.port import Monitor, View
    from auscult.runtime.clock import Clock
    from auscult.runtime.metrics import Metrics

LOOK_EVERY_S = 0.5
LOOK_SOUND_S = 30.0
"""Sound that one look takes at most: of 10 to 50 ms a second, so 1.5 s of the thread."""

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
        folder: Path,
    ) -> None:
        """Take where sounds, series, spans and plays come from, and the folder of snapshots."""
        self._samples = samples
        self._telemetry = telemetry
        self._clock = clock
        self._metrics = metrics
        self._inbox = Inbox(metrics)
        self._ways = Ways()
        self.agents = Agents()
        self._unpacking = Unpacking()
        self._turns = Turns(LOOK_EVERY_S)
        self._behind: set[TenantId] = set()
        self._named: dict[TenantId, Mapping[str, Monitor]] = {}
        self._posts: dict[TenantId, Post] = {}
        self._cursors: dict[TenantId, Cursor] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="monitor")
        self._keeping = Keeping(folder)
        self._task: asyncio.Task[None] | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def start(
        self,
        plans: "Plans",
        report: Callable[[list[Finding]], None],
        *,
        told: Callable[[TenantId], Awaitable[Collection[str]]],
    ) -> None:
        """Begin to look, before the sources run; `report` takes findings on the loop's thread.

        told: returns the fingerprints of what fires at a tenant by the store. What was kept as open
        but is not among them never arrived there, or is over; it is told when it is seen.
        """
        self.configure(plans)
        await self._resume(told)
        self._samples.feeding.on_sound = self.hear
        self._task = asyncio.create_task(self._run(report))
        self._task.add_done_callback(_tell_of_an_end)
        self._keeper = asyncio.create_task(self._keeping.run(self._keep))
        self._keeper.add_done_callback(_tell_of_an_end)

    async def stop(self) -> None:
        """Look no more; a look that goes on is finished, and what it found is let go.

        What is open stays so, and is kept for the next start.
        """
        if self._task is not None:
            self._task.cancel()
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
            await asyncio.to_thread(self._keeping.save, await self._keep())
        self._unpacking.stop()
        await asyncio.to_thread(self._thread.shutdown)

    def configure(self, plans: "Plans") -> None:
        """Put the monitors that the settings name in force, for each tenant."""
        self._named = {plan.tenant: plan.monitors for plan in plans.all()}
        for tenant, post in self._posts.items():
            post.configure(self._named.get(tenant, {}))

    async def leave(self, tenants: Iterable[TenantId]) -> list[Finding]:
        """Watch over tenants no more: forget them, and return the end of what was open."""
        ends: list[Finding] = []
        for tenant in tenants:
            self._named.pop(tenant, None)
            self._inbox.release(tenant)
            self._ways.release(tenant)
            self.agents.release(tenant)
            self._turns.release(tenant)
            self._cursors.pop(tenant, None)
            self._behind.discard(tenant)
            if (post := self._posts.pop(tenant, None)) is not None:
                close = partial(post.close, self._clock.now_ms())
                told = await asyncio.get_running_loop().run_in_executor(self._thread, close)
                ends += [one.finding for one in told]
        return ends

    def end(self, tenant: TenantId, fingerprints: Iterable[str]) -> None:
        """Take note that a person ended what monitors may hold to be open still."""
        if (post := self._posts.get(tenant)) is not None:
            post.end(fingerprints)

    def hear(self, tenant: TenantId, stream: Stream, found: Heard | Unheard) -> None:
        """Take sound, or why there is none."""
        if tenant not in self._named:
            return  # its last words: it was taken out of the settings
        self._inbox.put(tenant, stream, found, now_ms=self._clock.now_ms())
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
        now_ms = self._clock.now_ms()
        stream, found = await self._unpacking.unpack(tenant, body, now_ms=now_ms)
        name = f"{stream.name} from {stream.vantage}"
        stream = replace(stream, name=name, is_reported=True)
        if tenant in self._named:  # else it left while its report was read
            self.agents.note(tenant, stream, found, now_ms=now_ms)
        self.hear(tenant, stream, found)

    def firing(self) -> frozenset[str]:
        """Return the fingerprints of everything that monitors have open now, of every tenant."""
        posts = list(self._posts.values())
        return frozenset().union(*(post.ledger.firing() for post in posts))

    async def standing(self, tenant: TenantId) -> dict[str, Any]:
        """Return how things stand by each monitor that can say it, as JSON can hold it.

        It is asked on the thread that looks, so between two looks.
        """
        post = self._posts.get(tenant)
        if post is None:
            return {}
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, stand, post)

    async def look(self, tenant: TenantId) -> list[Finding]:
        """Let one tenant's monitors look once."""
        post = self._posts.get(tenant)
        if post is None:
            post = self._posts[tenant] = Post(tenant, self._metrics)
            post.configure(self._named.get(tenant, {}))
        now_ms = self._clock.now_ms()
        sounds = self._inbox.take(tenant, most_s=LOOK_SOUND_S)
        behind_ms = self._inbox.behind_ms(tenant, now_ms)
        (self._behind.add if self._inbox.is_waiting(tenant) else self._behind.discard)(tenant)
        view, self._cursors[tenant] = make_view(
            tenant,
            self._cursors.get(tenant, Cursor()),
            sounds=sounds,
            sources=(self._samples.reading, self._telemetry),
            now_ms=now_ms,
        )
        loop = asyncio.get_running_loop()
        view = replace(view, behind_ms=behind_ms)
        return await loop.run_in_executor(self._thread, _look, post, view)

    async def _run(self, report: Callable[[list[Finding]], None]) -> None:
        while True:
            active, now_s = self._active(), self._clock.monotonic_s()
            for tenant in self._turns.due(active, self._behind, now_s=now_s):
                await self._look_in_turn(tenant, report)
            rest_s = self._turns.rest_s(active, now_s=self._clock.monotonic_s())
            await asyncio.sleep(0.0 if self._behind else rest_s)

    async def _look_in_turn(
        self, tenant: TenantId, report: Callable[[list[Finding]], None]
    ) -> None:
        if tenant not in self._named:
            return  # taken out while others were looked at
        self._turns.took(tenant, now_s=self._clock.monotonic_s())
        try:
            findings = await self.look(tenant)
        except Exception as why:  # one tenant's data must not end the watch over others
            self._metrics.look_failures.labels(monitor="all").inc()
            log.error("a look broke", tenant=tenant, exc_info=why)
        else:
            report(findings)
            if findings:
                self._keeping.changed()

    async def _resume(self, told: Callable[[TenantId], Awaitable[Collection[str]]]) -> None:
        now_ms = self._clock.now_ms()
        for tenant, kept in (await asyncio.to_thread(self._keeping.restore)).items():
            if tenant in self._named:
                post = Post(tenant, self._metrics)
                post.configure(self._named[tenant])
                post.resume(kept, await told(tenant) if kept.remarks else (), now_ms=now_ms)
                self._posts[tenant] = post

    async def _keep(self) -> Mapping[TenantId, KeptPost]:
        """Return what outlasts a restart; taken on the thread that looks, between two looks."""
        loop, posts = asyncio.get_running_loop(), list(self._posts.items())
        take = partial(_keep_all, posts)
        return await loop.run_in_executor(self._thread, take)

    def _active(self) -> list[TenantId]:
        """Return whom to look at: those who ever sent anything that a monitor understands."""
        told = self._inbox.tenants | set(self._telemetry.tenants()) | self._posts.keys()
        return sorted(told & self._named.keys())


def _look(post: Post, view: "View") -> list[Finding]:
    return [with_exhibits(told) for told in post.look(view)]


def _keep_all(posts: list[tuple[TenantId, Post]]) -> dict[TenantId, KeptPost]:
    kept = {tenant: post.keep() for tenant, post in posts}
    return {tenant: one for tenant, one in kept.items() if one != KeptPost()}


def _tell_of_an_end(task: "asyncio.Task[None]") -> None:
    """Say so where looking, or keeping, ended by an error: nobody would learn of it."""
    if not task.cancelled() and (why := task.exception()) is not None:
        log.error("nothing is monitored, or kept, any more", exc_info=why)
