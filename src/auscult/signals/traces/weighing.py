"""Where the time of one trace went: each span's own time, and the path that decided its end.

A span's own time is the part of it in which no child of it was at work. The path is followed from
the end backwards: what ended last in a span is what it waited for, then what ended last before that
one began, and so on (the critical path of Jaeger's and of Zhang et al., "CRISP", USENIX ATC 2022).
What was handed on and taken up elsewhere (a consumer) ends later than whoever handed it on, and the
trace with it; any other child that outlives its parent was not waited for. The slow span is the one
on that path with the most time of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from auscult.signals.traces.trees import SpanView


@dataclass(frozen=True, slots=True)
class Weights:
    """By span id: own time in nanoseconds; those on the path that decided the end; the slow one."""

    own_ns: Mapping[str, int] = field(default_factory=dict)
    path: frozenset[str] = frozenset()
    slow: str = ""


def weigh(spans: Sequence[SpanView]) -> Weights:
    """Return where the time went; `spans` as `Trace` has them, from the top down."""
    children: dict[str, list[SpanView]] = {}
    for span in spans:
        if span.depth:
            children.setdefault(span.parent_id, []).append(span)
    own_ns = {span.span_id: _own_ns(span, children.get(span.span_id, ())) for span in spans}
    tops = [span for span in spans if not span.depth]
    if not tops:
        return Weights()
    ends_ns = _ends_ns(spans, children)
    longest = max(tops, key=lambda one: ends_ns[one.span_id] - one.start_ns)
    path = _path(longest, children, ends_ns)
    slow = max(path, key=lambda one: (own_ns[one], one))
    return Weights(own_ns, frozenset(path), slow)


def _ends_ns(
    spans: Sequence[SpanView], children: Mapping[str, Sequence[SpanView]]
) -> dict[str, int]:
    """Return when each span ended, or the last of what was handed on in it."""
    ends_ns, handed_ns = dict[str, int](), dict[str, int]()
    for span in reversed(spans):  # children first
        inner = children.get(span.span_id, ())
        handed_ns[span.span_id] = max(
            (
                (ends_ns if child.kind == "consumer" else handed_ns)[child.span_id]
                for child in inner
            ),
            default=0,
        )
        ends_ns[span.span_id] = max(span.start_ns + span.duration_ns, handed_ns[span.span_id])
    return ends_ns


def _own_ns(span: SpanView, children: Sequence[SpanView]) -> int:
    """Return the span's time less that of its children, where they overlap counted once."""
    begin, end = span.start_ns, span.start_ns + span.duration_ns
    covered, upto = 0, begin
    for child in sorted(children, key=lambda one: one.start_ns):
        first = max(child.start_ns, upto)
        last = min(child.start_ns + child.duration_ns, end)
        if last > first:
            covered += last - first
            upto = last
    return span.duration_ns - covered


def _path(
    top: SpanView, children: Mapping[str, Sequence[SpanView]], ends_ns: Mapping[str, int]
) -> list[str]:
    path: list[str] = []
    waiting = [top]
    while waiting:
        span = waiting.pop()
        path.append(span.span_id)
        before_ns = ends_ns[span.span_id]
        inner = children.get(span.span_id, ())
        for child in sorted(inner, key=lambda one: ends_ns[one.span_id], reverse=True):
            if ends_ns[child.span_id] <= before_ns:
                waiting.append(child)
                before_ns = min(child.start_ns, span.start_ns + span.duration_ns)
    return path
