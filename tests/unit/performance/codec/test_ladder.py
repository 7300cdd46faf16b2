"""The hull keeps what is worth having, guards come first, and savings are of real bytes."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.kernel.errors import InputError
from auscult.performance.codec import (
    Guards,
    Quality,
    Rung,
    Trial,
    find_hull,
    recommend,
    saved_share,
)
from auscult.performance.codec.titles import is_decent

POINTS = st.lists(st.tuples(st.integers(1, 300), st.integers(100, 500)), min_size=1, max_size=12)


def trial(item: str, kbps: int, score: float, *, worst: float = 4.0, loss_db: float = 0.0) -> Trial:
    return Trial(item, Rung("opus", kbps), float(kbps), Quality("bands", score, worst, loss_db))


@given(POINTS)
def test_no_point_lies_above_the_hull_and_it_bends_down(points: list[tuple[int, int]]) -> None:
    rate, score = np.array(points, dtype=np.float64).T
    hull = find_hull(rate, score)
    assert (np.diff(rate[hull]) > 0).all()
    assert (np.diff(score[hull]) > 0).all()
    slopes = np.diff(score[hull]) / np.diff(rate[hull])
    assert (np.diff(slopes) < 1e-9).all()
    reached = np.interp(rate, rate[hull], score[hull])
    inside = rate >= rate[hull[0]]
    assert (score[inside] <= reached[inside] + 1e-9).all()
    assert rate[hull[0]] == rate.min()
    assert score[hull[-1]] == score.max()


def test_columns_that_do_not_belong_together_have_no_hull() -> None:
    assert find_hull(np.zeros(0), np.zeros(0)) == []
    with pytest.raises(InputError):
        find_hull(np.ones(2), np.ones(3))
    with pytest.raises(InputError):
        find_hull(np.array([1.0, np.nan]), np.ones(2))


@given(POINTS, st.lists(st.integers(1, 500), min_size=1, max_size=30), st.integers(1, 4))
def test_no_other_choice_of_steps_scores_better(
    points: list[tuple[int, int]], throughput: list[int], steps: int
) -> None:
    by_rate = {rate: score / 100 for rate, score in points}
    trials = [trial("one", rate, score) for rate, score in by_rate.items()]
    reach = np.array(throughput, dtype=np.float64)
    guards = Guards(channel_min=0, headroom=1.0)
    found = recommend(trials, reach, steps=steps, guards=guards)
    rates = np.array(sorted(by_rate), dtype=np.float64)
    hull = find_hull(rates, np.array([by_rate[int(rate)] for rate in rates]))
    others = [
        _score_of([int(rates[at]) for at in (hull[0], *rest)], by_rate, reach)
        for size in range(min(steps, len(hull)))
        for rest in combinations(hull[1:], size)
    ]
    assert found.score == pytest.approx(max(others))
    assert len(found.steps) <= steps
    assert found.starved_share == pytest.approx(float(np.mean(reach < rates[0])))


def _score_of(ladder: list[int], by_rate: dict[int, float], reach: np.ndarray) -> float:
    played = [max([rate for rate in ladder if rate <= has], default=ladder[0]) for has in reach]
    return float(np.mean([by_rate[rate] for rate in played]))


def test_the_worst_item_decides_not_the_mean() -> None:
    trials = [trial("easy", 64, 4.9), trial("easy", 128, 5.0)]
    trials += [trial("hard", 64, 2.0), trial("hard", 128, 4.0)]
    found = recommend(trials, np.array([1_000.0]), steps=1)
    assert [step.worst_score for step in found.steps] == [2.0]
    both = recommend(trials, np.array([1_000.0]), steps=2)
    assert [step.worst_score for step in both.steps] == [2.0, 4.0]
    assert both.mean_kbps == 128


@pytest.mark.parametrize("harm", [{"worst": 1.5}, {"loss_db": 12.0}])
def test_a_guard_refuses_what_ruins_one_item_however_it_scores(harm: dict[str, float]) -> None:
    trials = [trial("a", 32, 5.0), trial("a", 64, 4.0)]
    trials += [trial("b", 32, 5.0, **harm), trial("b", 64, 4.0)]
    assert not is_decent(trials[2], Guards())
    found = recommend(trials, np.array([100.0]))
    assert [step.rung.nominal_kbps for step in found.steps] == [64]
    assert found.refused == (Rung("opus", 32),)
    with pytest.raises(InputError, match="guards"):
        recommend(trials[2:3], np.array([100.0]))


def test_savings_are_of_real_bytes_at_the_worst_items_score() -> None:
    trials = [trial("easy", 64, 4.2), trial("easy", 128, 4.8)]
    trials += [trial("hard", 64, 3.0), trial("hard", 128, 4.1)]
    assert saved_share(trials, Rung("opus", 128)) == pytest.approx(0.25)
    ruined = [trial("easy", 64, 4.2, worst=1.0), *trials[1:]]
    assert saved_share(ruined, Rung("opus", 128)) == 0.0


def test_trials_that_do_not_belong_together_are_refused() -> None:
    reach = np.array([100.0])
    uneven = [trial("a", 32, 4.0), trial("a", 64, 4.0), trial("b", 32, 4.0)]
    other = Trial("b", Rung("opus", 32), 32.0, Quality("zimtohrli", 4.0, 4.0, 0.0))
    for trials in ([], uneven, [uneven[0], other]):
        with pytest.raises(InputError):
            recommend(trials, reach)
    with pytest.raises(InputError):
        saved_share(uneven[:2], Rung("opus", 128))
    for throughput, steps in ((np.zeros(0), 4), (np.array([np.nan]), 4), (reach, 0)):
        with pytest.raises(InputError):
            recommend(uneven[:2], throughput, steps=steps)
