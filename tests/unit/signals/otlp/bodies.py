"""OTLP bodies as exporters write them, made by OpenTelemetry's own messages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

AT_NS = 1_795_489_960_000_000_000
MS = 1_000_000


def attribute(key: str, value: Any) -> KeyValue:
    """Return one attribute; bool before int, because a bool is one."""
    if isinstance(value, bool):
        return KeyValue(key=key, value=AnyValue(bool_value=value))
    if isinstance(value, int):
        return KeyValue(key=key, value=AnyValue(int_value=value))
    if isinstance(value, float):
        return KeyValue(key=key, value=AnyValue(double_value=value))
    if isinstance(value, bytes):
        return KeyValue(key=key, value=AnyValue(bytes_value=value))
    return KeyValue(key=key, value=AnyValue(string_value=value))


@dataclass(frozen=True)
class Call:
    """One span in the words of a test; ids are small numbers."""

    trace: int = 1
    span: int = 1
    parent: int = 0
    name: str = "GET /segment"
    kind: int = Span.SPAN_KIND_SERVER
    start_ms: float = 0.0
    lasts_ms: float = 10.0
    failed: bool = False
    says: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)

    def message(self) -> Span:
        start_ns = AT_NS + round(self.start_ms * MS)
        span = Span(
            trace_id=trace_id(self.trace),
            span_id=span_id(self.span),
            parent_span_id=span_id(self.parent) if self.parent else b"",
            name=self.name,
            kind=self.kind,  # type: ignore[arg-type]
            start_time_unix_nano=start_ns,
            end_time_unix_nano=start_ns + round(self.lasts_ms * MS),
            attributes=[attribute(key, value) for key, value in self.attributes.items()],
            flags=257,
        )
        if self.failed or self.says:
            code = Status.STATUS_CODE_ERROR if self.failed else Status.STATUS_CODE_OK
            span.status.CopyFrom(Status(code=code, message=self.says))
        return span


def trace_id(number: int) -> bytes:
    return number.to_bytes(16, "big")


def span_id(number: int) -> bytes:
    return number.to_bytes(8, "big")


def trace_body(calls: Mapping[str, Iterable[Call]]) -> bytes:
    """Return one request: for each service its spans."""
    request = ExportTraceServiceRequest()
    for service, spans in calls.items():
        resource = request.resource_spans.add()
        resource.resource.attributes.append(attribute("service.name", service))
        resource.scope_spans.add().spans.extend(call.message() for call in spans)
    return request.SerializeToString()
