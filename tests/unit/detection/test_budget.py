"""The budget's threshold is what its formula says, and normal time moves it."""

import numpy as np
import pytest

from auscult.detection.budget import Budget, combine, looks_of
from auscult.detection.scoring.calibrator import calibrate


def test_without_history_the_threshold_is_looks_over_pages() -> None:
    budget = Budget(pages_per_week=2.0, looks_per_week=2e6)
    assert budget.threshold == pytest.approx(2 + 0.6 * np.log(1e4))
    generous = Budget(pages_per_week=20.0, looks_per_week=2e6)
    assert generous.threshold == pytest.approx(2 + 0.6 * np.log(1e3))


def test_what_groups_reach_in_normal_time_raises_it_and_calm_lowers_it() -> None:
    def after(peak: float, calm_s: int) -> float:
        budget = Budget(pages_per_week=2.0, looks_per_week=2e6)
        now_ms = 0
        for _ in range(200):
            now_ms += calm_s * 1000
            budget.learn(np.array([1]), np.array([peak]), now_ms=now_ms, opened=set())
            budget.learn(np.array([1]), np.array([0.0]), now_ms=now_ms, opened=set())
        return budget.threshold

    assert after(5.0, 1) > after(2.5, 1) > after(2.5, 60)


def test_time_with_a_page_open_is_not_normal() -> None:
    budget = Budget(looks_per_week=2e6)
    before = budget.threshold
    for second in range(1000):
        budget.learn(np.array([1]), np.array([second % 2 * 9.0]), now_ms=second * 1000, opened={1})
    assert budget.threshold == before
    assert budget.weeks == 0


def test_a_group_that_pages_again_and_again_must_bring_ever_more() -> None:
    budget = Budget(looks_per_week=1000.0, interval_s=300.0)
    both, none = np.array([1, 2]), np.zeros(0)
    now_ms, needed = 1, [float(budget.needed(both)[0])]
    budget.learn(none.astype(np.int64), none, now_ms=now_ms, opened=set())
    for _ in range(8):
        for opened in ({1}, set[int]()):
            now_ms += 300_000
            budget.learn(none.astype(np.int64), none, now_ms=now_ms, opened=opened)
        needed.append(float(budget.needed(both)[0]))
    assert budget.paged == 8
    assert needed[8] - needed[4] > 3
    assert budget.needed(both)[1] == budget.threshold, "its neighbours pay nothing"
    for _ in range(12 * 24 * 21):  # three weeks
        now_ms += 300_000
        budget.learn(none.astype(np.int64), none, now_ms=now_ms, opened=set())
    assert budget.needed(both)[0] == budget.threshold


def test_an_hour_between_two_samples_is_an_hour_of_normal_time() -> None:
    budget = Budget(interval_s=3600.0)
    none = np.zeros(0)
    for hour in range(1, 170):
        budget.learn(none.astype(np.int64), none, now_ms=hour * 3_600_000, opened=set())
    assert budget.weeks == pytest.approx(1.0)


def test_a_group_ranks_by_its_strongest_and_a_little_company() -> None:
    groups = np.array([7, 3, 7, 3, 3])
    evidence = np.array([5.0, 6.0, 5.0, 0.5, 0.5])
    ranked, total = combine(groups, evidence, np.array([10, 1, 10, 1, 1]))
    assert ranked.tolist() == [3, 7]
    np.testing.assert_allclose(total, [6.0, 5.0 + 4.0 / 4 - 1.0])
    assert combine(groups[:0], evidence[:0], groups[:0])[0].size == 0


def test_looks_are_counted_per_group_and_not_per_series() -> None:
    fast = looks_of(np.zeros(50, dtype=np.int64), np.ones(50, dtype=np.float32))
    assert fast == pytest.approx(604_800 * 0.2)
    hourly = looks_of(np.array([4]), np.array([3600.0], dtype=np.float32))
    assert 100 < hourly < 168


def test_a_series_with_a_heavy_tail_is_believed_less() -> None:
    rng = np.random.default_rng(1)
    honest = rng.exponential(1 / np.log(10), 400_000)
    boasting = honest * 2
    for nominal, scale in ((honest, 1.0), (boasting, 0.5)):
        tail = np.array([np.maximum(nominal - 1, 0).mean()], dtype=np.float32)
        assert calibrate(np.array([8.0], np.float32), tail)[0] == pytest.approx(8 * scale, rel=0.03)
    assert calibrate(np.array([8.0], np.float32), np.zeros(1, np.float32))[0] == pytest.approx(8)
