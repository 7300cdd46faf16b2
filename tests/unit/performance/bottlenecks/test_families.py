"""Own times: what children leave, whatever the clocks of their hosts say."""

import numpy as np
import pytest

from auscult.performance.bottlenecks.journeys.families import find_kin, measure_own
from auscult.performance.bottlenecks.journeys.pool import Spans, read_spans
from auscult.signals.traces import Names, build_trace, weigh
from auscult.signals.traces.book import Kept
from tests.unit.performance.bottlenecks.telling import CONSUMER, NOW_MS, Told, columns


def read(*spans: Told) -> Spans:
    return read_spans(columns(Names(), spans), now_ms=NOW_MS)


def own_s(*spans: Told) -> list[float]:
    told = read(*spans)
    own = measure_own(told, told, find_kin(told, told)) / 1e9
    return [round(float(one), 6) for one in own]


def test_children_that_overlap_are_taken_away_once() -> None:
    parent = Told(1, 1, 0, "a", 0.0, 1.0)
    inner = [
        Told(1, 2, 1, "b", 0.1, 0.4),
        Told(1, 3, 1, "c", 0.3, 0.3),
        Told(1, 4, 2, "c", 0.2, 0.1),
    ]
    assert own_s(parent, *inner) == [0.5, 0.3, 0.3, 0.1]


@pytest.mark.parametrize("skew_s", [0.0, 3_600.0, -3_600.0, 0.95])
def test_a_clock_that_is_wrong_by_an_hour_changes_nothing(skew_s: float) -> None:
    assert own_s(Told(1, 1, 0, "a", 0.0, 1.0), Told(1, 2, 1, "b", 0.2 + skew_s, 0.6)) == [0.4, 0.6]


def test_a_callee_that_works_on_after_the_caller_gave_up_takes_no_more_than_there_is() -> None:
    assert own_s(Told(1, 1, 0, "a", 0.0, 2.0), Told(1, 2, 1, "b", 0.5, 9.0)) == [0.5, 9.0]
    assert own_s(Told(1, 1, 0, "a", 0.0, 2.0), Told(1, 2, 1, "b", 7_000.0, 9.0)) == [0.0, 9.0]


def test_who_takes_up_what_was_handed_on_works_for_himself() -> None:
    spans = (Told(1, 1, 0, "a", 0.0, 1.0), Told(1, 2, 1, "b", 0.2, 0.6, CONSUMER))
    assert own_s(*spans) == [1.0, 0.6]


def test_missing_parents_other_traces_and_rings_are_no_families() -> None:
    lost = Told(1, 2, 99, "b", 0.0, 1.0)
    stranger = Told(2, 3, 2, "c", 0.0, 1.0)
    itself = Told(1, 4, 4, "d", 0.0, 1.0)
    assert own_s(lost, stranger, itself) == [1.0, 1.0, 1.0]
    same_ids = [Told(n, span, span - 1, "a", 0.0, 3.0 - span) for n in (1, 2) for span in (1, 2)]
    assert own_s(*same_ids) == [1.0, 1.0, 1.0, 1.0], "some number the spans of each trace anew"


def test_own_times_are_those_that_the_page_of_a_trace_shows() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        spans = [Told(1, 1, 0, "s0", 0.0, 10.0)]
        for number in range(2, 20):
            above = spans[int(rng.integers(len(spans)))]
            begin_s = above.begin_s + rng.uniform(0, above.lasts_s)
            lasts_s = rng.uniform(0, above.begin_s + above.lasts_s - begin_s)
            spans.append(Told(1, number, above.span, f"s{rng.integers(4)}", begin_s, lasts_s))
        names = Names()
        body = columns(names, spans)
        shown = build_trace((Kept(body, NOW_MS),), names, body.trace[0].tobytes())
        weights = weigh(shown.spans)
        ids = [one.tobytes().hex() for one in body.span]
        assert own_s(*spans) == [pytest.approx(weights.own_ns[one] / 1e9, abs=1e-5) for one in ids]
