"""The listener behind a tap hears what `playhead.play` says of the whole, stretch by stretch."""

import numpy as np
import pytest

from auscult.performance.lateness import play
from auscult.performance.lateness.taps import Ear


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_player_of_the_whole_one_stretch_at_a_time(seed: int) -> None:
    rng = np.random.default_rng(seed)
    length_s = rng.uniform(0.2, 2.0, 200)
    due_s = np.cumsum(length_s)
    arrived_s = np.maximum.accumulate(due_s + rng.exponential(2.0, 200) * (rng.random(200) < 0.3))
    whole = play(arrived_s, length_s, start_s=1.5, resume_s=1.5)
    ear = Ear(1.5)
    heard_s, stalls = np.full(200, np.nan), 0
    for number in range(200):
        begin_s = float(due_s[number] - length_s[number])
        ear.receive(begin_s, float(due_s[number]), at_s=float(arrived_s[number]))
        stalls = ear.stalls
        if ear.offset_s is not None:
            heard_s[number] = ear.offset_s + begin_s
    known = np.isfinite(heard_s)
    assert known.sum() > 100
    assert heard_s[known] == pytest.approx(whole.heard_at_s[known])
    assert stalls == len(whole.stalls)


def test_a_burst_stands_in_the_buffer_for_as_long_as_one_listens() -> None:
    ear = Ear(2.0)
    for number in range(20):  # ten seconds at once
        ear.receive(number / 2, number / 2 + 0.5, at_s=100.0)
    assert ear.offset_s == 100.0
    ear.join(10.0)
    for number in range(20, 26):  # and then as it is made
        ear.receive(number / 2, number / 2 + 0.5, at_s=90.5 + number / 2)
    assert ear.offset_s == pytest.approx(92.0)
    assert ear.stalls == 0
