"""Auscult's own traces: OpenTelemetry spans, kept in a bounded ring, sent on where asked.

Off, a span is one comparison and a shared context manager that does nothing; OpenTelemetry is
loaded only by `configure_tracing`.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from auscult.runtime.logging import bound

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider

Attribute = str | bool | int | float
_NOTHING: AbstractContextManager[None] = nullcontext()


@dataclass(slots=True)
class _Tracing:
    provider: "TracerProvider | None" = None
    kept: "deque[ReadableSpan]" = field(default_factory=deque)
    untaken: "deque[ReadableSpan]" = field(default_factory=deque)


_tracing = _Tracing()


def configure_tracing(
    *, enabled: bool, spans_kept: int = 2000, otlp_endpoint: str | None = None
) -> None:
    """Begin (or end) to trace: the last `spans_kept` spans stay here, all go to the endpoint.

    `otlp_endpoint` is the whole URL of an OTLP/HTTP receiver (`http://host:4318/v1/traces`); a
    receiver that is away costs a bounded queue, never a request.
    """
    end_tracing()
    if not enabled:
        return
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

    _tracing.kept, _tracing.untaken = deque(maxlen=spans_kept), deque(maxlen=spans_kept)
    provider = TracerProvider(
        resource=Resource({"service.name": "auscult"}), shutdown_on_exit=False
    )
    provider.add_span_processor(SimpleSpanProcessor(_ring(_tracing.kept, _tracing.untaken)))
    if otlp_endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=otlp_endpoint)))
    _tracing.provider = provider


def end_tracing() -> None:
    """Send what waits and stop tracing; nothing happens where none was begun."""
    provider, _tracing.provider = _tracing.provider, None
    if provider is not None:
        provider.shutdown()


def span(name: str, **attributes: Attribute) -> AbstractContextManager[None]:
    """Trace what is done inside; log lines written there carry `trace_id`."""
    if _tracing.provider is None:
        return _NOTHING
    return _traced(_tracing.provider, name, attributes)


def current_trace_id() -> str:
    """Return the current trace's id, 32 hexadecimal digits; empty outside of any."""
    if _tracing.provider is None:
        return ""
    from opentelemetry import trace

    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else ""


def recent_spans(limit: int = 100) -> list[dict[str, Any]]:
    """Return the last spans that ended, newest first, as plain values (times in Unix ms)."""
    newest = list(_tracing.kept)[::-1][:limit]
    return [_plain(ended) for ended in newest]


def take_spans() -> "list[ReadableSpan]":
    """Return the spans that ended since the last call, oldest first, as many as are kept."""
    taken: list[ReadableSpan] = []
    while _tracing.untaken:
        taken.append(_tracing.untaken.popleft())
    return taken


@contextmanager
def _traced(
    provider: "TracerProvider", name: str, attributes: dict[str, Attribute]
) -> Iterator[None]:
    tracer = provider.get_tracer("auscult")
    with (
        tracer.start_as_current_span(name, attributes=attributes),
        bound(trace_id=current_trace_id()),
    ):
        yield


def _ring(*rings: "deque[ReadableSpan]") -> Any:  # noqa: ANN401 (its class is loaded lazily)
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    class Ring(SpanExporter):
        """Keeps the newest spans and forgets the oldest."""

        def export(self, spans: "Any") -> SpanExportResult:  # noqa: ANN401
            for ring in rings:
                ring.extend(spans)
            return SpanExportResult.SUCCESS

    return Ring()


def _plain(ended: "ReadableSpan") -> dict[str, Any]:
    context = ended.get_span_context()
    assert context is not None
    start_ns, end_ns = ended.start_time or 0, ended.end_time or 0
    return {
        "name": ended.name,
        "trace_id": f"{context.trace_id:032x}",
        "span_id": f"{context.span_id:016x}",
        "parent_id": f"{ended.parent.span_id:016x}" if ended.parent else None,
        "at_ms": start_ns // 1_000_000,
        "duration_ms": (end_ns - start_ns) / 1e6,
        "attributes": dict(ended.attributes or {}),
        "failed": not ended.status.is_ok and ended.status.status_code.name == "ERROR",
    }
