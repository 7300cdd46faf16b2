"""remote_write messages built by plain protobuf, from a schema of the tests' own."""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import cramjam
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from auscult.kernel.samples import STALE_NAN_BITS

MEDIA_1 = "application/x-protobuf"
MEDIA_2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request"
STALE = struct.unpack("<d", struct.pack("<Q", STALE_NAN_BITS))[0]

_DOUBLE, _INT64, _UINT32, _ENUM_AS_INT, _STRING, _MESSAGE, _BYTES = 1, 3, 13, 5, 9, 11, 12
_SHAPES: dict[str, list[tuple[str, int, bool, int | str]]] = {
    "Label": [("name", 1, False, _STRING), ("value", 2, False, _STRING)],
    "Sample": [("value", 1, False, _DOUBLE), ("timestamp", 2, False, _INT64)],
    "Exemplar": [("labels", 1, True, "Label"), ("value", 2, False, _DOUBLE)],
    "Histogram": [("sum", 3, False, _DOUBLE), ("timestamp", 15, False, _INT64)],
    "TimeSeries": [
        ("labels", 1, True, "Label"),
        ("samples", 2, True, "Sample"),
        ("exemplars", 3, True, "Exemplar"),
        ("histograms", 4, True, "Histogram"),
    ],
    "MetricMetadata": [
        ("type", 1, False, _ENUM_AS_INT),
        ("metric_family_name", 2, False, _STRING),
        ("help", 4, False, _STRING),
    ],
    "WriteRequest": [
        ("timeseries", 1, True, "TimeSeries"),
        ("metadata", 3, True, "MetricMetadata"),
    ],
    "Metadata2": [("type", 1, False, _ENUM_AS_INT), ("help_ref", 3, False, _UINT32)],
    "TimeSeries2": [
        ("labels_refs", 1, True, _UINT32),
        ("samples", 2, True, "Sample"),
        ("histograms", 3, True, "Histogram"),
        ("exemplars", 4, True, "Exemplar"),
        ("metadata", 5, False, "Metadata2"),
    ],
    "Request": [("symbols", 4, True, _STRING), ("timeseries", 5, True, "TimeSeries2")],
}


def _classes(text: int) -> dict[str, Any]:
    """Return the message classes; with `text` as bytes, neither texts nor exemplars are read."""
    file = descriptor_pb2.FileDescriptorProto(name="t.proto", package="t", syntax="proto3")
    for name, fields in _SHAPES.items():
        message = file.message_type.add(name=name)
        for field_name, number, repeated, kind in fields:
            added = message.field.add(name=field_name, number=number, label=3 if repeated else 1)
            unread = text == _BYTES and kind in {"Exemplar", "Histogram"}
            if isinstance(kind, str) and not unread:
                added.type_name = f".t.{kind}"
            added.type = _wire_type(kind, text=text, unread=unread)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = {name: pool.FindMessageTypeByName(f"t.{name}") for name in _SHAPES}
    return {name: message_factory.GetMessageClass(one) for name, one in found.items()}


def _wire_type(kind: int | str, *, text: int, unread: bool) -> Any:
    if isinstance(kind, str):
        return _BYTES if unread else _MESSAGE
    return text if kind == _STRING else kind


PLAIN = _classes(_STRING)
LOOSE = _classes(_BYTES)


@dataclass(frozen=True)
class One:
    """One series of a request; labels in the order in which they are sent."""

    labels: Sequence[tuple[str, str]]
    samples: Sequence[tuple[int, float]] = ()
    exemplars: int = 0
    histograms: int = 0
    type_number: int = 0


@dataclass(frozen=True)
class Body:
    """A whole request."""

    series: Sequence[One]
    metadata: Sequence[tuple[str, int]] = field(default=())

    def version1(self) -> bytes:
        request = PLAIN["WriteRequest"]()
        for one in self.series:
            _fill_common(request.timeseries.add(), one, request_labels=True)
        for family, number in self.metadata:
            request.metadata.add(metric_family_name=family, type=number, help="said in words")
        return bytes(request.SerializeToString())

    def version2(self) -> bytes:
        request = PLAIN["Request"](symbols=[""])
        table = {"": 0}
        for one in self.series:
            added = request.timeseries.add()
            for text in (text for pair in one.labels for text in pair):
                if text not in table:
                    table[text] = len(table)
                    request.symbols.append(text)
                added.labels_refs.append(table[text])
            _fill_common(added, one, request_labels=False)
            if one.type_number:
                added.metadata.type = one.type_number
        return bytes(request.SerializeToString())


def _fill_common(message: Any, one: One, *, request_labels: bool) -> None:
    if request_labels:
        for name, value in one.labels:
            message.labels.add(name=name, value=value)
    for at_ms, number in one.samples:
        message.samples.add(value=number, timestamp=at_ms)
    for _ in range(one.exemplars):
        message.exemplars.add(value=1.5).labels.add(name="trace_id", value="abc")
    for _ in range(one.histograms):
        message.histograms.add(sum=2.5, timestamp=1)


def pack(body: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(body))


def label_set(name: str, **labels: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({"__name__": name, **labels}.items()))


def one_each(names: Iterable[str], at_ms: int, value: float) -> Body:
    return Body([One(label_set(name), [(at_ms, value)]) for name in names])
