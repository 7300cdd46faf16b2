"""A change is kept only where listening proves it."""

from dataclasses import replace

import numpy as np
import pytest

from auscult.performance.codec import Quality
from auscult.performance.codec.verdict import (
    Promise,
    Ruling,
    Sounding,
    expect_saving,
    judge_change,
    share_worse_off,
)

PROMISE = Promise(
    measure="bands",
    worst_scores=(4.6, 4.0),
    spreads=(0.05, 0.1),
    throughput_kbps=np.array([1000.0, 1000.0, 50.0]),
    curve=((32.0, 4.0), (64.0, 4.6), (128.0, 4.9)),
)


def heard(kbps: float, score: float, *, worst: float = 4.0, stream: str = "a") -> Sounding:
    return Sounding(stream, kbps, Quality("bands", score, worst, 0.0))


BEFORE = [heard(128, 4.9), heard(32, 4.0)]
GOOD = [heard(32, 4.02), heard(64, 4.58)]


def test_what_is_as_good_as_promised_and_cheaper_is_kept() -> None:
    found = judge_change(BEFORE, GOOD, PROMISE)
    assert found.ruling is Ruling.KEEP
    assert found.reasons == ()
    assert found.before_kbps == pytest.approx((128 + 128 + 32) / 3)
    assert found.saved_share == pytest.approx(1 - 160 / 288)


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        ([heard(64, 4.4), GOOD[0]], "at least 4.55"),
        ([heard(64, 4.6, worst=1.0), GOOD[0]], "worst channel"),
        ([heard(64, 4.6)], "1 renditions instead of 2"),
        ([Sounding("a", 64, None, "nothing was heard"), GOOD[0]], "nothing was heard"),
        ([], "not heard after"),
        ([heard(140, 4.9), GOOD[0]], "no bytes saved"),
        ([replace(GOOD[1], quality=Quality("zimtohrli", 4.9, 4.9, 0)), GOOD[0]], "zimtohrli"),
        ([replace(GOOD[1], quality=Quality("bands", 4.9, 4.9, 20)), GOOD[0]], "narrower"),
    ],
)
def test_everything_else_goes_back_with_its_reason(after: list[Sounding], reason: str) -> None:
    found = judge_change(BEFORE, after, PROMISE)
    assert found.ruling is Ruling.REVERT
    assert any(reason in one for one in found.reasons), found.reasons


def test_a_saving_is_expected_of_what_listeners_would_take() -> None:
    assert expect_saving(BEFORE, (64, 32), PROMISE.throughput_kbps) == pytest.approx(1 - 160 / 288)
    assert expect_saving([], (64, 32), PROMISE.throughput_kbps) == 0


@pytest.mark.parametrize(
    ("now_kbps", "throughput_kbps", "share"),
    [
        ((128,), (1000.0, 1000.0), 0.0),  # 64 is as good as needed
        ((128, 64), (1000.0, 90.0), 0.0),
        ((128, 48), (1000.0, 70.0), 0.5),  # the second carries 48 now, and would fall to 32
        ((128,), (1000.0, 70.0), 0.0),  # the second carries nothing now
        ((128, 38), (1000.0, 60.0), 0.0),  # 38 is what this programme makes of the rung of 32
    ],
)
def test_listeners_who_would_hear_less_than_now_are_counted(
    now_kbps: tuple[float, ...], throughput_kbps: tuple[float, ...], share: float
) -> None:
    promise = replace(PROMISE, throughput_kbps=np.array(throughput_kbps))
    before = [heard(kbps, 4.5) for kbps in now_kbps]
    assert share_worse_off(before, (64, 32), promise, needed=4.6) == share


def test_a_ladder_of_the_cheapest_step_alone_makes_everyone_worse_off() -> None:
    promise = replace(PROMISE, worst_scores=(4.0,), spreads=(0.05,))
    assert share_worse_off([heard(128, 4.9)], (32,), promise, needed=4.6) == pytest.approx(2 / 3)


def test_what_the_way_costs_is_not_laid_to_the_ladder() -> None:
    before = [heard(128, 4.4), heard(32, 3.5)]
    after = [heard(64, 4.12), heard(32, 3.5)]
    assert judge_change(before, after, PROMISE).ruling is Ruling.KEEP
    assert judge_change(BEFORE, after, PROMISE).ruling is Ruling.REVERT
    lost = [heard(128, 2.0), heard(32, 1.2)]
    assert "not known well enough" in judge_change(lost, after, PROMISE).reasons[0]
