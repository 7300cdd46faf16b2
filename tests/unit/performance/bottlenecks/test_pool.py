"""The pool holds spans until their children came, each once, within its bounds."""

from auscult.performance.bottlenecks.journeys import pool as pools
from auscult.performance.bottlenecks.journeys.pool import Pool
from auscult.signals.traces import Names
from tests.unit.performance.bottlenecks.telling import NOW_MS, Told, columns

NAMES = Names()


def some(count: int, *, trace: int = 0, first: int = 1) -> list[Told]:
    """Spans of a trace each, or all of one."""
    return [Told(trace or at, at, 0, "a", 0.0, 1.0) for at in range(first, first + count)]


def test_a_span_is_due_once_after_it_was_held() -> None:
    pool = Pool()
    pool.add([columns(NAMES, some(3))], now_ms=NOW_MS)
    assert pool.take_due(NOW_MS + pool.hold_ms - 1) is None
    due = pool.take_due(NOW_MS + pool.hold_ms)
    assert due is not None
    assert len(due) == 3
    assert pool.take_due(NOW_MS + 2 * pool.hold_ms) is None
    assert len(pool) == 3, "children that come later still find it"


def test_what_comes_twice_counts_once() -> None:
    pool = Pool()
    pool.add([columns(NAMES, [*some(3), *some(2)])], now_ms=NOW_MS)
    pool.add([columns(NAMES, some(4))], now_ms=NOW_MS + 1_000)
    assert (len(pool), pool.twice) == (4, 5)


def test_it_waits_as_long_as_children_are_late() -> None:
    def settled_ms(late_s: int) -> int:
        pool = Pool()
        for second in range(300):
            now_ms = NOW_MS + second * 1_000
            parent = Told(second + 101, 1, 0, "a", 0.0, 1.0)
            child = Told(second + 101 - late_s, 2, 1, "b", 0.0, 0.5)
            pool.add([columns(NAMES, [parent, child])], now_ms=now_ms)
            pool.take_due(now_ms)
        return pool.hold_ms

    assert settled_ms(0) < 2_200
    assert 5_000 <= settled_ms(4) <= 7_000
    assert settled_ms(20) == pools.HOLD_MS_MAX


def test_of_too_many_spans_whole_traces_are_left_out() -> None:
    pool = Pool(spans_max=3_000)
    for second in range(30):
        first = second * 1_000 * 4
        spans = [Told(first + at // 4, first + at + 1, 0, "a", 0.0, 1.0) for at in range(1_000)]
        pool.add([columns(NAMES, spans)], now_ms=NOW_MS + second * 1_000)
    assert 0.1 < pool.share < 0.3
    assert len(pool) <= 3_000 + 1_000
    kept = pool.all()
    assert kept is not None
    sizes = [0] * 200_000
    for trace in kept.trace[:, 0].tolist():
        sizes[trace] += 1
    assert set(sizes) == {0, 4}, "a trace is looked at whole, or not at all"
    assert pool.left_out > 0


def test_one_trace_of_a_million_spans_does_not_hide_the_others() -> None:
    pool = Pool()
    pool._looked_ms = NOW_MS - 60_000  # it was quiet until now
    giant = some(pools.LOOK_SPANS_MAX + 1_000, trace=77)
    pool.add([columns(NAMES, giant), columns(NAMES, some(100, first=10**6))], now_ms=NOW_MS)
    kept = pool.all()
    assert kept is not None
    assert (kept.trace[:, 0] == 77).sum() == pools.TRACE_SPANS_MAX
    assert (kept.trace[:, 0] != 77).sum() == 100


def test_what_is_old_is_forgotten() -> None:
    pool = Pool()
    for second in range(200):
        pool.add([columns(NAMES, some(10, first=10 * second + 1))], now_ms=NOW_MS + second * 1_000)
        pool.take_due(NOW_MS + second * 1_000)
    assert len(pool) <= 10 * 61
    assert 49_000 <= pool.reach_ms(NOW_MS + 199_000) <= 61_000
