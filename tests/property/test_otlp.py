"""Whatever spans come, reading them as columns says what protobuf says of each."""

import base64
import json
from collections.abc import Callable
from contextlib import suppress

from google.protobuf import json_format
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from auscult.kernel.errors import BodyMalformed
from auscult.signals import Registry
from auscult.signals.otlp.logs import decode_logs
from auscult.signals.otlp.messages.packing import unpack
from auscult.signals.otlp.messages.requests import pack_json
from auscult.signals.otlp.metrics import MetricStreams, decode_metrics
from auscult.signals.otlp.spans import decode_spans, read_spans
from auscult.signals.traces.names import Names
from tests.unit.signals.otlp.bodies import Call, attribute, trace_body
from tests.unit.signals.otlp.test_logs import body as logs_body
from tests.unit.signals.otlp.test_logs import record
from tests.unit.signals.otlp.test_metrics import gauge, number, total
from tests.unit.signals.sink import NOW_MS, ONE, SMALL

texts = st.text(max_size=20) | st.sampled_from(["\x18\x02", "\x12\x02\x18\x02", "x" * 130])
attributes = st.builds(
    attribute,
    texts,
    texts
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.booleans()
    | st.just(2),
)
nanoseconds = st.integers(0, 2**63 - 1)
spans = st.builds(
    Span,
    trace_id=st.binary(min_size=16, max_size=16) | st.binary(max_size=17),
    span_id=st.binary(min_size=8, max_size=8) | st.binary(max_size=9),
    parent_span_id=st.just(b"") | st.binary(min_size=8, max_size=8) | st.binary(max_size=9),
    trace_state=st.just("") | texts,
    flags=st.just(0) | st.just(257),
    name=texts,
    kind=st.integers(0, 200),
    start_time_unix_nano=nanoseconds,
    end_time_unix_nano=nanoseconds,
    attributes=st.lists(attributes, max_size=4),
    dropped_attributes_count=st.sampled_from([0, 0, 1, 300]),
    events=st.lists(st.builds(Span.Event, name=texts, attributes=st.lists(attributes)), max_size=2),
    links=st.lists(st.builds(Span.Link, trace_id=st.binary(max_size=16)), max_size=1),
    status=st.none() | st.builds(Status, code=st.sampled_from([0, 1, 2, 77]), message=texts),
)
odd_starts = st.sampled_from([b"", b"", b"\x4a\x00", b"\x7a\x02\x18\x02"])
odd_ends = st.sampled_from([b"", b"\x1a\x00", b"\x7a\x02\x18\x02", b"\x30\x03", b"\xaa\x06\x01x"])


def word(id_bytes: bytes, size: int) -> bytes:
    return id_bytes if len(id_bytes) == size else bytes(size)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(odd_starts, spans, odd_ends), max_size=8))
def test_columns_equal_what_protobuf_reads(given_spans: list[tuple[bytes, Span, bytes]]) -> None:
    raw = [start + span.SerializeToString() + end for start, span, end in given_spans]
    names = Names()
    read = read_spans(raw, names)
    wanted = [Span.FromString(one) for one in raw]
    good = [
        span
        for span in wanted
        if any(word(span.trace_id, 16)) and any(word(span.span_id, 8)) and span.start_time_unix_nano
    ]
    columns = read.spans
    assert len(columns) == len(good)
    assert read.rejected == len(wanted) - len(good)
    for row, span in enumerate(good):
        assert columns.trace[row].tobytes() == span.trace_id
        assert columns.span[row].tobytes() == span.span_id
        assert columns.parent[row].tobytes() == word(span.parent_span_id, 8)
        assert names.text(int(columns.name[row])) == span.name
        assert columns.kind[row] == (span.kind if span.kind <= 5 else 0)
        assert columns.start_ns[row] == span.start_time_unix_nano
        assert columns.end_ns[row] == span.end_time_unix_nano
        assert bool(columns.failed[row]) == (span.status.code == Status.STATUS_CODE_ERROR)
        assert Span.FromString(columns.message(row)) == span


def decode_or_place(body: bytes) -> tuple[int, int]:
    """Return how many spans a body had, or where it was found to be broken."""
    try:
        decoded = decode_spans(body, Names())
    except BodyMalformed as refused:
        return 0, -1 if refused.position is None else refused.position
    return len(decoded.spans) + decoded.rejected, 0


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_body_does_harm(data: st.DataObject) -> None:
    """Cut, changed or made up: it is decoded, or refused with a place inside of it."""
    body = bytearray(trace_body({"edge": [Call(span=n, failed=n == 2) for n in range(1, 4)]}))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(body[: data.draw(st.integers(0, len(body)))])
    for one in (bytes(body), cut, data.draw(st.binary(max_size=60))):
        taken, place = decode_or_place(one)
        assert 0 <= place <= len(one)
        assert taken <= len(one)


@given(st.binary(max_size=200))
def test_no_packing_does_harm(data: bytes) -> None:
    with suppress(BodyMalformed):
        assert len(unpack(data, "gzip", max_bytes=100)) <= 100


def as_otlp_json(message: Message) -> bytes:
    """Return protobuf's own JSON of a message, with its ids as OTLP has them: hexadecimal."""
    tree = json_format.MessageToDict(message)
    for resource in tree.get("resourceSpans", ()):
        for span in resource["scopeSpans"][0].get("spans", ()):
            for one in (span, *span.get("links", ())):
                for key in {"traceId", "spanId", "parentSpanId"} & one.keys():
                    one[key] = base64.b64decode(one[key]).hex()
    return json.dumps(tree).encode()


@settings(max_examples=100, deadline=None)
@given(st.lists(spans, max_size=4))
def test_json_says_what_protobuf_says(given_spans: list[Span]) -> None:
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.extend(given_spans)
    packed = pack_json(ExportTraceServiceRequest, as_otlp_json(request))
    assert ExportTraceServiceRequest.FromString(packed) == request


names = st.sampled_from(
    [
        "resourceSpans",
        "scopeSpans",
        "spans",
        "attributes",
        "key",
        "value",
        "kind",
        "traceId",
        "links",
    ]
)
trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=20,
)


def refusal(decode: Callable[[], object]) -> BodyMalformed | None:
    """Return how a body is refused, None where it is taken; anything else is raised."""
    try:
        decode()
    except BodyMalformed as why:
        return why
    return None


@settings(max_examples=300, deadline=None)
@given(trees)
def test_no_json_does_harm(tree: object) -> None:
    body = json.dumps(tree).encode()
    refused = refusal(lambda: pack_json(ExportTraceServiceRequest, body))
    if refused is None:
        spans = decode_spans(pack_json(ExportTraceServiceRequest, body), Names()).spans
        assert spans.trace.shape == (len(spans), 2)
    else:
        assert refused.detail, "it is said what is wrong"


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_metrics_or_logs_do_harm(data: st.DataObject) -> None:
    """Bytes changed at random are decoded, or refused with a place inside of the body."""
    body = bytearray(data.draw(st.sampled_from([metrics_body(), logs_body(edge=[record(9)])])))
    for _ in range(data.draw(st.integers(0, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    book = Registry(SMALL).book(ONE)
    for decode in (
        lambda: decode_metrics(bytes(body), book=book, streams=MetricStreams(), now_ms=NOW_MS),
        lambda: decode_logs(bytes(body), now_ms=NOW_MS),
    ):
        refused = refusal(decode)
        assert refused is None or refused.position is None or 0 <= refused.position <= len(body)


def metrics_body() -> bytes:
    request = ExportMetricsServiceRequest()
    metrics = request.resource_metrics.add().scope_metrics.add().metrics
    metrics.extend([gauge("depth", number(-1, 3.5)), total("plays", number(-1, 7), how=1)])
    return request.SerializeToString()
