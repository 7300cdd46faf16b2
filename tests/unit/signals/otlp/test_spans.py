"""Trace requests into columns, and what is not taken of them."""

import numpy as np
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span

from auscult.kernel.errors import BodyMalformed, BodyTooLarge
from auscult.kernel.telemetry import SpanKind
from auscult.signals.otlp import limits
from auscult.signals.otlp.attributes import UNKNOWN_SERVICE
from auscult.signals.otlp.heads import PADDING, read_heads
from auscult.signals.otlp.messages.cuts import cut_request
from auscult.signals.otlp.messages.places import find_break, read_varint, walk_fields
from auscult.signals.otlp.messages.requests import cut_bounded
from auscult.signals.otlp.spans import decode_spans, read_spans, select_rows
from auscult.signals.traces.names import Names
from tests.unit.signals.otlp.bodies import (
    AT_NS,
    MS,
    Call,
    attribute,
    span_id,
    trace_body,
    trace_id,
)


def is_plain(*calls: Call) -> list[bool]:
    """Say of each span whether it is read without protobuf."""
    spans = [call.message().SerializeToString() for call in calls]
    size = np.array([len(one) for one in spans])
    plain: list[bool] = read_heads(
        b"".join([*spans, PADDING]), np.cumsum(size) - size, size
    ).plain.tolist()
    return plain


def test_columns_say_what_the_spans_say() -> None:
    names = Names()
    calls = [
        Call(trace=7, span=1, name="play", kind=Span.SPAN_KIND_CLIENT),
        Call(trace=7, span=2, parent=1, start_ms=2, lasts_ms=5, failed=True, says="no such track"),
        Call(trace=9, span=3, attributes={"codec": "opus", "retries": 2}),
    ]
    decoded = decode_spans(trace_body({"edge": calls, "": [Call(trace=9, span=4)]}), names)
    spans = decoded.spans
    assert decoded.rejected == 0
    assert [row.tobytes() for row in spans.trace] == [trace_id(n) for n in (7, 7, 9, 9)]
    assert [one.tobytes() for one in spans.span] == [span_id(n) for n in (1, 2, 3, 4)]
    assert [one.tobytes() for one in spans.parent] == [span_id(n) for n in (0, 1, 0, 0)]
    assert [names.text(one) for one in spans.service] == ["edge"] * 3 + [UNKNOWN_SERVICE]
    assert [names.text(one) for one in spans.name] == ["play"] + ["GET /segment"] * 3
    assert spans.kind.tolist() == [SpanKind.CLIENT] + [SpanKind.SERVER] * 3
    assert spans.start_ns.tolist() == [AT_NS, AT_NS + 2 * MS, AT_NS, AT_NS]
    assert spans.duration_ns.tolist() == [10 * MS, 5 * MS, 10 * MS, 10 * MS]
    assert spans.failed.tolist() == [False, True, False, False]
    assert spans.message(1) == calls[1].message().SerializeToString()


def test_an_attribute_that_ends_like_a_failure_is_none() -> None:
    """`retries: 2` and an error's code end in the same two bytes."""
    calls = [Call(span=1, attributes={"retries": 2}), Call(span=2, says="\x18\x02")]
    spans = decode_spans(trace_body({"edge": calls}), Names()).spans
    assert spans.failed.tolist() == [False, False]


@pytest.mark.parametrize(
    "call",
    [
        Call(),
        Call(parent=3),
        Call(failed=True),
        Call(failed=True, says="timeout"),
        Call(attributes={f"key{n}": "x" * n for n in range(100)}),
        Call(attributes={"long": "x" * 10_000}),
    ],
)
def test_what_exporters_write_is_read_without_protobuf(call: Call) -> None:
    assert is_plain(call) == [True]


def test_what_is_written_otherwise_is_read_by_protobuf() -> None:
    names = Names()
    odd = Call(name="x" * 150, parent=5, failed=True, says="y" * 200).message()
    odd.trace_state = "vendor=1"
    assert is_plain(Call(name="x" * 150), Call(failed=True, says="y" * 200)) == [False, False]
    spans = read_spans([odd.SerializeToString()], names).spans
    assert names.text(int(spans.name[0])) == "x" * 150
    assert spans.parent[0].tobytes() == span_id(5)
    assert spans.failed.tolist() == [True]
    assert spans.duration_ns.tolist() == [10 * MS]


def test_a_span_that_breaks_a_rule_is_left_out_and_the_others_are_taken() -> None:
    good = Call(span=1).message()
    short_id = Call(span=2).message()
    short_id.trace_id = b"short"
    no_id = Call(span=0).message()
    zero_trace = Call(trace=0, span=3).message()
    timeless = Call(span=4).message()
    timeless.start_time_unix_nano = 0
    many = Call(span=5).message()
    many.attributes.extend(attribute(f"k{n}", n) for n in range(limits.ATTRIBUTES_MAX + 1))
    huge = Call(span=6, attributes={"text": "x" * limits.SPAN_BYTES_MAX}).message()
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    spans.extend([good, short_id, no_id, zero_trace, timeless, many, huge])
    decoded = decode_spans(request.SerializeToString(), Names())
    assert [one.tobytes() for one in decoded.spans.span] == [span_id(1)]
    assert (decoded.bad_ids, decoded.no_time, decoded.too_large) == (3, 1, 2)
    assert decoded.rejected == 6


def test_a_span_that_ends_before_it_begins_lasts_no_time() -> None:
    spans = decode_spans(trace_body({"edge": [Call(lasts_ms=-5)]}), Names()).spans
    assert spans.duration_ns.tolist() == [0]


def test_too_many_spans_or_resources_are_refused_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auscult.signals.otlp.spans.SPANS_MAX", 2)
    monkeypatch.setattr("auscult.signals.otlp.messages.requests.RESOURCES_MAX", 2)
    with pytest.raises(BodyTooLarge, match="3 items"):
        decode_spans(trace_body({"edge": [Call(span=n) for n in (1, 2, 3)]}), Names())
    with pytest.raises(BodyTooLarge, match="resources"):
        decode_spans(trace_body({"a": [], "b": [], "c": []}), Names())
    resource = ExportTraceServiceRequest()
    resource.resource_spans.add().scope_spans.extend([ScopeSpans()] * 3)
    with pytest.raises(BodyTooLarge, match="scopes"):
        cut_bounded(ExportTraceServiceRequest, resource.SerializeToString(), items_max=9)


def test_an_empty_request_has_no_spans() -> None:
    assert len(decode_spans(b"", Names()).spans) == 0
    assert not cut_request(b"").resources


def test_a_broken_body_is_refused_with_the_place() -> None:
    body = trace_body({"edge": [Call(span=1), Call(span=2)]})
    with pytest.raises(BodyMalformed, match="ExportTraceServiceRequest") as refused:
        decode_spans(body[:-3], Names())
    assert refused.value.position == 0, "the first field ends after the body"
    second = body.rindex(span_id(2))
    broken = bytearray(body)
    broken[second - 1] = 200  # the id would be longer than the span
    with pytest.raises(BodyMalformed) as refused:
        decode_spans(bytes(broken), Names())
    assert refused.value.position == second - 2, "the tag of the id"


def test_fields_and_numbers_are_walked_to_their_end() -> None:
    span = Call().message().SerializeToString()
    assert [field.number for field in walk_fields(span, 0, len(span))] == [1, 2, 5, 6, 7, 8, 16]
    assert read_varint(b"\xac\x02", 0, 2) == (300, 2)
    with pytest.raises(BodyMalformed):
        read_varint(b"\xff" * 11, 0, 11)
    assert find_break(b"\x0a\x02\x0a", ExportTraceServiceRequest) == 0
    assert find_break(b"\x07", ExportTraceServiceRequest) == 0


def test_chosen_rows_keep_their_messages() -> None:
    spans = decode_spans(trace_body({"edge": [Call(span=1), Call(span=2)]}), Names()).spans
    last = select_rows(spans, np.array([False, True]))
    assert len(last) == 1
    assert last.message(0) == Call(span=2).message().SerializeToString()


def test_names_are_bounded() -> None:
    names = Names(names_max=2)
    assert [names.number(text) for text in (b"a", b"b", b"c", b"a")] == [1, 2, 0, 1]
    assert (names.find("b"), names.find("c"), names.text(0)) == (2, None, "(other)")
    assert len(names) == 3
    wide = Names()
    assert wide.number(b"x" * 500) == wide.number(b"x" * 900)
    assert wide.text(1) == "x" * 200
