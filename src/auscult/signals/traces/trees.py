"""One trace as a tree: who called whom, and how far the clocks of its hosts disagree.

A child that lies outside of its parent, in another service, tells of clocks that differ, for the
called side cannot have begun before it was called. Its part of the tree is moved then, as Jaeger
does it (jaegertracing/jaeger `model/adjuster/clockskew.go`): into the middle of the parent where it
fits, to its start where it does not. What was moved says by how much.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from auscult.kernel.errors import ObjectMissing
from auscult.kernel.telemetry import SpanColumns, SpanKind
from auscult.signals.otlp.attributes import value_text
from auscult.signals.traces.book import Kept
from auscult.signals.traces.names import Names

SPANS_SHOWN_MAX = 2_000
"""Spans of one trace that are shown; of a larger one the earliest, and how many there are."""

VALUE_CHARS_MAX = 1_000
EVENTS_SHOWN_MAX = 32


@dataclass(slots=True)
class SpanView:
    """One span of a trace that somebody looks at; times in Unix nanoseconds.

    depth: how many spans stand above it. start_ns is what its host said plus `shift_ns`, by which
    it was moved. is_lost: it names a parent that is not here.
    """

    span_id: str
    parent_id: str
    service: str
    name: str
    kind: str
    start_ns: int
    duration_ns: int
    failed: bool
    message: bytes
    depth: int = 0
    shift_ns: int = 0
    is_lost: bool = False

    def details(self) -> dict[str, object]:
        """Return what only the message tells: attributes, events, the status' words, links."""
        span = Span.FromString(self.message)
        return {
            "attributes": {
                one.key: value_text(one.value)[:VALUE_CHARS_MAX] for one in span.attributes
            },
            "events": [
                {"name": one.name[:VALUE_CHARS_MAX], "at_ns": one.time_unix_nano}
                for one in span.events[:EVENTS_SHOWN_MAX]
            ],
            "status": span.status.message[:VALUE_CHARS_MAX],
            "links": [one.trace_id.hex() for one in span.links[:EVENTS_SHOWN_MAX]],
        }


@dataclass(frozen=True, slots=True)
class Trace:
    """One trace: its spans from the top down, children by their start.

    total: how many are kept, of which the first `SPANS_SHOWN_MAX` by their start are here.
    lost: how many name a parent that is not here. moved: how many were moved for their clock.
    twice: spans that came more than once, shown once.
    """

    trace_id: str
    spans: list[SpanView] = field(default_factory=list)
    total: int = 0
    lost: int = 0
    moved: int = 0
    twice: int = 0


def build_trace(kept: Sequence[Kept], names: Names, trace_id: bytes) -> Trace:
    """Return one trace by its 16 bytes; raises `ObjectMissing` where no span of it is kept."""
    wanted = np.frombuffer(trace_id, dtype=np.uint64)
    found = [
        (one.spans, rows)
        for one in kept
        if len(rows := np.flatnonzero((one.spans.trace == wanted).all(axis=1)))
    ]
    total = sum(len(rows) for _, rows in found)
    if not total:
        raise ObjectMissing(f"trace {trace_id.hex()}")
    views: dict[str, SpanView] = {}
    twice = 0
    for spans, row in _earliest(found):
        view = _view(spans, row, names)
        twice += view.span_id in views
        views.setdefault(view.span_id, view)
    ordered = _order(views)
    return Trace(
        trace_id.hex(),
        ordered,
        total=total,
        lost=sum(view.is_lost for view in ordered),
        moved=sum(view.shift_ns != 0 for view in ordered),
        twice=twice,
    )


def _earliest(
    found: list[tuple[SpanColumns, NDArray[np.int64]]],
) -> list[tuple[SpanColumns, int]]:
    """Return the `SPANS_SHOWN_MAX` spans that begin first."""
    starts = np.concatenate([spans.start_ns[rows] for spans, rows in found])
    which = np.repeat(np.arange(len(found)), [len(rows) for _, rows in found])
    row = np.concatenate([rows for _, rows in found])
    first = np.argsort(starts, kind="stable")[:SPANS_SHOWN_MAX]
    return [(found[which[one]][0], int(row[one])) for one in first.tolist()]


def _view(spans: SpanColumns, row: int, names: Names) -> SpanView:
    parent = spans.parent[row]
    return SpanView(
        span_id=spans.span[row].tobytes().hex(),
        parent_id=parent.tobytes().hex() if parent else "",
        service=names.text(int(spans.service[row])),
        name=names.text(int(spans.name[row])),
        kind=SpanKind(int(spans.kind[row])).name.lower(),
        start_ns=int(spans.start_ns[row]),
        duration_ns=max(int(spans.end_ns[row] - spans.start_ns[row]), 0),
        failed=bool(spans.failed[row]),
        message=spans.message(row),
    )


def _order(views: dict[str, SpanView]) -> list[SpanView]:
    """Return the spans from the top down, with depths and clocks settled.

    Spans that are each other's parents have no top: the earliest of such a ring becomes one.
    """
    below: dict[str, list[SpanView]] = {}
    tops: list[SpanView] = []
    for view in views.values():
        if view.parent_id in views and view.parent_id != view.span_id:
            below.setdefault(view.parent_id, []).append(view)
        else:
            view.is_lost = bool(view.parent_id)
            tops.append(view)
    ordered: list[SpanView] = []
    seen: set[str] = set()
    for top in (*tops, *views.values()):
        waiting = [] if top.span_id in seen else [top]
        top.is_lost |= bool(waiting) and bool(top.parent_id)
        while waiting:
            view = waiting.pop()
            seen.add(view.span_id)
            ordered.append(view)
            children = [one for one in below.get(view.span_id, ()) if one.span_id not in seen]
            for child in children:
                child.depth = view.depth + 1
                child.shift_ns = view.shift_ns if child.service == view.service else 0
                child.shift_ns += _skew_ns(view, child)
                child.start_ns += child.shift_ns
            waiting += sorted(children, key=lambda one: one.start_ns, reverse=True)
    return ordered


def _skew_ns(parent: SpanView, child: SpanView) -> int:
    """Return by how much a child must be moved to lie within its parent; 0 for one that does."""
    if child.service == parent.service or child.kind == "consumer":
        return 0  # one clock; or what was sent may well be taken up after the sender was done
    end_ns = parent.start_ns + parent.duration_ns
    if child.start_ns >= parent.start_ns and child.start_ns + child.duration_ns <= end_ns:
        return 0
    if child.duration_ns > parent.duration_ns:
        return max(parent.start_ns - child.start_ns, 0)
    return parent.start_ns + (parent.duration_ns - child.duration_ns) // 2 - child.start_ns
