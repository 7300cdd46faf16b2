"""The advice holds for every title, counts bytes by length, and offers nothing that is a waste."""

import numpy as np
import pytest

from auscult.kernel.errors import InputError
from auscult.performance.codec import Quality, Rung
from auscult.performance.codec.advice import Found, Title, Wishes, advise

REACH = np.array([40.0, 1_000.0])


def found(scores: dict[int, float]) -> Found:
    return {
        Rung("opus", kbps): (float(kbps), Quality("bands", score, score, 0.0))
        for kbps, score in scores.items()
    }


EASY = Title("easy", 300.0, (found({32: 4.2, 64: 4.8, 128: 5.0}),))
HARD = Title(
    "hard", 100.0, (found({32: 3.0, 64: 4.2, 128: 4.7}), found({32: 3.2, 64: 4.3, 128: 4.8}))
)


def test_every_title_keeps_what_the_worst_had_and_long_titles_count_more() -> None:
    found = advise([EASY, HARD], Wishes(REACH))
    assert found.needed == pytest.approx(4.7)
    easy, hard = (one.choice for one in found.titles)
    assert easy.rung == Rung("opus", 64)
    assert hard.is_kept
    assert found.saved_share == pytest.approx(1 - (64 * 300 + 128 * 100) / (128 * 400))
    assert found.titles[0].hull[0] == Rung("opus", 32)


def test_a_score_that_is_asked_for_bounds_the_ladder_too() -> None:
    found = advise([EASY, HARD], Wishes(REACH, needed=4.2))
    assert found.ladder is not None
    assert [step.rung.nominal_kbps for step in found.ladder.steps] == [32, 64]
    assert len(found.spreads) == 2
    assert found.spreads[1] == pytest.approx(float(np.std([4.8, 4.2, 4.3])))
    assert found.curve[0] == (32.0, 3.0)


def test_a_title_that_was_not_tried_at_the_fixed_rung_is_refused() -> None:
    with pytest.raises(InputError):
        advise([], Wishes(REACH))
    with pytest.raises(InputError, match="not tried"):
        advise([EASY, Title("cut", 1.0, (found({32: 4.0}),))], Wishes(REACH))
