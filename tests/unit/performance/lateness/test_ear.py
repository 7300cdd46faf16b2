"""The listener behind a tap hears what a player does that is stepped from piece to piece."""

import numpy as np
import pytest
from numpy.typing import NDArray

from auscult.performance.lateness.taps import Ear

Doubles = NDArray[np.float64]


def hear(ear: Ear, arrived_s: Doubles, length_s: Doubles) -> Doubles:
    """Return when each piece is heard, as the ear says once it has it; NaN where it does not."""
    end_s, heard_s = np.cumsum(length_s), np.full(arrived_s.size, np.nan)
    for piece, at_s in enumerate(arrived_s):
        begin_s = float(end_s[piece] - length_s[piece])
        ear.receive(begin_s, float(end_s[piece]), at_s=float(at_s))
        if ear.offset_s is not None:
            heard_s[piece] = ear.offset_s + begin_s
    return heard_s


def step(arrived_s: Doubles, length_s: Doubles, *, buffer_s: float) -> tuple[Doubles, int]:
    """Return when each piece is heard by a player that knows all arrivals, and how often it stalls.

    It begins once `buffer_s` are there, and after a stall once so much is there again.
    """
    end_s = np.cumsum(length_s)
    heard_s, stalls = np.full(arrived_s.size, np.nan), 0
    clock_s = float(arrived_s[np.flatnonzero(end_s >= buffer_s - 1e-9)[0]])
    for piece, span_s in enumerate(length_s):
        if arrived_s[piece] > clock_s + 1e-9:
            stalls += 1
            ready = np.flatnonzero(end_s >= end_s[piece] - span_s + buffer_s - 1e-9)
            if ready.size == 0:
                break
            clock_s = float(arrived_s[max(int(ready[0]), piece)])
        heard_s[piece] = clock_s
        clock_s += span_s
    return heard_s, stalls


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_player_that_is_stepped(seed: int) -> None:
    rng = np.random.default_rng(seed)
    length_s = rng.uniform(0.2, 2.0, 200)
    due_s = np.cumsum(length_s)
    late_s = rng.exponential(2.0, 200) * (rng.random(200) < 0.3)
    arrived_s: Doubles = np.maximum.accumulate(1.1 * due_s + late_s)
    ear = Ear(1.5)
    heard_s = hear(ear, arrived_s, length_s)
    known = np.isfinite(heard_s)
    stepped_s, stalls = step(arrived_s, length_s, buffer_s=1.5)
    assert known.sum() > 100
    assert stalls > 5
    assert heard_s[known] == pytest.approx(stepped_s[known])
    assert ear.stalls == stalls


def test_a_piece_that_is_late_stalls_and_everything_after_it_is_later() -> None:
    ear = Ear(2.0)
    heard_s = hear(ear, np.array([1.0, 2, 3, 9, 10, 11]), np.ones(6))
    assert heard_s[[1, 2, 4, 5]].tolist() == [3, 4, 11, 12]
    assert np.isnan(heard_s[[0, 3]]).all(), "until two seconds are there nothing is heard"
    assert ear.stalls == 1


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
