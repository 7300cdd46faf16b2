"""What one sample is worth when samples are slow: it is an average of much, and news on its own.

At 1 s a fault brings many samples, and what persists counts. At minutes and hours it may bring one.
So the slower a series is, the farther may one sample count, the heavier is the tail it is assumed
to have (single values are seldom as Gaussian as means of many), and from half a minute on it is
measured by its steps, too. `rise` stands for the interval: 0.2 at 1 s, 0.4 at 1 min, 0.8 at 1 h.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

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


def is_any(rise: Floats) -> bool:
    """Say whether any of n series is slow at all; if not, what holds at 1 s holds for each."""
    return float(rise.max()) >= FAST_BELOW_RISE


def worth_of(rise: Floats, bound: float, knee: float) -> tuple[Floats, Floats, Floats]:
    """Return bound, knee and calm of n series, float32 (n,) each.

    bound: how far one sample counts at most: as given at 1 s, 2.8 times at 1 min, 8 times at 1 h.
    knee: from which t on the assumed tail is exponential: as given at 1 s, 2 from 1 min on.
    calm: the spread of `smooth` over white noise.
    """
    level = np.where(rise < FAST_BELOW_RISE, np.float32(RISE_AT_FASTEST), rise)
    times = level / np.float32(RISE_AT_FASTEST)
    falls = np.clip(times - 1, 0, 1) * np.float32(knee - _KNEE_MIN)
    far: Floats = np.float32(bound) * times ** np.float32(1.5)
    heavy: Floats = np.float32(knee) - falls
    return far, heavy, calm_of(level)


def calm_of(rise: Floats) -> Floats:
    """Return the spread that an average rising so fast has over white noise; 0.35 at 1 s."""
    calm: Floats = np.float32(SPREAD_PER_CALM) * np.sqrt(rise / (2 - rise))
    return calm


def leap(state: dict[str, Floats], floor: float) -> None:
    """Measure the steps of slow series: where that says more, it becomes the deviation in `c`.

    The level of a series that wanders lags behind, and its scale is that lag: a spike is small by
    it, and huge by what usually lies between two samples. Only as much counts as both the step and
    the deviation from the level have in common; a step back to the level is none. Learns `step`.

    floor: the least scale as a share of the level.
    """
    pick = np.flatnonzero(state["rise"] > LEAPS_FROM_RISE)
    if pick.size == 0:
        return
    names = ("x", "last", "r", "level", "quantum", "doubt", "scale", "step", "few", "gate", "c")
    x, last, r, level, quantum, doubt, scale, step, few, gate, c = (
        state[name][pick] for name in names
    )
    change = x - last
    size = np.abs(change)
    shared = np.where(change * r > 0, np.minimum(np.abs(r), size) * np.sign(r), 0)
    least = np.maximum(np.maximum(step * _MEAN_TO_SD, np.abs(level) * floor), np.abs(quantum))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        # in doubt, and where a season asks for it, the band is as much wider as elsewhere
        far = shared / (least * (doubt / scale))
    far[~np.isfinite(far)] = 0
    state["c"][pick] = np.where(np.abs(far) > np.abs(c), far, c)
    bounded = np.minimum(size, step * _STEP_MAX + few * size)
    rate = np.maximum(few * 2, np.float32(1 / STEP_MEMORY)) * gate
    state["step"][pick] = step + np.minimum(rate, 1) * (bounded - step)
