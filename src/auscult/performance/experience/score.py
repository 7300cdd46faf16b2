"""One figure for each session, 0 to 100: how good was it to listen?

score = 100 x start x flow x evenness x success, each 0 to 1:

| factor | is | says |
|---|---|---|
| start | 8 / (8 + startup_s) | Mux's startup score: 2 s is 80, 8 s is 50 |
| flow | 0.1 / (0.1 + rebuffer_ratio) x 2 / (2 + stalls a minute) | a tenth stalled: half as good |
| evenness | 12 / (12 + switches a minute) | renditions that change are heard, and forgiven |
| success | 1, or 0.25 where it broke off; 0 where it never started | |

The factors are multiplied, so that no good one makes up for a bad one, and the score falls with
every bad thing while the others stand still. A session that was left before the first sound has no
score (as with Mux), nor has one that is still starting: leaving is counted as `left_early`, and may
have been a wrong title. Only `start` is taken from elsewhere; the other weights are a judgement,
not fitted to listeners' votes.
"""

import numpy as np
from numpy.typing import NDArray

from auscult.performance.experience.sessions import Sessions

Doubles = NDArray[np.float64]

STARTUP_HALF_S = 8.0
REBUFFER_HALF = 0.1
STALLS_HALF_PER_MIN = 2.0
SWITCHES_HALF_PER_MIN = 12.0
BROKEN_OFF = 0.25
MINUTES_MIN = 1.0
"""One stall in the first ten seconds is not six stalls a minute."""


def score_sessions(sessions: Sessions) -> Doubles:
    """Return the experience score of each of m sessions, float64 (m,); NaN where there is none."""
    minutes = np.maximum((sessions.playing_s + sessions.stalled_s) / 60, MINUTES_MIN)
    score: Doubles = (
        startup_score(sessions.startup_s)
        * _halving(sessions.rebuffer_ratio, REBUFFER_HALF)
        * _halving(sessions.stalls / minutes, STALLS_HALF_PER_MIN)
        * _halving(sessions.switches / minutes, SWITCHES_HALF_PER_MIN)
        * np.where(sessions.failed, BROKEN_OFF, 1.0)
    )
    return np.where(sessions.start_failed, 0.0, score)


def startup_score(startup_s: Doubles) -> Doubles:
    """Return 100 x 8 / (8 + t), float64 of the same shape, as Mux Data documents it."""
    return 100 * _halving(startup_s, STARTUP_HALF_S)


def _halving(bad: Doubles, half: float) -> Doubles:
    """Return 1 for nothing bad, 0.5 at `half`, towards 0 beyond."""
    good: Doubles = half / (half + bad)
    return good
