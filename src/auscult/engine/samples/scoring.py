"""The sample path: columns in, one vectorised pass, findings out. No row and no object per sample.

Two threads. The ingest thread decodes bodies and scrapes and writes to the registry, the rings and
the intake; the scoring thread collects what came in and feeds the detectors. `_intake_lock` lets
the one collect while the other waits, `_watch_lock` lets people ask the detectors in between.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np

from auscult.kernel.errors import AuscultError, SampleRefused, SeriesCapReached
from auscult.kernel.findings import Finding
from auscult.kernel.samples import SampleBatch
from auscult.kernel.words import Labels, TenantId
from auscult.runtime.logging import logger
from auscult.runtime.tracing import span
from auscult.signals import Kind, Topology
from auscult.signals.remote_write import decode_write

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from auscult.detection import Watch
    from auscult.engine.samples.snapshots import Arrays
    from auscult.incidents.grouping import Neighbours
    from auscult.kernel.samples import Slots
    from auscult.runtime.clock import Clock
    from auscult.runtime.metrics import Metrics
    from auscult.signals import Accepted, Intake, Registry, SeriesBook
    from auscult.signals.remote_write import Decoded

T = TypeVar("T")

SCORE_EVERY_S = 0.25
"""How often collected samples are scored: one pass over many bodies costs a fraction of many."""

TICK_EVERY_S = 1.0
ACCEPTED_MAX = 1_000

log = logger("engine.samples")


@dataclass(frozen=True, slots=True)
class Received:
    """What became of one remote_write body. Histograms and exemplars are counted, never kept."""

    decoded: "Decoded"
    accepted: "Accepted"


class Scoring:
    """Everything between a decoded sample and a finding."""

    def __init__(
        self,
        registry: "Registry",
        intake: "Intake",
        watch: "Watch",
        *,
        clock: "Clock",
        metrics: "Metrics",
    ) -> None:
        """Take the parts; `start` begins to score."""
        self.on_findings: Callable[[list[Finding]], None] = lambda _findings: None
        self.registry = registry
        self.intake = intake
        self.watch = watch
        self.topology: dict[TenantId, Topology] = {}
        self._clock = clock
        self._metrics = metrics
        self._intake_lock = threading.Lock()
        self._watch_lock = threading.Lock()
        self._stopping = threading.Event()
        self._ingest = ThreadPoolExecutor(1, thread_name_prefix="ingest")
        self._thread: threading.Thread | None = None
        self.broken_passes = 0
        self._known = np.full(1024, -1, dtype=np.int64)
        self._usual_now: deque[str] = deque(maxlen=ACCEPTED_MAX)

    def start(self) -> None:
        """Begin to score; findings are handed over in the running event loop."""
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(
            target=self._score_forever, args=(loop,), name="scorer", daemon=True
        )
        self._thread.start()

    async def stop(self) -> None:
        """Take in and score what is left, then end."""
        await asyncio.to_thread(self._ingest.shutdown)
        self._stopping.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    async def ingest(self, work: Callable[[], T]) -> T:
        """Run some work on the ingest thread, in turn; raises what the work raises."""
        return await asyncio.get_running_loop().run_in_executor(self._ingest, work)

    def take(self, batch: SampleBatch, *, source: str) -> "Accepted":
        """Take one batch of samples from a source (the name of its plug)."""
        with self._intake_lock:
            accepted = self.intake.accept(batch, now_ms=self._clock.now_ms())
        self._count(accepted, source)
        return accepted

    def slot(
        self, tenant: TenantId, labels: "Labels", kind: "Kind", *, returns: bool = False
    ) -> int:
        """Return the slot of a series, one that `returns` after a restart perhaps.

        Raises `SampleRefused`, `SeriesCapReached`.
        """
        now_ms = self._clock.now_ms()
        try:
            with self._intake_lock:
                return self.registry.slot(tenant, labels, kind=kind, now_ms=now_ms, returns=returns)
        except (SampleRefused, SeriesCapReached) as why:
            self._metrics.samples_refused.labels(reason=_REASONS[type(why)]).inc()
            raise

    def adopt(self, tenant: TenantId, labels: Labels, kind: Kind) -> int:
        """Return the slot of a series from a snapshot, known to the detectors; -1 when refused."""
        try:
            slot = self.slot(tenant, labels, kind, returns=True)
        except AuscultError:
            return -1
        self._learn(np.array([slot], dtype=np.int32))
        return slot

    def newest(self) -> "Arrays":
        """Return the newest raw sample of every slot in use, as arrays for a snapshot."""
        with self._intake_lock:
            at_ms, raw = self.intake.newest()
        return {"intake.last_ms": at_ms, "intake.last_raw": raw}

    def resume(self, arrays: "Arrays", slots: "NDArray[np.int64]") -> None:
        """Take the newest raw samples of a snapshot; slots[old slot] is the new slot or -1."""
        at_ms, raw = arrays.get("intake.last_ms"), arrays.get("intake.last_raw")
        if at_ms is None or raw is None or not len(at_ms) == len(raw) == len(slots):
            return  # from before they were kept: counters begin anew
        here = slots >= 0
        with self._intake_lock:
            self.intake.resume(
                slots[here].astype(np.int32),
                at_ms[here].astype(np.int64),
                raw[here].astype(np.float64),
            )

    def last_ms(self, slot: int) -> int | None:
        """Return the time of the newest sample of a series, None for one never seen."""
        newest = int(self.intake.last_ms[slot])
        return newest if newest > 0 else None

    def write(
        self, tenant: TenantId, body: bytes, content_type: str, *, max_bytes: int
    ) -> "Received":
        """Take one remote_write body; raises `BodyMalformed`, `BodyTooLarge`, `MediaUnsupported`.

        What breaks the rules of order is refused by itself; the others are taken.
        """
        return self.take_decoded(
            tenant,
            lambda book, now_ms: decode_write(
                body, content_type, book=book, now_ms=now_ms, max_bytes=max_bytes
            ),
            protocol="remote_write",
        )

    def take_decoded(
        self,
        tenant: TenantId,
        decode: "Callable[[SeriesBook, int], Decoded]",
        *,
        protocol: str,
    ) -> "Received":
        """Take what `decode` makes of a body, given the tenant's book and the time in ms."""
        now_ms = self._clock.now_ms()
        with self._intake_lock:
            book = self.registry.book(tenant)
            with self._metrics.decode_seconds.labels(protocol=protocol).time():
                decoded = decode(book, now_ms)
            self.intake.reset(decoded.kind_changed)
            batch = SampleBatch(tenant, decoded.slots, decoded.at_ms, decoded.value)
            accepted = self.intake.accept(batch, now_ms=now_ms)
        self._count(accepted, protocol)
        for kind, count in (
            (SampleRefused, decoded.refused_labels),
            (SeriesCapReached, decoded.refused_cap),
        ):
            if count:
                self._metrics.samples_refused.labels(reason=_REASONS[kind]).inc(count)
        return Received(decoded, accepted)

    def link(self, tenant: TenantId, caller: str, called: str) -> None:
        """Learn from elsewhere than labels that one service calls another."""
        known = self.topology.get(tenant)
        if known is not None and called in known.calls(caller):
            return
        with self._watch_lock:
            self.topology.setdefault(tenant, Topology()).add(
                (("client", caller), ("server", called))
            )

    def neighbours(self, tenant: TenantId) -> "Neighbours":
        """Return who calls whom at a tenant, as far as its label sets have shown."""

        def near(service: str) -> Iterable[str]:
            topology = self.topology.get(tenant)
            return topology.neighbours(service) if topology else ()

        return near

    def ask(self, question: "Callable[[Watch], T]") -> "T":
        """Ask the detectors something between two passes."""
        with self._watch_lock:
            return question(self.watch)

    def accept(self, fingerprints: Iterable[str]) -> None:
        """Take what these findings are about as the usual state, at the next tick."""
        self._usual_now.extend(fingerprints)

    def score(self) -> None:
        """Score what has come in since the last pass."""
        with self._intake_lock:
            columns = self.intake.drain()
        now_ms = self._clock.now_ms()
        with (
            span("samples.score", samples=len(columns.slots)),
            self._watch_lock,
            self._metrics.score_seconds.time(),
        ):
            for slot in columns.reset_slots.tolist():
                self.watch.forget(slot)
                self._known[slot] = -1
            self._learn(columns.slots)
            self.watch.update(
                columns.slots,
                columns.at_ms,
                values=columns.value,
                stale_slots=columns.stale_slots,
                now_ms=now_ms,
            )
        self._metrics.samples_scored.inc(len(columns.slots))

    def tick(self) -> list[Finding]:
        """Return what the detectors have to say now."""
        with self._watch_lock:
            if self._usual_now:
                self.watch.accept({self._usual_now.popleft() for _ in range(len(self._usual_now))})
            return self.watch.tick(self._clock.now_ms())

    def _learn(self, slots: "Slots") -> None:
        """Tell the detectors, and the service graph, about series seen for the first time."""
        if not len(slots):
            return
        highest = int(slots.max())
        if highest >= len(self._known):
            grown = np.full(max(highest + 1, 2 * len(self._known)), -1, dtype=np.int64)
            grown[: len(self._known)] = self._known
            self._known = grown
        for slot in np.unique(slots[self._known[slots] < 0]).tolist():
            self._known[slot] = self.registry.generation_of(slot)
            tenant, labels = self.registry.tenant_of(slot), self.registry.labels_of(slot)
            self.watch.learn(slot, tenant, labels=labels, kind=_KINDS[self.registry.kind_of(slot)])
            self.topology.setdefault(tenant, Topology()).add(labels)

    def _score_forever(self, loop: asyncio.AbstractEventLoop) -> None:
        ticked_s = self._clock.monotonic_s()
        while not self._stopping.wait(SCORE_EVERY_S):
            try:
                self.score()
                if self._clock.monotonic_s() - ticked_s >= TICK_EVERY_S:
                    ticked_s = self._clock.monotonic_s()
                    self._hand_over(self.tick(), loop)
            except (
                Exception
            ) as why:  # one broken pass must not end the watch; readiness tells of it
                self.broken_passes += 1
                self._metrics.score_failures.inc()
                log.error("a scoring pass broke", exc_info=why)

    def _hand_over(self, findings: list[Finding], loop: asyncio.AbstractEventLoop) -> None:
        if findings and not loop.is_closed():
            loop.call_soon_threadsafe(self.on_findings, findings)

    def _count(self, accepted: "Accepted", source: str) -> None:
        metrics = self._metrics
        metrics.samples_accepted.labels(source=source).inc(accepted.accepted)
        for reason in ("out_of_order", "duplicate", "too_far_ahead", "non_finite"):
            if count := getattr(accepted, reason):
                metrics.samples_refused.labels(reason=reason).inc(count)


_REASONS: dict[type[AuscultError], str] = {SampleRefused: "labels", SeriesCapReached: "series_cap"}
_KINDS: dict[Kind, Literal["gauge", "counter", "untyped"]] = {
    Kind.COUNTER: "counter",
    Kind.GAUGE: "gauge",
    Kind.UNKNOWN: "untyped",
}
