"""Recent traces: kept within bounds, searched, shown as trees, counted, and read for calls."""

from collections.abc import Iterable
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from auscult.kernel.errors import ObjectMissing
from auscult.signals.otlp.spans import decode_spans
from auscult.signals.traces import (
    Kept,
    Names,
    SpanMeter,
    Trace,
    TraceBook,
    TraceQuery,
    build_trace,
    find_edges,
    search_traces,
)
from auscult.signals.traces.meter import CALLS, DURATION, FAILURES
from auscult.signals.traces.searching import has_attribute, summarise
from tests.unit.signals.otlp.bodies import MS, Call, trace_body, trace_id
from tests.unit.signals.sink import NOW_MS, MemorySink

CLIENT, SERVER = Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_SERVER


class Shelf:
    """A book, its names, and a way to fill it."""

    def __init__(self, **bounds: int) -> None:
        self.names = Names()
        self.book = TraceBook(**bounds)

    def add(self, calls: dict[str, Iterable[Call]], at_ms: int = NOW_MS) -> None:
        self.book.add(decode_spans(trace_body(calls), self.names).spans, now_ms=at_ms)

    def search(self, **asked: Any) -> list[str]:
        query = TraceQuery(**asked)
        found = search_traces(self.book.kept, self.names, query)
        return [str(int(one.trace_id, 16)) for one in found]

    def tree(self, number: int) -> Trace:
        return build_trace(self.book.kept, self.names, trace_id(number))


def test_a_book_forgets_by_number_bytes_and_age() -> None:
    by_number = Shelf(spans_max=3)
    for n in range(4):
        by_number.add({"a": [Call(trace=n + 1, span=1), Call(trace=n + 1, span=2)]})
    assert (by_number.book.span_count, by_number.book.forgotten) == (2, 6)
    by_bytes = Shelf(room_bytes=1)
    by_bytes.add({"a": [Call()]})
    assert (by_bytes.book.span_count, by_bytes.book.size_bytes) == (0, 0)
    by_age = Shelf(age_ms=1_000)
    by_age.add({"a": [Call()]}, NOW_MS)
    by_age.add({}, NOW_MS + 1_000)
    assert by_age.book.span_count == 1
    by_age.book.trim(NOW_MS + 1_001)
    assert by_age.book.kept == ()
    assert by_age.book.newest_ms == NOW_MS + 1_000


def test_traces_are_found_by_what_one_of_their_spans_is() -> None:
    shelf = Shelf()
    shelf.add(
        {
            "edge": [Call(trace=1, span=1, name="play", lasts_ms=900)],
            "encode": [Call(trace=1, span=2, parent=1, name="encode", lasts_ms=500)],
        }
    )
    shelf.add({"edge": [Call(trace=2, span=3, name="play", failed=True)]})
    shelf.add({"edge": [Call(trace=3, span=4, name="stop", attributes={"codec": "opus"})]})
    assert shelf.search() == ["3", "2", "1"], "the last to come first"
    assert shelf.search(limit=2) == ["3", "2"]
    assert shelf.search(service="encode") == ["1"]
    assert shelf.search(name="play") == ["2", "1"]
    assert shelf.search(name="play", min_ms=100) == ["1"]
    assert shelf.search(min_ms=500.1) == ["1"]
    assert shelf.search(failed=True) == ["2"]
    assert shelf.search(attribute=("codec", "opus")) == ["3"]
    assert shelf.search(attribute=("codec", "aac")) == []
    assert shelf.search(attribute=("nobody", "opus")) == []
    assert shelf.search(service="encode", name="play") == []
    assert shelf.search(service="unheard") == []


def test_a_summary_tells_of_the_whole_trace() -> None:
    shelf = Shelf()
    shelf.add({"encode": [Call(trace=1, span=2, parent=1, start_ms=-3, lasts_ms=30, failed=True)]})
    shelf.add({"edge": [Call(trace=1, span=1, name="play", lasts_ms=20)]})
    (summary,) = search_traces(shelf.book.kept, shelf.names, TraceQuery(failed=True))
    assert (summary.service, summary.name, summary.has_root) == ("edge", "play", True)
    assert summary.duration_ns == 30 * MS
    assert (summary.spans, summary.failed) == (2, 1)
    assert summary.services == ("edge", "encode")
    orphaned = Shelf()
    orphaned.add({"encode": [Call(trace=1, span=2, parent=1)]})
    (part,) = summarise([one.spans for one in orphaned.book.kept], orphaned.names, [trace_id(1)])
    assert (part.service, part.has_root) == ("encode", False)


def test_attributes_are_looked_at_only_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auscult.signals.traces.searching.LOOKED_AT_MAX", 2)
    shelf = Shelf()
    for n in (1, 2, 3):
        shelf.add({"edge": [Call(trace=n, span=n, attributes={"codec": "opus"})]})
    assert shelf.search(attribute=("codec", "opus")) == ["3", "2"]
    message = Call(attributes={"codec": "opus"}).message().SerializeToString()
    assert has_attribute(message, ("codec", "opus"))
    assert not has_attribute(message, ("opus", "codec"))


def test_a_tree_stands_from_the_top_down() -> None:
    shelf = Shelf()
    shelf.add({"edge": [Call(span=3, parent=1, start_ms=6), Call(span=1, lasts_ms=20)]})
    shelf.add({"edge": [Call(span=2, parent=1, start_ms=2), Call(span=4, parent=2, start_ms=3)]})
    tree = shelf.tree(1)
    assert [(view.span_id[-1], view.depth) for view in tree.spans] == [
        ("1", 0),
        ("2", 1),
        ("4", 2),
        ("3", 1),
    ]
    assert (tree.total, tree.lost, tree.moved, tree.twice) == (4, 0, 0, 0)


def test_missing_parents_rings_and_repeats_are_said() -> None:
    shelf = Shelf()
    shelf.add({"edge": [Call(span=1), Call(span=2, parent=99), Call(span=1)]})
    shelf.add({"edge": [Call(span=5, parent=6), Call(span=6, parent=5), Call(span=7, parent=7)]})
    tree = shelf.tree(1)
    assert {view.span_id[-1] for view in tree.spans} == {"1", "2", "5", "6", "7"}
    assert len(tree.spans) == 5
    assert (tree.total, tree.twice) == (6, 1)
    assert {view.span_id[-1] for view in tree.spans if view.is_lost} == {"2", "5", "7"}
    assert tree.lost == 3
    with pytest.raises(ObjectMissing):
        shelf.tree(2)


def test_clocks_that_differ_are_settled_and_said() -> None:
    shelf = Shelf()
    shelf.add({"edge": [Call(span=1, kind=CLIENT, lasts_ms=100)]})
    shelf.add(
        {
            "far": [
                Call(span=2, parent=1, start_ms=-5_000, lasts_ms=60),
                Call(span=3, parent=2, start_ms=-4_990, lasts_ms=10),
            ]
        }
    )
    tree = shelf.tree(1)
    top, called, inner = tree.spans
    assert called.start_ns - top.start_ns == 20 * MS, "in the middle: (100 - 60) / 2"
    assert called.shift_ns == 5_020 * MS
    assert inner.start_ns - called.start_ns == 10 * MS, "what it did moves with it"
    assert tree.moved == 2
    longer = Shelf()
    longer.add({"edge": [Call(span=1, lasts_ms=10)]})
    longer.add({"far": [Call(span=2, parent=1, start_ms=-50, lasts_ms=30)]})
    assert longer.tree(1).spans[1].shift_ns == 50 * MS, "it does not fit: to the parent's start"
    later = Shelf()
    later.add({"edge": [Call(span=1, kind=Span.SPAN_KIND_PRODUCER)]})
    later.add({"far": [Call(span=2, parent=1, start_ms=500, kind=Span.SPAN_KIND_CONSUMER)]})
    assert later.tree(1).moved == 0, "a queue may be slow"


def test_a_huge_trace_is_shown_by_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auscult.signals.traces.trees.SPANS_SHOWN_MAX", 10)
    shelf = Shelf()
    for part in range(3):
        calls = [Call(span=n, start_ms=n) for n in range(1 + part * 20, 21 + part * 20)]
        shelf.add({"edge": calls})
    tree = shelf.tree(1)
    assert [int(view.span_id, 16) for view in tree.spans] == list(range(1, 11))
    assert tree.total == 60


def test_a_chain_of_thousands_does_not_recurse() -> None:
    shelf = Shelf()
    shelf.add({"edge": [Call(span=n, parent=n - 1) for n in range(1, 2_001)]})
    assert shelf.tree(1).spans[-1].depth == 1_999


def test_the_details_of_a_span_are_read_when_asked_for() -> None:
    call = Call(failed=True, says="no such track", attributes={"codec": "opus", "live": True})
    shelf = Shelf()
    shelf.add({"edge": [call]})
    details = shelf.tree(1).spans[0].details()
    assert details["attributes"] == {"codec": "opus", "live": "true"}
    assert (details["status"], details["events"], details["links"]) == ("no such track", [], [])


def test_span_metrics_count_calls_failures_and_durations() -> None:
    names, sink = Names(), MemorySink()
    meter = SpanMeter(names)
    calls = [Call(span=1, lasts_ms=100), Call(span=2, lasts_ms=300, failed=True)]
    other = [Call(span=3, name="stop", kind=CLIENT, lasts_ms=40)]
    for _ in range(2):
        meter.count(
            decode_spans(trace_body({"edge": calls, "app": other}), names).spans, now_ms=NOW_MS
        )
    meter.count(decode_spans(b"", names).spans, now_ms=NOW_MS)
    told = meter.tell(sink.slot, now_ms=NOW_MS)
    values = {
        sink.registry.labels_of(slot): value
        for slot, value in zip(told.slots, told.value, strict=True)
    }
    edge = {"service_name": "edge", "span_kind": "server", "span_name": "GET /segment"}

    def value(name: str, labels: dict[str, str]) -> float:
        return float(values[tuple(sorted({**labels, "__name__": name}.items()))])

    assert len(meter) == 2
    assert value(CALLS, edge) == 4
    assert value(FAILURES, edge) == 2
    assert value(DURATION, edge) == pytest.approx(0.2)
    app = {"service_name": "app", "span_kind": "client", "span_name": "stop"}
    assert (value(CALLS, app), value(FAILURES, app)) == (2, 0)
    assert value(DURATION, app) == pytest.approx(0.04)


def test_edges_are_calls_into_another_service_of_the_same_trace() -> None:
    shelf = Shelf()
    shelf.add({"encode": [Call(span=2, parent=1), Call(span=3, parent=2), Call(span=9, parent=77)]})
    shelf.add({"edge": [Call(span=1, kind=CLIENT)]})
    shelf.add({"stray": [Call(trace=5, span=4, parent=1)]})
    spans = [one.spans for one in shelf.book.kept]
    assert find_edges(spans, spans, shelf.names) == [("edge", "encode")]
    assert find_edges(spans[:1], spans[:1], shelf.names) == []
    assert find_edges([], spans, shelf.names) == []


def test_what_is_kept_knows_its_size() -> None:
    spans = decode_spans(trace_body({"edge": [Call()]}), Names()).spans
    assert Kept(spans, NOW_MS).size_bytes > len(spans.raw)
