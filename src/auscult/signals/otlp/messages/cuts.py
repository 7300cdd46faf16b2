"""A request cut into its spans, metrics or log records: each one's bytes, nothing of it read.

The messages are declared here once more, the innermost as bytes: protobuf then cuts and does not
read. All three requests have one shape (resources = 1, their scopes = 2, what these hold = 2;
opentelemetry/proto/{trace,metrics,logs}/v1). Built in code as in `remote_write.schema`.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "auscult.otlp"
_BYTES, _MESSAGE, _MANY = 12, 11, 3
_SHAPES = {
    "ScopeCut": ("items", 2, ""),
    "ResourceCut": ("scopes", 2, "ScopeCut"),
    "RequestCut": ("resources", 1, "ResourceCut"),
}


class ScopeCut(Protocol):
    """The spans, metrics or log records of one scope."""

    items: Sequence[bytes]


class ResourceCut(Protocol):
    """The scopes of one resource."""

    scopes: Sequence[ScopeCut]


class RequestCut(Protocol):
    """A request, in the order of its resources."""

    resources: Sequence[ResourceCut]


def _build() -> Any:  # noqa: ANN401  # a class that protobuf makes
    file = descriptor_pb2.FileDescriptorProto(
        name="auscult/otlp_cuts.proto", package=_PACKAGE, syntax="proto3"
    )
    for name, (field, number, kind) in _SHAPES.items():
        added = file.message_type.add(name=name).field.add(name=field, number=number, label=_MANY)
        added.type = _MESSAGE if kind else _BYTES  # type: ignore[assignment]
        if kind:
            added.type_name = f".{_PACKAGE}.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.RequestCut"))


cut_request: Callable[[bytes], RequestCut] = _build().FromString
"""Cut the body of any of the three requests; raises protobuf's `DecodeError`."""
