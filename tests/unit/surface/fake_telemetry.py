"""What the surface asks of spans and metrics, in memory."""

from auscult.kernel.errors import ObjectMissing
from auscult.kernel.words import TenantId
from auscult.signals.otlp.exports import Export, Rejected
from auscult.signals.players import ReadEvents, read_events
from auscult.signals.traces import Trace, TraceQuery, TraceSummary

AT_NS = 1_795_489_960_000_000_000


class FakeTelemetry:
    """Takes every export, and has one trace of one tenant."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, TenantId, Export]] = []
        self.rejected = Rejected()
        self.failure: Exception | None = None
        self.traces: dict[TenantId, Trace] = {}
        self.asked: TraceQuery | None = None

    async def receive_traces(self, tenant: TenantId, export: Export) -> Rejected:
        return self._take("traces", tenant, export)

    async def receive_metrics(self, tenant: TenantId, export: Export) -> Rejected:
        return self._take("metrics", tenant, export)

    async def receive_logs(self, tenant: TenantId, export: Export) -> Rejected:
        return self._take("logs", tenant, export)

    async def receive_players(self, tenant: TenantId, body: bytes) -> ReadEvents:
        if self.failure:
            raise self.failure
        return read_events(
            body, pseudonym=lambda name: f"p_{len(name):032x}", now_ms=AT_NS // 10**6
        )

    async def search(self, tenant: TenantId, query: TraceQuery) -> list[TraceSummary]:
        self.asked = query
        return [a_summary(self.traces[tenant].trace_id)] if tenant in self.traces else []

    async def trace(self, tenant: TenantId, trace_id: bytes) -> Trace:
        found = self.traces.get(tenant)
        if found is None or found.trace_id != trace_id.hex():
            raise ObjectMissing("no such trace")
        return found

    def _take(self, kind: str, tenant: TenantId, export: Export) -> Rejected:
        if self.failure:
            raise self.failure
        self.taken.append((kind, tenant, export))
        return self.rejected


def a_summary(trace_id: str) -> TraceSummary:
    return TraceSummary(
        trace_id=trace_id,
        service="edge",
        name="play",
        start_ns=AT_NS,
        end_ns=AT_NS + 5_000_000,
        spans=1,
        failed=0,
        services=("edge",),
        has_root=True,
    )
