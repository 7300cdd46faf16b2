"""The messages of remote_write 1.0 and 2.0, as far as they are read here.

Built in code, so that no generated file and no compiler is needed. Series are declared as `bytes`
in the requests: protobuf then only cuts the body into series, which are mostly recognised without
being read. Label texts are `bytes` too, because one series with broken UTF-8 must not take the
others with it. Field numbers: prometheus/prompb `remote.proto`, `types.proto`,
`io/prometheus/write/v2/types.proto`.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "auscult.remote_write"
_DOUBLE, _INT64, _UINT32, _INT32, _STRING, _BYTES, _MESSAGE = 1, 3, 13, 5, 9, 12, 11
_ONE, _MANY = 1, 3

_Field = tuple[str, int, int, int | str]

_MESSAGES: dict[str, tuple[_Field, ...]] = {
    "Label": (("name", 1, _ONE, _BYTES), ("value", 2, _ONE, _BYTES)),
    "Sample": (("value", 1, _ONE, _DOUBLE), ("timestamp", 2, _ONE, _INT64)),
    "Series": (
        ("labels", 1, _MANY, "Label"),
        ("samples", 2, _MANY, "Sample"),
        ("exemplars", 3, _MANY, _BYTES),
        ("histograms", 4, _MANY, _BYTES),
    ),
    "SeriesParts": (
        ("labels", 1, _MANY, _BYTES),
        ("samples", 2, _MANY, _BYTES),
        ("exemplars", 3, _MANY, _BYTES),
        ("histograms", 4, _MANY, _BYTES),
    ),
    "Metadata": (("type", 1, _ONE, _INT32), ("metric_family_name", 2, _ONE, _BYTES)),
    "Request": (("series", 1, _MANY, _BYTES), ("metadata", 3, _MANY, _BYTES)),
    "Metadata2": (("type", 1, _ONE, _INT32),),
    "Series2": (
        ("labels_refs", 1, _MANY, _UINT32),
        ("samples", 2, _MANY, "Sample"),
        ("histograms", 3, _MANY, _BYTES),
        ("exemplars", 4, _MANY, _BYTES),
        ("metadata", 5, _ONE, "Metadata2"),
    ),
    "Series2Parts": (
        ("labels", 6, _MANY, _BYTES),
        ("samples", 2, _MANY, _BYTES),
        ("histograms", 3, _MANY, _BYTES),
        ("exemplars", 4, _MANY, _BYTES),
    ),
    "Request2": (("symbols", 4, _MANY, _BYTES), ("series", 5, _MANY, _BYTES)),
}

TYPE_NAMES = (
    "unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset"
)  # fmt: skip
"""The declared types by number, the same in both versions."""


def _build() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(
        name="auscult/remote_write.proto", package=_PACKAGE, syntax="proto3"
    )
    for name, shape in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, label, kind in shape:
            added = message.field.add(name=field, number=number, label=label)
            added.type = _MESSAGE if isinstance(kind, str) else kind  # type: ignore[assignment]
            if isinstance(kind, str):
                added.type_name = f".{_PACKAGE}.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in _MESSAGES
    }


class LabelMessage(Protocol):
    """One label; both texts are UTF-8, if the sender kept to it."""

    name: bytes
    value: bytes


class SampleMessage(Protocol):
    """One sample; `timestamp` in Unix milliseconds."""

    value: float
    timestamp: int


class PartsMessage(Protocol):
    """The parts of a series, unread (2.0 has no `labels` among them)."""

    labels: Sequence[bytes]
    samples: Sequence[bytes]
    exemplars: Sequence[bytes]
    histograms: Sequence[bytes]


class SeriesMessage(Protocol):
    """A 1.0 series."""

    labels: Sequence[LabelMessage]
    samples: Sequence[SampleMessage]
    exemplars: Sequence[bytes]
    histograms: Sequence[bytes]


class MetadataMessage(Protocol):
    """What a metric family is declared as; `type` is an index into `TYPE_NAMES`."""

    type: int
    metric_family_name: bytes


class Series2Message(Protocol):
    """A 2.0 series."""

    labels_refs: Sequence[int]
    samples: Sequence[SampleMessage]
    exemplars: Sequence[bytes]
    histograms: Sequence[bytes]
    metadata: MetadataMessage


class RequestMessage(Protocol):
    """A 1.0 request, cut into series."""

    series: Sequence[bytes]
    metadata: Sequence[bytes]


class Request2Message(Protocol):
    """A 2.0 request, cut into series."""

    symbols: Sequence[bytes]
    series: Sequence[bytes]


MESSAGES = _build()
parse_request: Callable[[bytes], RequestMessage] = MESSAGES["Request"].FromString
parse_series: Callable[[bytes], SeriesMessage] = MESSAGES["Series"].FromString
parse_series_parts: Callable[[bytes], PartsMessage] = MESSAGES["SeriesParts"].FromString
parse_metadata: Callable[[bytes], MetadataMessage] = MESSAGES["Metadata"].FromString
parse_request2: Callable[[bytes], Request2Message] = MESSAGES["Request2"].FromString
parse_series2: Callable[[bytes], Series2Message] = MESSAGES["Series2"].FromString
parse_series2_parts: Callable[[bytes], PartsMessage] = MESSAGES["Series2Parts"].FromString
parse_metadata2: Callable[[bytes], MetadataMessage] = MESSAGES["Metadata2"].FromString
