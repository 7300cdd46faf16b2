"""What is usual is learnt; a change is told once it means something, and quiet stays quiet."""

import numpy as np
import pytest

from auscult.performance.bottlenecks.usual.changes import (
    LIMIT,
    NEW_USUAL_MS,
    UNSEEN_MS,
    Changes,
    Seen,
)
from auscult.performance.bottlenecks.usual.habits import Habits, bin_of, means, quantiles
from tests.unit.performance.bottlenecks.telling import NOW_MS

ROW = np.zeros(1, dtype=np.intp)


def learnt(values_s: np.ndarray, *, seconds: int = 60) -> Habits:
    habits = Habits()
    habits.grow(1)
    for second, part in enumerate(np.array_split(values_s, seconds)):
        rows = np.zeros(len(part), dtype=np.intp)
        habits.learn(rows, bin_of(part), now_ms=NOW_MS + second * 1_000)
    habits.settle()
    return habits


def test_quantiles_and_means_are_those_of_the_values() -> None:
    values_s = np.random.default_rng(1).lognormal(-3, 0.8, 20_000)
    counts = learnt(values_s).counts
    for share in (0.05, 0.5, 0.95):
        assert quantiles(counts, share)[0] == pytest.approx(np.quantile(values_s, share), rel=0.15)
    assert means(counts)[0] == pytest.approx(values_s.mean(), rel=0.05)
    assert np.isnan(quantiles(np.zeros((1, counts.shape[1])), 0.5)[0])


@pytest.mark.parametrize("spread", [0.02, 0.3, 1.0])
def test_scores_of_usual_values_are_normal_and_odd_ones_high(spread: float) -> None:
    rng = np.random.default_rng(2)
    habits = learnt(rng.lognormal(-3, spread, 20_000))
    usual = bin_of(rng.lognormal(-3, spread, 5_000))
    scores = habits.score(np.zeros(5_000, dtype=np.intp), usual)
    assert abs(scores.mean()) < 0.15
    odd = bin_of(np.array([np.exp(-3 + 6 * max(spread, 0.3))]))
    assert habits.score(ROW, odd)[0] > 3.5


def test_a_place_of_hits_and_misses_finds_neither_odd() -> None:
    values_s = np.where(np.arange(10_000) % 10 == 0, 0.5, 0.001)
    habits = learnt(values_s)
    assert habits.score(ROW, bin_of(np.array([0.5])))[0] < 2
    assert habits.score(ROW, bin_of(np.array([5.0])))[0] > 4


class Place:
    """One place, looked at once a second: lognormal values around 0.1 s, felt from 0.02 s more."""

    def __init__(self, seed: int = 1) -> None:
        self.rng = np.random.default_rng(seed)
        self.changes = Changes()
        self.changes.grow(1)
        self.at_s = 0

    def see(self, seconds: int, *, score: float = 0.0, mean_s: float = 0.1, n: int = 5) -> None:
        for _ in range(seconds):
            self.at_s += 1
            mean_score = score + self.rng.normal(0, 1 / np.sqrt(n))
            one = [np.array([value]) for value in (float(n), mean_score, mean_s)]
            seen = Seen(ROW, *one)
            usual, felt = np.array([0.1]), np.array([0.02])
            self.changes.step(seen, usual, felt, now_ms=NOW_MS + self.at_s * 1_000)

    def is_alarmed(self) -> bool:
        return bool(self.changes.alarmed[0])


def test_a_change_alarms_and_ends_when_it_is_over() -> None:
    place = Place()
    place.see(100)
    place.see(4, score=3, mean_s=1.5)
    assert not place.is_alarmed(), "nothing is believed within the first seconds"
    place.see(4, score=3, mean_s=1.5)
    assert place.is_alarmed()
    place.see(60, score=3, mean_s=1.5)
    assert place.is_alarmed()
    place.see(25)
    assert not place.is_alarmed()


def test_a_small_change_must_last_longer() -> None:
    place = Place()
    place.see(100)
    place.see(12, score=3, mean_s=0.25)
    assert not place.is_alarmed()
    place.see(8, score=3, mean_s=0.25)
    assert place.is_alarmed()


def test_what_no_request_feels_is_never_told() -> None:
    place = Place()
    place.see(200, score=3, mean_s=0.115)
    assert place.changes.evidence[0] > LIMIT
    assert not place.is_alarmed()


def test_a_restless_place_has_to_rise_higher() -> None:
    place = Place()
    place.see(100)
    for _ in range(6):  # it rises for some seconds by itself, again and again
        place.see(4, score=3, mean_s=0.4)
        place.see(60)
    assert not place.is_alarmed()
    assert place.changes.limit(ROW)[0] > LIMIT
    before = place.changes.limit(ROW)[0]
    place.see(30, score=3, mean_s=0.4)
    assert place.is_alarmed()
    place.see(40)
    assert not place.is_alarmed()
    assert place.changes.limit(ROW)[0] > before, "a short alarm teaches as well"


def test_an_alarm_of_which_nothing_more_is_seen_ends_and_one_of_hours_is_usual() -> None:
    place = Place()
    place.see(100)
    place.see(20, score=3, mean_s=1.5)
    now_ms = NOW_MS + place.at_s * 1_000
    assert place.changes.expire(now_ms + UNSEEN_MS) == []
    assert place.is_alarmed()
    assert place.changes.expire(now_ms + UNSEEN_MS + 1) == []
    assert not place.is_alarmed()
    place.see(20, score=3, mean_s=1.5)
    place.changes.seen_ms[0] = now_ms + NEW_USUAL_MS + 60_000
    assert place.changes.expire(now_ms + NEW_USUAL_MS + 60_000) == [0]


@pytest.mark.parametrize("seed", range(5))
def test_quiet_days_stay_quiet(seed: int) -> None:
    """A place that sees chance alone, once a second for two days, and is always slow enough."""
    rng = np.random.default_rng(seed)
    changes = Changes()
    size = 200
    changes.grow(size)
    rows, many = np.arange(size), np.full(size, 4.0)
    usual, felt, slow = np.full(size, 0.1), np.full(size, 0.02), np.full(size, 0.5)
    for second in range(800):  # 200 places of 800 s each are 44 hours of one
        scores = rng.normal(0, 0.5, size)
        changes.step(Seen(rows, many, scores, slow), usual, felt, now_ms=NOW_MS + second * 1_000)
        assert not changes.alarmed.any()
