"""A change is kept only where listening proves it."""

from dataclasses import replace

import numpy as np
import pytest

from auscult.performance.codec import Quality
from auscult.performance.codec.verdict import Promise, Ruling, Sounding, judge_change

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


def test_what_the_way_costs_is_not_laid_to_the_ladder() -> None:
    before = [heard(128, 4.4), heard(32, 3.5)]
    after = [heard(64, 4.12), heard(32, 3.5)]
    assert judge_change(before, after, PROMISE).ruling is Ruling.KEEP
    assert judge_change(BEFORE, after, PROMISE).ruling is Ruling.REVERT
    lost = [heard(128, 2.0), heard(32, 1.2)]
    assert "not known well enough" in judge_change(lost, after, PROMISE).reasons[0]
