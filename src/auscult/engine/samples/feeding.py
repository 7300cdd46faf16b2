"""The sources of every tenant: started, watched, and started again when one breaks."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from auscult.kernel.samples import SampleBatch, Slots, Times, Values
from auscult.kernel.sounds import Heard, Stream, Unheard
from auscult.kernel.words import Labels, TenantId
from auscult.runtime.logging import logger
from auscult.signals import Kind
from auscult.signals.port import Source, SourceHealth

if TYPE_CHECKING:
    from auscult.engine.samples.scoring import Scoring
    from auscult.engine.wiring import Plans
    from auscult.runtime.clock import Clock
    from auscult.runtime.metrics import Metrics
    from auscult.signals import Accepted

T = TypeVar("T")

AGAIN_FIRST_S = 1.0
AGAIN_MOST_S = 60.0
WELL_AFTER_S = 300.0
"""A source that ran for so long was well: when it breaks, it is as if for the first time."""

PAST_WAIT_S = 20.0
"""How long a tenant's live samples wait at most until its past is filled in."""
HEALTHS_MAX = 2_000
"""Health entries kept per source at most, the oldest dropped: one per target, say."""

log = logger("engine.feeding")


@dataclass(slots=True)
class Feed:
    """One running source: the sink it pours into."""

    tenant: TenantId
    name: str
    use: str
    scoring: "Scoring"
    clock: "Clock"
    metrics: "Metrics"
    on_sound: Callable[[TenantId, Stream, Heard | Unheard], None]
    healths: dict[str, SourceHealth] = field(default_factory=dict)

    def now_ms(self) -> int:
        """The time in Unix milliseconds."""
        return self.clock.now_ms()

    def slot(self, labels: Labels, kind: Kind = Kind.UNKNOWN) -> int:
        """Return the slot of a series of this tenant."""
        return self.scoring.slot(self.tenant, labels, kind)

    async def ingest(self, work: Callable[[], T]) -> T:
        """Run some work on the ingest thread, where alone `slot` and `take` may be called."""
        return await self.scoring.ingest(work)

    def take(self, slots: Slots, at_ms: Times, values: Values) -> "Accepted":
        """Take samples of this tenant."""
        batch = SampleBatch(self.tenant, slots, at_ms, values)
        return self.scoring.take(batch, source=self.use)

    def hear(self, stream: Stream, found: Heard | Unheard) -> None:
        """Hand sound, or why there is none, to those who listen."""
        self.on_sound(self.tenant, stream, found)

    def last_ms(self, slot: int) -> int | None:
        """Return the time of the newest sample of a series, None for one never seen."""
        return self.scoring.last_ms(slot)

    def note(self, health: SourceHealth) -> None:
        """Remember how the source (or one of its targets) fares."""
        if "://" in health.name:  # one target was asked once; the others tell of files and plugs
            result = "done" if health.healthy else "failed"
            self.metrics.scrapes.labels(result=result).inc()
        self.healths.pop(health.name, None)
        self.healths[health.name] = health
        while len(self.healths) > HEALTHS_MAX:
            self.healths.pop(next(iter(self.healths)))


class Feeding:
    """All sources of all tenants, as tasks of one event loop."""

    def __init__(self, scoring: "Scoring", *, clock: "Clock", metrics: "Metrics") -> None:
        """Take the path that the sources pour into."""
        self.on_sound: Callable[[TenantId, Stream, Heard | Unheard], None] = _let_go
        self._scoring = scoring
        self._clock = clock
        self._metrics = metrics
        self._running: dict[tuple[TenantId, str], tuple[Source, Feed, asyncio.Task[None]]] = {}
        self._pasts: dict[TenantId, list[asyncio.Task[None]]] = {}

    def is_filling(self, tenant: TenantId) -> bool:
        """Say whether a tenant's past is being filled in, which its live samples wait for."""
        return not all(task.done() for task in self._pasts.get(tenant, ()))

    def feeds(self, tenant: TenantId) -> list[Feed]:
        """Return the feeds of one tenant."""
        return [feed for _, feed, _ in self._running.values() if feed.tenant == tenant]

    async def follow(self, plans: "Plans") -> None:
        """Start what is new, stop what is gone, restart what changed; leave the others alone."""
        wanted = {
            (plan.tenant, name): source
            for plan in plans.all()
            for name, source in plan.sources.items()
        }
        for key, (source, _, _) in list(self._running.items()):
            if not _is_same(wanted.get(key), source):
                await self._stop(key)
        new = [key for key in wanted if key not in self._running]
        for key in sorted(new, key=lambda key: not wanted[key].fills_the_past):
            self._start(*key, source=wanted[key])

    def _start(self, tenant: TenantId, name: str, *, source: Source) -> None:
        feed = Feed(
            tenant=tenant,
            name=name,
            use=source.plug_name,
            scoring=self._scoring,
            clock=self._clock,
            metrics=self._metrics,
            on_sound=self.on_sound,
        )
        pasts = self._pasts.setdefault(tenant, [])
        before = [] if source.fills_the_past else pasts.copy()
        task = asyncio.create_task(self._run(source, feed, before), name=f"{tenant}/{name}")
        self._running[tenant, name] = (source, feed, task)
        if source.fills_the_past:
            pasts.append(task)
            asyncio.get_running_loop().call_later(PAST_WAIT_S, pasts.remove, task)

    async def stop(self) -> None:
        """Stop every source."""
        for key in list(self._running):
            await self._stop(key)

    async def _stop(self, key: tuple[TenantId, str]) -> None:
        _, _, task = self._running.pop(key)
        task.cancel()
        await asyncio.wait([task])

    async def _run(self, source: Source, feed: Feed, before: list[asyncio.Task[None]]) -> None:
        if before:
            await asyncio.wait(before, timeout=PAST_WAIT_S)
        again_s = AGAIN_FIRST_S
        while True:
            began_s = self._clock.monotonic_s()
            try:
                await source.run(feed)
            except Exception as why:  # a broken source is shown, and must not take others along
                log.error("a source broke", source=feed.name, tenant=feed.tenant, exc_info=why)
                error = f"{type(why).__name__}: {why}"[:500]
                feed.note(SourceHealth(name=feed.name, healthy=False, error=error))
                if self._clock.monotonic_s() - began_s >= WELL_AFTER_S:
                    again_s = AGAIN_FIRST_S
                await asyncio.sleep(again_s)
                again_s = min(again_s * 2, AGAIN_MOST_S)
            else:
                return


def _let_go(_tenant: TenantId, _stream: Stream, _found: Heard | Unheard) -> None:
    """Nobody listens."""


def _is_same(wanted: Source | None, running: Source) -> bool:
    """Say whether two sources have the same settings, whatever one has remembered by now."""
    if wanted is None or type(wanted) is not type(running):
        return False
    return dict(wanted) == dict(running)
