"""What the surface asks of spans, OTLP metrics and log records: to take them and to find traces."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from auscult.engine.telemetry.ledgers import Ledgers
from auscult.engine.telemetry.telling import Telling
from auscult.kernel.errors import ObjectMissing, QueueFull
from auscult.kernel.telemetry import PlayerColumns
from auscult.kernel.words import TenantId
from auscult.runtime.logging import logger
from auscult.signals.otlp.exports import Export, Rejected
from auscult.signals.otlp.limits import UNPACKED_BYTES_MAX
from auscult.signals.otlp.logs import decode_logs
from auscult.signals.otlp.messages import open_body
from auscult.signals.otlp.metrics import DecodedPoints, decode_metrics
from auscult.signals.otlp.spans import DecodedSpans, decode_spans
from auscult.signals.players import ReadEvents, read_events
from auscult.signals.traces import (
    Kept,
    Names,
    Trace,
    TraceQuery,
    TraceSummary,
    build_trace,
    search_traces,
)

if TYPE_CHECKING:
    from auscult.engine.samples.path import SamplePath
    from auscult.runtime.clock import Clock
    from auscult.runtime.metrics import Metrics
    from auscult.runtime.settings import Settings
    from auscult.signals import Decoded, SeriesBook

T = TypeVar("T")
OFF_RETRY_S = 60

log = logger("engine.telemetry")


class Telemetry:
    """Everything that comes in by OTLP, and the traces that are made of it."""

    def __init__(
        self,
        samples: "SamplePath",
        settings: "Settings",
        *,
        clock: "Clock",
        metrics: "Metrics",
        pseudonym: Callable[[TenantId, str], str],
    ) -> None:
        """Take the sample path, into which all series go, and what names listeners."""
        self._pseudonym = pseudonym
        self._samples = samples
        self._clock = clock
        self._metrics = metrics
        self._enabled = settings.monitoring_enabled
        self._max_bytes = min(settings.limits.expanded_bytes, UNPACKED_BYTES_MAX)
        self._ledgers = Ledgers()
        self.telling = Telling(self._ledgers, samples.scoring, clock=clock)
        self._teller: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to tell series."""
        self._teller = asyncio.create_task(self.telling.run(self._samples.feeding.is_filling))
        self._teller.add_done_callback(_tell_of_an_end)

    def stop(self) -> None:
        """Stop telling; what is remembered goes with the process."""
        if self._teller is not None:
            self._teller.cancel()

    async def receive_traces(self, tenant: TenantId, export: Export) -> Rejected:
        """Take spans; raises `BodyMalformed`, `BodyTooLarge`, `MediaUnsupported`, `QueueFull`."""
        decoded = await self._receive(
            tenant, lambda: self._take_spans(tenant, export), protocol="otlp_traces"
        )
        reasons = {
            "with an id that is none": decoded.bad_ids,
            "without a time": decoded.no_time,
            "too large": decoded.too_large,
        }
        return Rejected(decoded.rejected, _told(reasons))

    async def receive_metrics(self, tenant: TenantId, export: Export) -> Rejected:
        """Take data points; raises as `receive_traces` does."""
        return await self._receive(
            tenant, lambda: self._take_points(tenant, export), protocol="otlp_metrics"
        )

    async def receive_logs(self, tenant: TenantId, export: Export) -> Rejected:
        """Count log records; raises as `receive_traces` does."""
        await self._receive(tenant, lambda: self._take_logs(tenant, export), protocol="otlp_logs")
        return Rejected()

    async def receive_players(self, tenant: TenantId, body: bytes) -> ReadEvents:
        """Take a batch of player events; raises `BodyMalformed`, `BodyTooLarge`, `QueueFull`."""
        return await self._receive(
            tenant, lambda: self._take_players(tenant, body), protocol="players"
        )

    async def search(self, tenant: TenantId, query: TraceQuery) -> list[TraceSummary]:
        """Return the tenant's recent traces of which a span is as asked, the newest first."""
        ledger = self._ledgers.find(tenant)
        if ledger is None:
            return []
        return await asyncio.to_thread(search_traces, ledger.book.kept, ledger.names, query)

    async def trace(self, tenant: TenantId, trace_id: bytes) -> Trace:
        """Return one trace of the tenant; raises `ObjectMissing`, also for another's trace."""
        ledger = self._ledgers.find(tenant)
        if ledger is None:
            raise ObjectMissing(f"trace {trace_id.hex()}")
        return await asyncio.to_thread(build_trace, ledger.book.kept, ledger.names, trace_id)

    def tenants(self) -> list[TenantId]:
        """Return who ever sent anything."""
        return [tenant for tenant, _ in self._ledgers.all()]

    def recent_spans(self, tenant: TenantId) -> tuple[tuple[Kept, ...], Names]:
        """Return the tenant's recent spans, the oldest request first, and the texts in them."""
        ledger = self._ledgers.find(tenant)
        return ((), Names()) if ledger is None else (ledger.book.kept, ledger.names)

    def recent_plays(self, tenant: TenantId) -> tuple[PlayerColumns, ...]:
        """Return the tenant's recent player events, the oldest batch first."""
        ledger = self._ledgers.find(tenant)
        return () if ledger is None else ledger.plays.kept

    async def _receive(self, tenant: TenantId, take: Callable[[], T], *, protocol: str) -> T:
        if not self._enabled:
            raise QueueFull("monitoring is switched off", retry_after_s=OFF_RETRY_S)
        return await self._samples.receive(tenant, take, protocol=protocol)

    def _take_spans(self, tenant: TenantId, export: Export) -> DecodedSpans:
        ledger, now_ms = self._ledgers.of(tenant), self._clock.now_ms()
        with self._metrics.decode_seconds.labels(protocol="otlp_traces").time():
            decoded = decode_spans(self._open(ExportTraceServiceRequest, export), ledger.names)
        ledger.book.add(decoded.spans, now_ms=now_ms)
        ledger.spans.count(decoded.spans, now_ms=now_ms)
        self._ledgers.bound()
        self._metrics.spans_accepted.inc(len(decoded.spans))
        for reason in ("bad_ids", "no_time", "too_large"):
            if count := getattr(decoded, reason):
                self._metrics.spans_refused.labels(reason=reason).inc(count)
        return decoded

    def _take_points(self, tenant: TenantId, export: Export) -> Rejected:
        streams = self._ledgers.of(tenant).streams
        body = self._open(ExportMetricsServiceRequest, export)
        read: list[DecodedPoints] = []

        def decode(book: "SeriesBook", now_ms: int) -> "Decoded":
            read.append(decode_metrics(body, book=book, streams=streams, now_ms=now_ms))
            return read[0].decoded

        received = self._samples.scoring.take_decoded(tenant, decode, protocol="otlp")
        points, accepted = read[0], received.accepted
        reasons = {
            "without a time": points.no_time,
            "with labels that are not taken": points.decoded.refused_labels,
            "of new series for which there is no room now": points.decoded.refused_cap,
            "out of order": accepted.out_of_order,
            "duplicate": accepted.duplicate,
            "too far ahead": accepted.too_far_ahead,
        }
        count = min(points.rejected + accepted.refused, points.points)
        return Rejected(count, _told(reasons))

    def _take_logs(self, tenant: TenantId, export: Export) -> None:
        now_ms = self._clock.now_ms()
        with self._metrics.decode_seconds.labels(protocol="otlp_logs").time():
            logs = decode_logs(self._open(ExportLogsServiceRequest, export), now_ms=now_ms)
        self._ledgers.of(tenant).logs.count(logs, now_ms=now_ms)

    def _take_players(self, tenant: TenantId, body: bytes) -> ReadEvents:
        now_ms = self._clock.now_ms()
        with self._metrics.decode_seconds.labels(protocol="players").time():
            read = read_events(body, pseudonym=partial(self._pseudonym, tenant), now_ms=now_ms)
        ledger = self._ledgers.of(tenant)
        ledger.players.count(read.events, now_ms=now_ms)
        ledger.plays.add(read.events, now_ms=now_ms)
        return read

    def _open(self, kind: type[Message], export: Export) -> bytes:
        return open_body(
            kind,
            export.body,
            media=export.media,
            encoding=export.encoding,
            max_bytes=self._max_bytes,
        )


def _tell_of_an_end(teller: "asyncio.Task[None]") -> None:
    """Say so where the telling ended by an error: its series would go quiet without a word."""
    if not teller.cancelled() and (why := teller.exception()) is not None:
        log.error("no series are made of spans and plays any more", exc_info=why)


def _told(reasons: dict[str, int]) -> str:
    """Return the reasons that there were, with their numbers."""
    return ", ".join(f"{count} {reason}" for reason, count in reasons.items() if count)
