"""One trace request, decoded into span columns."""

import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from auscult.kernel.telemetry import SpanColumns
from auscult.signals.otlp.attributes import UNKNOWN_SERVICE, find_text
from auscult.signals.otlp.heads import PADDING, Heads, read_heads
from auscult.signals.otlp.limits import (
    ATTRIBUTES_MAX,
    SPAN_BYTES_MAX,
    SPANS_MAX,
)
from auscult.signals.otlp.messages.requests import cut_bounded, parse_request
from auscult.signals.traces.names import Names

_TRACE_BYTES, _SPAN_BYTES = 16, 8
_KIND_MAX = 5


@dataclass(frozen=True, slots=True)
class DecodedSpans:
    """The spans of one request, and how many were not taken, by reason.

    bad_ids: a trace or span id of another length, or of zeros only. no_time: no start, or an end
    that no clock shows. too_large: more than `SPAN_BYTES_MAX` bytes or `ATTRIBUTES_MAX` attributes.
    """

    spans: SpanColumns
    bad_ids: int = 0
    no_time: int = 0
    too_large: int = 0

    @property
    def rejected(self) -> int:
        """How many were not taken."""
        return self.bad_ids + self.no_time + self.too_large


def decode_spans(body: bytes, names: Names) -> DecodedSpans:
    """Return the spans of an unpacked `ExportTraceServiceRequest` (protobuf).

    Raises `BodyMalformed` with the place of the fault, `BodyTooLarge`.
    """
    cut = cut_bounded(ExportTraceServiceRequest, body, items_max=SPANS_MAX)
    service = _read_services(body, names)
    spans = [one for resource in cut.resources for scope in resource.scopes for one in scope.items]
    counts = [sum(len(scope.items) for scope in resource.scopes) for resource in cut.resources]
    return _settle(_read(spans, np.repeat(service, counts), names))


def _read_services(body: bytes, names: Names) -> NDArray[np.int32]:
    """Return the service of each resource; on the way protobuf judges the whole body."""
    request = parse_request(ExportTraceServiceRequest, body)
    services = [
        find_text(one.resource.attributes, "service.name") or UNKNOWN_SERVICE
        for one in request.resource_spans
    ]
    return names.numbers([service.encode() for service in services])


def read_spans(spans: list[bytes], names: Names, *, service: int = 0) -> DecodedSpans:
    """Return messages that protobuf has found readable as columns, all of one service."""
    return _settle(_read(spans, np.full(len(spans), service, dtype=np.int32), names))


@dataclass(frozen=True, slots=True)
class _Raw:
    """Columns of all spans of a body, and which of them are refused for their size."""

    spans: SpanColumns
    too_large: NDArray[np.bool_]


def _read(spans: list[bytes], service: NDArray[np.int32], names: Names) -> _Raw:
    size = np.fromiter(map(len, spans), dtype=np.int64, count=len(spans))
    at = np.cumsum(size) - size
    raw = b"".join([*spans, PADDING])
    heads = read_heads(raw, at, size)
    too_large = size > SPAN_BYTES_MAX
    for row in np.flatnonzero(~heads.plain & ~too_large).tolist():
        too_large[row] = not _read_alone(spans[row], heads, row, at=int(at[row]))
    ends = heads.name_end.tolist()
    texts = [raw[start:end] for start, end in zip(heads.name_at.tolist(), ends, strict=True)]
    columns = SpanColumns(
        trace=heads.trace,
        span=heads.span,
        parent=heads.parent,
        service=service,
        name=names.numbers(texts),
        kind=heads.kind,
        start_ns=heads.start_ns,
        end_ns=heads.end_ns,
        failed=heads.failed,
        at=at,
        size=size.astype(np.int32),
        raw=raw,
    )
    return _Raw(columns, too_large)


def _read_alone(message: bytes, heads: Heads, row: int, *, at: int) -> bool:
    """Read one span in full into its row; say whether it keeps the limits.

    Ids of a wrong length become zeros, which no span may have.
    """
    span = Span.FromString(message)
    if len(span.attributes) > ATTRIBUTES_MAX:
        return False
    trace = span.trace_id if len(span.trace_id) == _TRACE_BYTES else bytes(_TRACE_BYTES)
    heads.trace[row] = np.frombuffer(trace, dtype=np.uint64)
    heads.span[row] = _word(span.span_id)
    heads.parent[row] = _word(span.parent_span_id)
    heads.kind[row] = span.kind if 0 <= span.kind <= _KIND_MAX else 0
    times = np.array([span.start_time_unix_nano, span.end_time_unix_nano], dtype=np.uint64)
    heads.start_ns[row], heads.end_ns[row] = times.astype(np.int64)
    heads.failed[row] = span.status.code == Status.STATUS_CODE_ERROR
    text = span.name.encode()
    place = message.rfind(text)
    heads.name_at[row] = at + place
    heads.name_end[row] = at + place + len(text)
    return True


def _word(id_bytes: bytes) -> np.uint64:
    if len(id_bytes) != _SPAN_BYTES:
        return np.uint64(0)
    return np.uint64(int.from_bytes(id_bytes, sys.byteorder))


def _settle(read: _Raw) -> DecodedSpans:
    """Leave out what is not taken, and say how much that is."""
    spans = read.spans
    too_large = read.too_large
    bad_ids = ((spans.span == 0) | ~spans.trace.any(axis=1)) & ~too_large
    no_time = ((spans.start_ns <= 0) | (spans.end_ns < 0)) & ~too_large & ~bad_ids
    good = ~(too_large | bad_ids | no_time)
    if good.all():
        return DecodedSpans(spans)
    return DecodedSpans(
        select_rows(spans, good),
        bad_ids=int(np.count_nonzero(bad_ids)),
        no_time=int(np.count_nonzero(no_time)),
        too_large=int(np.count_nonzero(too_large)),
    )


def select_rows(spans: SpanColumns, chosen: NDArray[np.bool_]) -> SpanColumns:
    """Return the spans that a mask bool[n] chooses; their messages stay where they are."""
    return SpanColumns(
        trace=spans.trace[chosen],
        span=spans.span[chosen],
        parent=spans.parent[chosen],
        service=spans.service[chosen],
        name=spans.name[chosen],
        kind=spans.kind[chosen],
        start_ns=spans.start_ns[chosen],
        end_ns=spans.end_ns[chosen],
        failed=spans.failed[chosen],
        at=spans.at[chosen],
        size=spans.size[chosen],
        raw=spans.raw,
    )
