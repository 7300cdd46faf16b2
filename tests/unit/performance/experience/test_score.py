"""The score falls with every bad thing, and is that of Mux where Mux has one."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.performance.experience import Sessions, score_sessions, startup_score


def session(
    *, startup_s: float = 1.0, stalled_s: float = 0.0, stalls: int = 0, switches: int = 0
) -> Sessions:
    """Ten minutes of playing."""
    one, no = np.ones(1, dtype=np.int64), np.zeros(1, dtype=np.bool_)
    return Sessions(
        session=one,
        startup_s=np.array([startup_s]),
        playing_s=np.array([600.0]),
        stalled_s=np.array([stalled_s]),
        rebuffer_ratio=np.array([stalled_s / (600 + stalled_s)]),
        stalls=one * stalls,
        switches=one * switches,
        bitrate_kbps=np.array([128.0]),
        start_failed=no,
        failed=no,
        left_early=no,
        over=~no,
    )


def score(one: Sessions) -> float:
    return float(score_sessions(one)[0])


AMOUNT = st.floats(0, 600)
COUNT = st.integers(0, 500)


def test_the_startup_score_is_that_of_mux() -> None:
    assert startup_score(np.array([0.0, 2.0, 8.0])).tolist() == [100, 80, 50]


def test_a_session_without_a_flaw_has_its_startup_score() -> None:
    assert score(session(startup_s=0)) == 100
    assert score(session(startup_s=2)) == pytest.approx(80)


@given(AMOUNT, AMOUNT, COUNT, COUNT, st.floats(0.1, 100))
def test_the_score_falls_with_startup_and_stalled_time(
    startup_s: float, stalled_s: float, stalls: int, switches: int, more: float
) -> None:
    least = score(
        session(startup_s=startup_s, stalled_s=stalled_s, stalls=stalls, switches=switches)
    )
    assert 0 <= least <= 100
    longer = session(
        startup_s=startup_s + more, stalled_s=stalled_s, stalls=stalls, switches=switches
    )
    assert score(longer) < least
    base = session(startup_s=startup_s, stalled_s=stalled_s, stalls=stalls, switches=switches)
    worse = replace(base, rebuffer_ratio=base.rebuffer_ratio + more / 1000)
    assert score(worse) < least


@given(AMOUNT, AMOUNT, COUNT, COUNT, st.integers(1, 50))
def test_the_score_falls_with_stalls_switches_and_failure(
    startup_s: float, stalled_s: float, stalls: int, switches: int, more: int
) -> None:
    base = session(startup_s=startup_s, stalled_s=stalled_s, stalls=stalls, switches=switches)
    for worse in (
        replace(base, stalls=base.stalls + more),
        replace(base, switches=base.switches + more),
        replace(base, failed=~base.failed),
    ):
        assert score(worse) < score(base)


def test_who_never_heard_a_sound_has_none_and_who_was_refused_has_nothing() -> None:
    base = session()
    silent = replace(base, startup_s=np.array([np.nan]), rebuffer_ratio=np.array([np.nan]))
    assert np.isnan(score(replace(silent, left_early=~base.left_early)))
    assert score(replace(silent, start_failed=~base.start_failed)) == 0.0


def test_a_short_session_is_not_judged_as_if_it_went_on_like_this() -> None:
    base = session(stalls=1)
    short = replace(base, playing_s=np.array([5.0]))
    minute = replace(base, playing_s=np.array([60.0]))
    assert score(short) == pytest.approx(score(minute))
