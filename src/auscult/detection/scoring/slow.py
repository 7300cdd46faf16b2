"""What one sample is worth when samples are slow: it is an average of much, and news on its own.

At 1 s a fault brings many samples, and what persists counts. At minutes and hours it may bring one.
So the slower a series is, the farther may one sample count, the heavier is the tail it is assumed
to have (single values are seldom as Gaussian as means of many), and from half a minute on it is
measured by its steps, too. `rise` stands for the interval: 0.2 at 1 s, 0.4 at 1 min, 0.8 at 1 h.
"""

from typing import NamedTuple

import numpy as np

from auscult.detection.scoring.state import Floats, State

RISE_AT_FASTEST = 0.2
FAST_BELOW_RISE = 0.21
"""Nearly a second is a second (up to 1.3 s): a pass over such series alone takes a shorter way."""
SPREAD_PER_CALM = 1.05
LEAPS_FROM_RISE = 0.35  # half a minute
STEP_MEMORY = 240
"""Samples over which the usual step is averaged."""
_STEP_MAX = 4.0
_MEAN_TO_SD = 1.2533  # of the mean of |x|, x Gaussian
_KNEE_MIN = 2.0


class Worth(NamedTuple):
    """What samples of some rise are worth, float32, one each or one for all."""

    one_by_bound_squared: Floats
    knee: Floats
    calm: Floats
    """The spread of `smooth` over white noise."""


def is_any(rise: Floats) -> bool:
    """Say whether any of n series is slow at all; if not, what holds at 1 s holds for each."""
    return float(rise.max()) >= FAST_BELOW_RISE


def worth_of(rise: Floats, bound: float, knee: float) -> Worth:
    """Return what samples are worth, float32 in the shape of `rise`.

    bound: how far one sample counts at most at 1 s; 2.8 times as far at 1 min, 8 times at 1 h.
    knee: from which t on the assumed tail is exponential at 1 s; 2 from 1 min on.
    """
    level: Floats = np.where(rise < FAST_BELOW_RISE, np.float32(RISE_AT_FASTEST), rise)
    times: Floats = level / np.float32(RISE_AT_FASTEST)
    falls: Floats = np.clip(times - 1, 0, 1) * np.float32(knee - _KNEE_MIN)
    inverse: Floats = np.float32(bound**2) * times * times * times
    inverse = np.reciprocal(inverse)
    return Worth(inverse, np.float32(knee) - falls, calm_of(level))


def calm_of(rise: Floats) -> Floats:
    """Return the spread that an average rising so fast has over white noise; 0.35 at 1 s."""
    calm: Floats = np.float32(SPREAD_PER_CALM) * np.sqrt(rise / (2 - rise))
    return calm


def leap(s: State, floor: float) -> None:
    """Measure slow series by their steps, too: where that says more, `doubt` becomes smaller.

    The level of a series that wanders lags behind, and its scale is that lag: a spike is small by
    it, and huge by what usually lies between two samples. Only as much counts as both the step and
    the deviation from the level have in common; a step back to the level is none. Learns `step`.

    floor: the least scale as a share of the level.
    """
    pick = np.flatnonzero(s.rise > LEAPS_FROM_RISE)
    if pick.size == 0:
        return
    slots = s.slots(pick)
    r, doubt, step, few = s.r[pick], s.doubt[pick], s.columns.step[slots], s.few[pick]
    change = s.x[pick] - s.last[pick]
    size, off = np.abs(change), np.abs(r, dtype=np.float64)  # a huge by a tiny one is no float32
    least = np.maximum(step * _MEAN_TO_SD, np.abs(s.level[pick]) * floor)
    least = np.maximum(least, np.abs(s.quantum[pick]))
    away = np.flatnonzero((change * r > 0) & np.isfinite(least) & (least > 0))
    # in doubt, and where a season asks for it, the band is as much wider as elsewhere
    wider = doubt[away] / s.scale[pick][away]
    by_steps = off[away] * least[away] * wider / np.minimum(off, size)[away]
    doubt[away] = np.minimum(doubt[away], by_steps)
    s.doubt[pick] = doubt
    bounded = np.minimum(size, step * _STEP_MAX + few * size)
    rate = np.maximum(few * 2, np.float32(1 / STEP_MEMORY)) * s.gate[pick]
    s.columns.step[slots] = step + np.minimum(rate, 1) * (bounded - step)
