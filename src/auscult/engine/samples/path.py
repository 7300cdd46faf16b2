"""The whole sample path as one part: started, fed, asked, and stopped together."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from auscult.detection import Watch
from auscult.engine.samples.feeding import Feeding
from auscult.engine.samples.keeping import Keeping
from auscult.engine.samples.reading import Reading
from auscult.engine.samples.scoring import Scoring
from auscult.kernel.errors import AuscultError, QueueFull
from auscult.kernel.findings import Finding
from auscult.kernel.words import TenantId
from auscult.signals import Intake, Registry, Rings, SeriesLimits

if TYPE_CHECKING:
    from auscult.engine.samples.scoring import Received
    from auscult.engine.wiring import Plans, TenantPlan
    from auscult.runtime.clock import Clock
    from auscult.runtime.metrics import Metrics
    from auscult.runtime.settings import Settings

T = TypeVar("T")
BODIES_WAITING_MAX = 64
"""Bodies that wait to be decoded at most; the senders of more are told to come again."""


class SamplePath:
    """Registry, rings, intake, detectors and sources of one process."""

    def __init__(self, settings: "Settings", *, clock: "Clock", metrics: "Metrics") -> None:
        """Make every part by the limits in the settings."""
        limits = settings.limits
        registry = Registry(
            SeriesLimits(
                per_tenant=limits.series_per_tenant,
                new_per_minute=limits.new_series_per_minute,
                labels=limits.labels_per_series,
                value_bytes=limits.label_bytes,
            )
        )
        rings = Rings(registry.capacity)
        watch = Watch(
            labels_of=registry.labels_of,
            history=rings.window,
            enabled=settings.ai_anomaly_detection,
        )
        self.scoring = Scoring(
            registry, Intake(registry, rings), watch, clock=clock, metrics=metrics
        )
        self.feeding = Feeding(self.scoring, clock=clock, metrics=metrics)
        self.reading = Reading(self.scoring, rings, self.feeding)
        self.keeping = Keeping(
            settings.data_dir / "snapshots", self.scoring, clock=clock, metrics=metrics
        )
        self._metrics = metrics
        self._max_bytes = limits.expanded_bytes
        self._bodies_waiting = 0
        self._keeper: asyncio.Task[None] | None = None

    async def start(self, plans: "Plans", report: Callable[[list[Finding]], None]) -> None:
        """Take back what was known, then begin to score and to bring samples."""
        self.scoring.on_findings = report
        self.configure(plans)
        tenants = frozenset(plan.tenant for plan in plans.all())
        await asyncio.to_thread(self.keeping.restore, tenants)
        self.scoring.start()
        self._keeper = asyncio.create_task(self.keeping.run())
        await self.feeding.follow(plans)

    async def stop(self) -> None:
        """Stop what brings samples, score the rest, and keep what is known."""
        await self.feeding.stop()
        await self.scoring.stop()
        if self._keeper is None:
            return
        self._keeper.cancel()
        await asyncio.to_thread(self.keeping.save)

    def configure(self, plans: "Plans") -> None:
        """Put the tenants' detectors in force."""
        for plan in plans.all():
            self.scoring.ask(partial(_configure, plan=plan))

    async def receive_write(self, tenant: TenantId, body: bytes, content_type: str) -> "Received":
        """Take a remote_write body; raises `BodyMalformed`, `BodyTooLarge`, `QueueFull`."""
        return await self.receive(
            tenant, lambda: self._decode(tenant, body, content_type), protocol="remote_write"
        )

    async def receive(self, tenant: TenantId, take: Callable[[], T], *, protocol: str) -> T:
        """Take a body of any protocol on the ingest thread, in turn, and count what became of it.

        Raises `QueueFull`, and what `take` raises.
        """
        result = "taken"
        try:
            if self.feeding.is_filling(tenant):
                raise QueueFull("the past is being filled in", retry_after_s=2)
            return await self._in_turn(take)
        except AuscultError as why:
            result = why.code
            raise
        finally:
            self._metrics.bodies.labels(protocol=protocol, result=result).inc()

    async def _in_turn(self, decode: Callable[[], T]) -> T:
        if self._bodies_waiting >= BODIES_WAITING_MAX:
            raise QueueFull(f"{BODIES_WAITING_MAX} bodies wait to be decoded")
        self._bodies_waiting += 1
        try:
            return await self.scoring.ingest(decode)
        finally:
            self._bodies_waiting -= 1

    def _decode(self, tenant: TenantId, body: bytes, content_type: str) -> "Received":
        return self.scoring.write(tenant, body, content_type, max_bytes=self._max_bytes)


def _configure(watch: Watch, plan: "TenantPlan") -> None:
    watch.configure(plan.tenant, plan.detectors, false_pages_per_week=plan.false_pages_per_week)
