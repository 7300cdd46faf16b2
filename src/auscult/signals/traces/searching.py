"""Recent spans searched by service, name, duration, failure and attribute, a column at a time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from auscult.kernel.telemetry import SpanColumns
from auscult.signals.otlp.attributes import find_text
from auscult.signals.traces.book import Kept
from auscult.signals.traces.names import Names

TRACES_MAX = 200
"""Traces that one search returns at most."""

LOOKED_AT_MAX = 20_000
"""Spans whose attributes one search reads at most."""

_NS_PER_MS = 1_000_000
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class TraceQuery:
    """What a span of a wanted trace must be; empty and 0 ask nothing.

    attribute: a key and the text of its value, as `value_text` writes it. from_ms, to_ms: when its
    request came in, Unix milliseconds, both included; 0 asks nothing.
    """

    service: str = ""
    name: str = ""
    min_ms: float = 0.0
    failed: bool = False
    attribute: tuple[str, str] | None = None
    limit: int = 20
    from_ms: int = 0
    to_ms: int = 0

    def holds_time(self, came_ms: int) -> bool:
        """Say whether what came then is asked for."""
        return self.from_ms <= came_ms and (not self.to_ms or came_ms <= self.to_ms)


@dataclass(slots=True)
class TraceSummary:
    """One trace in a list, as far as its spans are kept.

    service, name: of the span without a parent, or of the earliest where that is not here.
    duration_ns: from the first start to the last end, by the clocks of their hosts.
    """

    trace_id: str
    service: str
    name: str
    start_ns: int
    end_ns: int
    spans: int
    failed: int
    services: tuple[str, ...]
    has_root: bool

    @property
    def duration_ns(self) -> int:
        """How long it took, in nanoseconds."""
        return max(self.end_ns - self.start_ns, 0)


def search_traces(kept: Sequence[Kept], names: Names, query: TraceQuery) -> list[TraceSummary]:
    """Return the traces of which a span is as asked, the last to come first."""
    limit = min(query.limit, TRACES_MAX)
    wanted: dict[bytes, None] = {}
    held = [one for one in kept if query.holds_time(one.at_ms)]
    for spans, rows in _matching(held, names, query):
        for trace in dict.fromkeys(_ids(spans, rows[::-1])):
            wanted.setdefault(trace)
            if len(wanted) >= limit:
                return summarise([one.spans for one in kept], names, list(wanted))
    return summarise([one.spans for one in kept], names, list(wanted))


def _matching(
    kept: Sequence[Kept], names: Names, query: TraceQuery
) -> Iterator[tuple[SpanColumns, NDArray[np.int64]]]:
    """Yield the spans that are as asked, request by request, the newest request first."""
    service = names.find(query.service) if query.service else None
    name = names.find(query.name) if query.name else None
    if (query.service and service is None) or (query.name and name is None):
        return
    left = LOOKED_AT_MAX
    for one in reversed(kept):
        spans = one.spans
        mask = np.ones(len(spans), dtype=np.bool_)
        if service is not None:
            mask &= spans.service == service
        if name is not None:
            mask &= spans.name == name
        if query.min_ms > 0:
            mask &= spans.duration_ns >= query.min_ms * _NS_PER_MS
        if query.failed:
            mask &= spans.failed
        rows = np.flatnonzero(mask)
        if query.attribute is not None:
            if query.attribute[0].encode() not in spans.raw:
                continue  # no span of this request has such a key
            rows, left = rows[-left:], left - len(rows)
            holds = [has_attribute(spans.message(row), query.attribute) for row in rows.tolist()]
            rows = rows[np.array(holds, dtype=np.bool_)]
        yield spans, rows
        if left <= 0:
            return


def has_attribute(message: bytes, attribute: tuple[str, str]) -> bool:
    """Say whether a span's message has this attribute with this text."""
    key, text = attribute
    return key.encode() in message and find_text(Span.FromString(message).attributes, key) == text


def summarise(
    spans: Iterable[SpanColumns], names: Names, wanted: list[bytes]
) -> list[TraceSummary]:
    """Return what is known of each trace id (16 bytes), in the order in which they are given."""
    parts = {trace: _Part(trace) for trace in wanted}
    lows = np.array([np.frombuffer(trace, np.uint64)[1] for trace in wanted], dtype=np.uint64)
    for one in spans:
        rows = np.flatnonzero(np.isin(one.trace[:, 1], lows))
        for trace in set(_ids(one, rows)) & parts.keys():
            same = (one.trace[rows] == np.frombuffer(trace, np.uint64)).all(axis=1)
            parts[trace].add(one, rows[same])
    return [part.summary(names) for part in parts.values() if part.spans]


def _ids(spans: SpanColumns, rows: NDArray[np.int64]) -> list[bytes]:
    """Return the trace id of each of these rows."""
    ids: list[bytes] = spans.trace[rows].view("V16").ravel().tolist()
    return ids


class _Part:
    """What is known of one trace so far."""

    def __init__(self, trace: bytes) -> None:
        self.trace = trace
        self.spans = self.failed = self.end_ns = 0
        self.start_ns = np.iinfo(np.int64).max
        self.services: set[int] = set()
        self.top = (True, self.start_ns, 0, 0)
        """Whether it has a parent, its start, service and name: the least is the root."""

    def add(self, spans: SpanColumns, rows: NDArray[np.int64]) -> None:
        self.spans += len(rows)
        self.failed += int(np.count_nonzero(spans.failed[rows]))
        self.start_ns = min(self.start_ns, int(spans.start_ns[rows].min()))
        self.end_ns = max(self.end_ns, int(spans.end_ns[rows].max()))
        self.services |= set(spans.service[rows].tolist())
        has_parent = spans.parent[rows] != 0
        first = rows[np.lexsort((spans.start_ns[rows], has_parent))[0]]
        self.top = min(self.top, _top_of(spans, int(first)))

    def summary(self, names: Names) -> TraceSummary:
        has_parent, _, service, name = self.top
        return TraceSummary(
            trace_id=self.trace.hex(),
            service=names.text(service),
            name=names.text(name),
            start_ns=self.start_ns,
            end_ns=self.end_ns,
            spans=self.spans,
            failed=self.failed,
            services=tuple(sorted(names.text(one) for one in self.services)),
            has_root=not has_parent,
        )


def _top_of(spans: SpanColumns, row: int) -> tuple[bool, int, int, int]:
    return (
        bool(spans.parent[row] != 0),
        int(spans.start_ns[row]),
        int(spans.service[row]),
        int(spans.name[row]),
    )
