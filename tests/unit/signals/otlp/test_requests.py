"""How a request is packed and written: gzip or not, protobuf or JSON."""

import gzip
import json
from typing import Any

import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from auscult.kernel.errors import BodyMalformed, BodyTooLarge, MediaUnsupported
from auscult.signals.otlp.limits import DEPTH_MAX
from auscult.signals.otlp.messages.packing import unpack
from auscult.signals.otlp.messages.plain import make_message
from auscult.signals.otlp.messages.requests import pack_json, parse_request
from tests.unit.signals.otlp.bodies import Call, trace_body

SPAN: dict[str, Any] = {
    "traceId": "5B8EFFF798038103D269B633813FC60C",
    "spanId": "EEE19B7EC3C1B174",
    "parentSpanId": "EEE19B7EC3C1B173",
    "name": "play",
    "kind": 2,
    "startTimeUnixNano": "1544712660000000000",
    "endTimeUnixNano": 1544712661000000000,
    "attributes": [{"key": "retries", "value": {"intValue": "3"}}],
    "status": {"code": 2},
    "newInSomeYears": {"a": [1]},
}


def as_json(*spans: dict[str, Any]) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()


def read(body: bytes) -> ExportTraceServiceRequest:
    return parse_request(ExportTraceServiceRequest, pack_json(ExportTraceServiceRequest, body))


def test_json_is_the_same_request() -> None:
    """The example of the OTLP specification, with a field that nobody knows yet."""
    span = read(as_json(SPAN)).resource_spans[0].scope_spans[0].spans[0]
    assert span.trace_id.hex() == SPAN["traceId"].lower()
    assert span.span_id.hex() == SPAN["spanId"].lower()
    assert span.parent_span_id.hex() == SPAN["parentSpanId"].lower()
    assert (span.name, span.kind, span.status.code) == ("play", 2, 2)
    assert span.end_time_unix_nano - span.start_time_unix_nano == 1_000_000_000
    assert span.attributes[0].value.int_value == 3


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"resourceSpans": [', "not JSON"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b"[]", "not an object"),
        (as_json({**SPAN, "traceId": "xyz"}), "traceId: 'xyz' is not"),
        (as_json({**SPAN, "name": 5}), "name"),
        (as_json({**SPAN, "startTimeUnixNano": "1.5"}), "startTimeUnixNano"),
        (as_json({**SPAN, "startTimeUnixNano": "-1"}), "out of range"),
        (b"[" * 100_000, "JSON"),
        (b'{"a": ' + b"1" * 10_000 + b"}", "JSON"),
    ],
)
def test_json_that_cannot_be_read_is_refused(body: bytes, says: str) -> None:
    with pytest.raises(BodyMalformed, match=says):
        read(body)


def test_the_place_of_broken_json_is_told() -> None:
    with pytest.raises(BodyMalformed) as refused:
        read(b'{"resourceSpans": [}')
    assert refused.value.position == 19


def test_deep_values_are_refused_and_shallow_ones_are_not() -> None:
    value: dict[str, Any] = {"stringValue": "x"}
    for _ in range(5):
        value = {"arrayValue": {"values": [value]}}
    span = {**SPAN, "attributes": [{"key": "k", "value": value}]}
    assert read(as_json(span)).resource_spans
    for _ in range(DEPTH_MAX):
        value = {"arrayValue": {"values": [value]}}
    with pytest.raises(BodyMalformed):
        read(as_json({**SPAN, "attributes": [{"key": "k", "value": value}]}))


def test_much_json_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auscult.signals.otlp.messages.requests.JSON_BYTES_MAX", 10)
    with pytest.raises(BodyTooLarge):
        read(as_json(SPAN))


def test_a_packed_body_is_unpacked_within_its_bound() -> None:
    body = trace_body({"edge": [Call()]})
    packed = gzip.compress(body)
    assert unpack(packed, "gzip", max_bytes=len(body)) == body
    assert unpack(packed + packed, "gzip", max_bytes=2 * len(body)) == body + body
    assert unpack(body, "identity", max_bytes=1) == body, "its size was bounded on its way in"
    assert unpack(b"", "gzip", max_bytes=1) == b""
    with pytest.raises(BodyTooLarge):
        unpack(packed, "gzip", max_bytes=len(body) - 1)
    with pytest.raises(BodyTooLarge):
        unpack(gzip.compress(bytes(10_000_000)), "gzip", max_bytes=1_000_000)
    with pytest.raises(BodyMalformed, match="members"):
        unpack(gzip.compress(b"x") * 101, "gzip", max_bytes=1_000)
    with pytest.raises(BodyMalformed, match="early") as refused:
        unpack(packed[:-4], "gzip", max_bytes=10_000)
    assert refused.value.position == len(packed) - 4
    with pytest.raises(BodyMalformed, match="gzip"):
        unpack(b"not gzip", "gzip", max_bytes=10_000)
    with pytest.raises(MediaUnsupported, match="zstd"):
        unpack(packed, "zstd", max_bytes=10_000)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"stringValue": "ü"}, AnyValue(string_value="ü")),
        ({"stringValue": ""}, AnyValue(string_value="")),
        ({"boolValue": False}, AnyValue(bool_value=False)),
        ({"intValue": "-9223372036854775808"}, AnyValue(int_value=-(2**63))),
        ({"intValue": 5.0}, AnyValue(int_value=5)),
        ({"int_value": 5}, AnyValue(int_value=5)),
        ({"doubleValue": 2}, AnyValue(double_value=2.0)),
        ({"doubleValue": "Infinity"}, AnyValue(double_value=float("inf"))),
        ({"bytesValue": "-_8"}, AnyValue(bytes_value=b"\xfb\xff")),
        ({"arrayValue": {"values": [{"boolValue": True}]}}, None),
        ({"kvlistValue": {"values": [{"key": "a", "value": {"intValue": 1}}]}}, None),
        ({}, AnyValue()),
        ({"later": 1, "stringValue": None}, AnyValue()),
    ],
)
def test_every_kind_of_value_is_turned_as_protobuf_does(value: Any, told: AnyValue | None) -> None:
    made = make_message(AnyValue, value)
    assert made == (told or json_format.ParseDict(value, AnyValue()))


@pytest.mark.parametrize(
    "value",
    [
        *({"stringValue": 5}, {"boolValue": 1}, {"boolValue": "true"}, {"intValue": True}),
        *({"intValue": "1.5"}, {"intValue": 2**63}, {"intValue": "x"}, {"intValue": 1e400}),
        *({"doubleValue": True}, {"doubleValue": "much"}, {"bytesValue": "?"}, {"bytesValue": 1}),
        *({"arrayValue": []}, {"arrayValue": {"values": {}}}, {"arrayValue": {"values": [None]}}),
        *({"stringValue": "\ud800"}, "text", [], 5),
    ],
)
def test_a_value_of_another_kind_is_refused(value: Any) -> None:
    with pytest.raises(BodyMalformed):
        make_message(AnyValue, value)


def test_an_enum_goes_by_number_or_name() -> None:
    for kind in (3, "3", "SPAN_KIND_CLIENT"):
        assert make_message(Span, {"kind": kind}) == Span(kind=Span.SPAN_KIND_CLIENT)
    with pytest.raises(BodyMalformed, match="kind"):
        make_message(Span, {"kind": "SPAN_KIND_ODD"})
    with pytest.raises(BodyMalformed, match="kind"):
        make_message(Span, {"kind": []})
