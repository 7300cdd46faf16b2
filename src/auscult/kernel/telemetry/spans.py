"""Spans as columns: one row per span, names as numbers, and the message itself left as it came."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Numbers = NDArray[np.int32]
Instants = NDArray[np.int64]
Flags = NDArray[np.bool_]


class SpanKind(IntEnum):
    """Which side of a call a span tells of (opentelemetry/proto/trace/v1, `SpanKind`)."""

    UNSPECIFIED = 0
    INTERNAL = 1
    SERVER = 2
    CLIENT = 3
    PRODUCER = 4
    CONSUMER = 5


@dataclass(frozen=True, slots=True)
class SpanColumns:
    """n spans of one tenant, in the order in which they came.

    trace uint64[n, 2]: the 16 bytes of the trace id as they were sent, as two machine words. span,
    parent uint64[n]: the 8 bytes of an id likewise; parent 0 where a span has none. service, name
    int32[n]: numbers of texts, which whoever keeps the spans knows. kind int8[n]: `SpanKind`.
    start_ns, end_ns int64[n]: Unix nanoseconds by the clock of the host that made the span.
    failed bool[n]: its status is an error. at int64[n], size int32[n]: where in `raw` the span's
    message stands (opentelemetry `Span`, protobuf), with its attributes, events and links: they are
    read when somebody asks for them.
    """

    trace: Words
    span: Words
    parent: Words
    service: Numbers
    name: Numbers
    kind: NDArray[np.int8]
    start_ns: Instants
    end_ns: Instants
    failed: Flags
    at: Instants
    size: Numbers
    raw: bytes

    def __len__(self) -> int:
        """Return the number of spans."""
        return len(self.span)

    @property
    def duration_ns(self) -> Instants:
        """How long each took: int64[n], 0 for one that ends before it begins."""
        lasted: Instants = np.maximum(self.end_ns - self.start_ns, 0)
        return lasted

    def message(self, row: int) -> bytes:
        """Return the message of one span."""
        at = int(self.at[row])
        return self.raw[at : at + int(self.size[row])]
