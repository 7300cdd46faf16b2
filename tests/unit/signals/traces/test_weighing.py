"""Where the time of a trace went."""

from hypothesis import given
from hypothesis import strategies as st

from auscult.signals.traces import SpanView, weigh


def span(
    name: str, parent: str = "", *, start: int, took: int, depth: int = 0, kind: str = "internal"
) -> SpanView:
    return SpanView(
        span_id=name,
        parent_id=parent,
        service="edge",
        name=name,
        kind=kind,
        start_ns=start,
        duration_ns=took,
        failed=False,
        message=b"",
        depth=depth,
    )


def test_own_time_is_what_no_child_covers_and_overlap_counts_once() -> None:
    weights = weigh(
        [
            span("all", start=0, took=100),
            span("a", "all", start=10, took=30, depth=1),
            span("b", "all", start=30, took=30, depth=1),
            span("late", "all", start=90, took=50, depth=1),
        ]
    )
    assert weights.own_ns == {"all": 100 - 50 - 10, "a": 30, "b": 30, "late": 50}


def test_the_path_is_what_the_end_waited_for() -> None:
    weights = weigh(
        [
            span("play", start=0, took=100),
            span("fetch", "play", start=5, took=40, depth=1),
            span("disk", "fetch", start=10, took=30, depth=2),
            span("beside", "play", start=5, took=20, depth=1),
            span("encode", "play", start=46, took=50, depth=1),
        ]
    )
    assert weights.path == {"play", "fetch", "disk", "encode"}
    assert weights.slow == "encode", "it ran longest without waiting for anybody"


def test_what_ran_beside_the_path_is_not_slow_however_long() -> None:
    weights = weigh(
        [
            span("answer", start=0, took=50),
            span("work", "answer", start=1, took=48, depth=1),
            span("log", "answer", start=2, took=400, depth=1),  # goes on after the answer
        ]
    )
    assert weights.slow == "work"


def test_what_is_handed_on_ends_later_than_who_handed_it_on() -> None:
    weights = weigh(
        [
            span("ingest", start=0, took=1, kind="producer"),
            span("send", "ingest", start=0, took=1, depth=1),
            span("enhance", "send", start=60, took=5, depth=2, kind="consumer"),
            span("encode", "enhance", start=120, took=40, depth=3, kind="consumer"),
            span("log", "encode", start=158, took=400, depth=4),
            span("tally", "enhance", start=70, took=9, depth=3, kind="consumer"),
        ]
    )
    assert weights.path == {"ingest", "send", "enhance", "encode"}
    assert weights.slow == "encode"


def test_of_several_tops_the_longest_counts_and_none_is_nothing() -> None:
    weights = weigh([span("one", start=0, took=5), span("two", start=2, took=9)])
    assert weights.slow == "two"
    assert weigh([]).slow == ""


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), max_size=12))
def test_own_times_are_never_negative_nor_longer_than_the_span(
    given_children: list[tuple[int, int]],
) -> None:
    children = [
        span(str(number), "top", start=start, took=took, depth=1)
        for number, (start, took) in enumerate(given_children)
    ]
    weights = weigh([span("top", start=0, took=80), *children])
    assert 0 <= weights.own_ns["top"] <= 80
    assert weights.slow in weights.path
    assert "top" in weights.path
