"""What a listener with a buffer hears, and what a player's reports say of it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from auscult.kernel.errors import InputError
from auscult.performance.lateness import Stall, play, read_reports

Doubles = NDArray[np.float64]


def columns(*values: float) -> Doubles:
    return np.array(values, dtype=np.float64)


def test_a_steady_stream_is_heard_without_a_stall() -> None:
    done = play(columns(1, 2, 3, 4, 5), np.ones(5), start_s=2.0)
    assert done.started_at_s == 2.0
    assert done.heard_at_s.tolist() == [2, 3, 4, 5, 6]
    assert done.stalls == ()


def test_the_burst_in_the_buffer_is_the_latency() -> None:
    captured = (
        np.arange(40, dtype=np.float64) * 0.5
    )  # four seconds wait on the server, then each comes as it is made
    arrived = np.maximum(captured + 0.1, 4.1)
    done = play(arrived, np.full(40, 0.5), start_s=0.5)
    assert done.heard_at_s - captured == pytest.approx(np.full(40, 4.1))


def test_a_piece_that_is_late_stalls_and_everything_after_it_is_later() -> None:
    done = play(columns(1, 2, 3, 9, 10, 11), np.ones(6), start_s=2.0, resume_s=2.0)
    assert done.heard_at_s.tolist() == [2, 3, 4, 10, 11, 12]
    assert done.stalls == (Stall(5.0, 5.0),)


def test_a_stall_that_has_not_ended_is_open() -> None:
    done = play(columns(1, 2, 3, 9), np.ones(4), start_s=2.0, resume_s=2.0)
    assert done.stalls == (Stall(5.0, None),)
    assert np.isnan(done.heard_at_s[3])
    assert play(columns(1), np.ones(1)).started_at_s is None
    assert play(columns(), columns()).heard_at_s.size == 0


def test_a_piece_waits_for_those_before_it() -> None:
    done = play(columns(5, 1, 2), np.ones(3), start_s=1.0)
    assert done.heard_at_s.tolist() == [5, 6, 7]


def test_many_stalls_agree_with_a_player_that_is_stepped() -> None:
    rng = np.random.default_rng(4)
    length = rng.uniform(0.5, 1.5, 400)
    arrived: Doubles = np.cumsum(length) * 1.1 + rng.gamma(0.3, 3.0, 400)
    done = play(arrived, length, start_s=1.5, resume_s=1.0)
    assert len(done.stalls) > 5
    assert done.heard_at_s == pytest.approx(_stepped(arrived, length), nan_ok=True)


def _stepped(arrived: Doubles, length: Doubles, start_s: float = 1.5) -> Doubles:
    """The same player, one piece after the other."""
    arrived, end = np.maximum.accumulate(arrived), np.cumsum(length)
    heard = np.full(arrived.size, np.nan)
    clock_s = float(arrived[np.flatnonzero(end >= start_s)[0]])
    for piece, span_s in enumerate(length):
        if arrived[piece] > clock_s:
            ready = np.flatnonzero(end >= end[piece] - span_s + 1.0)
            if ready.size == 0:
                break
            clock_s = float(arrived[max(int(ready[0]), piece)])
        heard[piece] = clock_s
        clock_s += span_s
    return heard


def test_reports_tell_buffer_and_stalls_but_not_pauses_and_seeks() -> None:
    at_s = columns(0, 1, 2, 3, 4, 5)
    position = columns(0, 1, 1.25, 1.25, 90, 91)
    playing = np.array([True, True, False, True, True, True])
    buffer_s, stalled_s = read_reports(at_s, position, buffered_to_s=position + 3, playing=playing)
    assert buffer_s.tolist() == [3] * 6
    assert stalled_s.tolist() == [0, 0, 0.75, 0, 0, 0]
    nothing, none = read_reports(columns(), columns(), buffered_to_s=columns(), playing=playing[:0])
    assert nothing.size == none.size == 0


def test_columns_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(InputError):
        play(columns(1, 2), columns(1))
    with pytest.raises(InputError):
        play(columns(1, 2), columns(1, 0))
    with pytest.raises(InputError):
        play(columns(1, np.inf), columns(1, 1))
    with pytest.raises(InputError):
        play(np.zeros(1_000_001), np.ones(1_000_001))
    with pytest.raises(InputError, match="stalls"):
        play(2.0 * np.arange(12_000, dtype=np.float64), np.ones(12_000), start_s=1.0, resume_s=1.0)
    with pytest.raises(InputError):
        read_reports(
            columns(2, 1), columns(0, 0), buffered_to_s=columns(0, 0), playing=np.ones(2, np.bool_)
        )
