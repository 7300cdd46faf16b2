"""The scorer's pass over the columns: the same whatever the batches, deaf to one outlier."""

import numpy as np
import pytest
from numpy.typing import NDArray

from auscult.detection.scoring.columns import BLOCK, READY, Columns
from auscult.detection.scoring.scorer import Scorer
from auscult.detection.scoring.seasons import Seasons

SECOND_MS = 1000
HEARD = 6.0


def make_scorer(series: int = 8) -> tuple[Columns, Scorer]:
    columns = Columns(series)
    return columns, Scorer(columns, Seasons())


def feed(scorer: Scorer, values: NDArray[np.float64], *, begin_s: int = 1, step_s: int = 1) -> None:
    """values: (seconds, series); NaN is no sample."""
    slots = np.arange(values.shape[1], dtype=np.int32)
    for row, value in enumerate(values):
        at_ms = np.full(slots.size, (begin_s + row * step_s) * SECOND_MS, dtype=np.int64)
        scorer.update(slots, at_ms, value)


def one(values: list[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64)[:, None]


def test_the_order_of_a_batch_and_its_cuts_change_nothing() -> None:
    rng = np.random.default_rng(1)
    values = rng.lognormal(0, 0.5, (90, 50))
    in_order, by_row = make_scorer(50)
    feed(by_row, values)
    shuffled, scorer = make_scorer(50)
    for row, value in enumerate(values):
        order = rng.permutation(50)
        at_ms = np.full(50, (row + 1) * SECOND_MS, dtype=np.int64)
        scorer.update(order.astype(np.int32), at_ms, value[order])
    at_once, whole = make_scorer(50)
    slots = np.tile(np.arange(50, dtype=np.int32), 90)
    whole.update(slots, np.repeat(np.arange(1, 91) * SECOND_MS, 50), values.ravel())
    for name in ("level", "above", "below", "smooth", "evidence", "seen", "last"):
        expected = getattr(in_order, name)
        np.testing.assert_array_equal(getattr(shuffled, name), expected, err_msg=name)
        np.testing.assert_array_equal(getattr(at_once, name), expected, err_msg=name)


def test_memory_follows_the_order_of_the_samples_and_changes_no_score() -> None:
    rng = np.random.default_rng(2)
    values = rng.lognormal(0, 0.5, (40, 50))
    plain, still = make_scorer(50)
    still.columns.lay = lambda *, by_column: None  # type: ignore[method-assign]
    moving, scorer = make_scorer(50)
    for row, value in enumerate(values):
        scattered = row // 10 % 2
        order = rng.permutation(50) if scattered else np.arange(50)
        at_ms = np.full(50, (row + 1) * SECOND_MS, dtype=np.int64)
        for each in (still, scorer):
            each.update(order.astype(np.int32), at_ms, value[order])
        if row % 10 == 9:
            assert moving.by_column != scattered
            moving.reserve(moving.capacity + 1)
    assert not plain.by_column
    for name in BLOCK:
        expected = getattr(plain, name)[:50]
        np.testing.assert_array_equal(getattr(moving, name)[:50], expected, err_msg=name)


def test_slots_whose_first_and_last_seem_adjacent_are_not_taken_for_a_run() -> None:
    columns, scorer = make_scorer(10)
    slots = np.array([2, 9, 4], dtype=np.int32)  # 4 - 2 == 3 - 1, and yet no run
    scorer.update(slots, np.full(3, 1000, dtype=np.int64), np.array([2.0, 9.0, 4.0]))
    assert columns.last[[2, 9, 4]].tolist() == [2.0, 9.0, 4.0]
    assert columns.last[3] == 0


def test_a_series_speaks_after_sixty_samples() -> None:
    columns, scorer = make_scorer(1)
    feed(scorer, one(np.full(59, 3.0)))
    assert not columns.flags[0] & READY
    feed(scorer, one([3.0, 3.0]), begin_s=60)
    assert columns.flags[0] & READY


@pytest.mark.parametrize("idle_s", [5, 30, 45])
def test_what_begins_to_work_while_it_is_learnt_is_no_fault(idle_s: int) -> None:
    rng = np.random.default_rng(idle_s)
    busy_s = 240 - idle_s
    bursts = np.where(np.arange(busy_s) % 2 == 0, 165_000 + rng.normal(0, 3_000, busy_s), 0)
    steady = 83_000 + rng.normal(0, 1_500, busy_s)
    idle = np.zeros((idle_s, 3))
    columns, scorer = make_scorer(3)
    columns.quantum[:2] = -1.0  # counters
    strongest, heard = 0.0, np.zeros(3, dtype=bool)
    busy = np.column_stack([bursts, steady, rng.poisson(3, busy_s)])
    for second, row in enumerate(np.vstack([idle, busy])):
        feed(scorer, row[None], begin_s=second + 1)
        heard = (columns.flags[:3] & READY) > 0
        strongest = max(strongest, float((columns.evidence[:3] * heard).max()))
    assert heard.all()
    assert strongest < 4
    feed(scorer, np.zeros((10, 3)), begin_s=241)
    assert columns.evidence[1] > HEARD, "and that it stops is a fault"


@pytest.mark.parametrize("idle_s", [1, 5, 20])
def test_bursts_that_become_an_even_flow_are_no_fault(idle_s: int) -> None:
    """Segments of two seconds seen each second: one scrape finds two of them, the next one none."""
    rng = np.random.default_rng(idle_s)
    columns, scorer = make_scorer(100)
    columns.quantum[:100] = -1.0
    bursts = 768_000.0 * rng.integers(0, 2, (80, 100))
    feed(scorer, np.vstack([np.zeros((idle_s, 100)), bursts]))
    assert (columns.flags[:100] & READY).mean() > 0.8
    strongest = 0.0
    for second in range(20):
        feed(scorer, 384_000 + rng.normal(0, 3_000, (1, 100)), begin_s=81 + idle_s + second)
        strongest = max(strongest, float(columns.evidence[:100].max()))
    assert strongest < HEARD


def test_what_is_no_number_is_no_sample() -> None:
    columns, scorer = make_scorer(3)
    feed(scorer, np.array([[1.0, np.nan, np.inf], [1.0, -np.inf, 1e300]]))
    assert columns.seen.tolist() == [2.0, 0.0, 1.0]
    assert all(np.isfinite(getattr(columns, name)).all() for name in ("level", "smooth", "last"))


def test_one_outlier_is_no_evidence_and_six_in_a_row_are() -> None:
    rng = np.random.default_rng(2)
    columns, scorer = make_scorer(1)
    feed(scorer, one(rng.normal(100, 5, 300)))
    feed(scorer, one([100_000.0]), begin_s=301)
    assert columns.evidence[0] < HEARD / 2
    feed(scorer, one(np.full(5, 100_000.0)), begin_s=302)
    assert columns.evidence[0] > HEARD
    assert columns.level[0] < 130, "a fault is not learnt"


def test_a_first_flicker_of_a_constant_is_no_evidence() -> None:
    columns, scorer = make_scorer(3)
    flat = np.tile([0.0, 12.0, 1024.0], (300, 1))
    feed(scorer, flat)
    feed(scorer, np.tile([0.001, 13.0, 1030.0], (3, 1)), begin_s=301)
    assert columns.evidence.max() < 2


@pytest.mark.parametrize("errors", [5, 20])
def test_a_counter_that_never_moved_is_heard_within_six_samples(errors: int) -> None:
    columns, scorer = make_scorer(1)
    columns.quantum[0] = -1.0  # one event a second, as `Watch.learn` sets it for counters
    feed(scorer, one(np.zeros(75)))
    feed(scorer, one(np.random.default_rng(3).poisson(errors, 6).astype(float)), begin_s=76)
    assert columns.evidence[0] > HEARD


def test_a_gap_widens_the_band_but_forgets_nothing() -> None:
    rng = np.random.default_rng(4)
    columns, scorer = make_scorer(1)
    feed(scorer, one(rng.normal(100, 5, 600)))
    level = float(columns.level[0])
    feed(scorer, one([70.0] * 8), begin_s=700)
    assert columns.flags[0] & READY
    assert columns.seen[0] < 60
    after_gap = float(columns.evidence[0])
    columns_2, scorer_2 = make_scorer(1)
    feed(scorer_2, one(np.random.default_rng(4).normal(100, 5, 600)))
    feed(scorer_2, one([70.0] * 8), begin_s=601)
    assert after_gap < float(columns_2.evidence[0])
    assert abs(float(columns.level[0]) - level) < 20


def test_a_slow_series_learns_as_a_fast_one() -> None:
    rng = np.random.default_rng(5)
    values = one(rng.normal(50, 4, 200))
    fast, scorer = make_scorer(1)
    feed(scorer, values)
    slow, other = make_scorer(1)
    feed(other, values, step_s=3600)
    assert slow.interval_s[0] == pytest.approx(3600)
    assert slow.level[0] == pytest.approx(float(fast.level[0]), rel=0.02)
    feed(other, one([500.0, 500.0]), begin_s=200 * 3600 + 1, step_s=3600)
    assert slow.evidence[0] > HEARD * 0.75, "two samples of an hour are as good as many of a second"


def test_a_season_speaks_after_one_recorded_day_and_not_before() -> None:
    columns = Columns(1)
    seasons = Seasons()
    scorer = Scorer(columns, seasons)
    rng = np.random.default_rng(6)
    hours = np.arange(24 * 6)
    busy = np.where((hours % 24 >= 8) & (hours % 24 < 18), 100.0, 10.0)
    worst: list[float] = []
    for hour in hours:
        at_ms = np.array([hour * 3_600_000], dtype=np.int64)
        scorer.update(np.zeros(1, np.int32), at_ms, np.array([busy[hour] + rng.normal(0, 2)]))
        seasons.begin(columns, 1)
        worst.append(float(columns.evidence[0]))
        spoke = seasons.offsets(columns, np.zeros(1, np.int64), at_ms) is not None
        assert spoke == (hour >= 6 + 24 - 1)
    assert seasons.used == 1
    assert max(worst[-48:]) < HEARD * 0.75, "mornings are no news"


def test_a_day_of_office_hours_is_usual_from_the_second_on_and_a_silent_one_is_not() -> None:
    columns = Columns(1)
    seasons = Seasons()
    scorer = Scorer(columns, seasons)
    rng = np.random.default_rng(8)
    step_s, days = 300, 7
    at_s = np.arange(0, days * 86_400, step_s)
    hour = at_s % 86_400 / 3600
    value = np.where((hour >= 9) & (hour < 18), 80.0, 20.0) + rng.normal(0, 1, at_s.size)
    value[at_s >= (days - 1) * 86_400] = 20.0
    evidence = []
    for second, now in zip(at_s.tolist(), value.tolist(), strict=True):
        at_ms = np.array([(second + 1) * SECOND_MS], dtype=np.int64)
        scorer.update(np.zeros(1, np.int32), at_ms, np.array([now]))
        seasons.begin(columns, 1)
        evidence.append(float(columns.evidence[0]))
    known = np.array(evidence)[(at_s >= 2 * 86_400) & (at_s < (days - 1) * 86_400)]
    silent = np.array(evidence)[at_s >= (days - 1) * 86_400]
    assert known.max() < HEARD * 0.75, "what comes every day is usual"
    assert silent.max() > HEARD, "and its absence is not"


def test_a_spike_of_one_slow_sample_is_evidence_even_if_the_series_wanders() -> None:
    rng = np.random.default_rng(9)
    columns, scorer = make_scorer(1)
    walk = 500 + 200 * np.sin(np.arange(2000) / 100) + rng.normal(0, 10, 2000)
    feed(scorer, one(walk), step_s=60)
    before = float(columns.evidence[0])
    feed(scorer, one([walk[-1] + 800]), begin_s=2000 * 60, step_s=60)
    assert before < 2
    assert columns.evidence[0] > HEARD / 2
    fast, other = make_scorer(1)
    feed(other, one(walk))
    feed(other, one([walk[-1] + 800]), begin_s=2001)
    assert fast.evidence[0] < HEARD / 2, "of one second it would be one outlier"


def test_errors_that_come_back_are_heard_again() -> None:
    rng = np.random.default_rng(10)
    columns, scorer = make_scorer(1)
    columns.quantum[0] = -1.0
    calm = one(np.zeros(200))
    feed(scorer, calm)
    for burst in range(3):
        columns.gate[0] = 1
        begin_s = 201 + burst * 250
        feed(scorer, one(rng.poisson(8, 6).astype(float)), begin_s=begin_s)
        heard = float(columns.evidence[0])
        assert heard > HEARD, burst
        columns.gate[0] = 0.02  # as with an open finding
        feed(scorer, one(rng.poisson(8, 40).astype(float)), begin_s=begin_s + 6)
        feed(scorer, one(np.zeros(5)), begin_s=begin_s + 46)
        columns.gate[0] = 1
        feed(scorer, calm[:199], begin_s=begin_s + 51)
