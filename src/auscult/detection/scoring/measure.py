"""How far from usual: deviation, scale, smoothed deviation and nominal evidence of n samples.

Each function works in place on the columns of one pass (see `state`): float32 (n,) each. What is
written over what is read costs half of what goes elsewhere, and a mask costs many times as much.
"""

import numpy as np
from numpy.typing import NDArray

from auscult.detection.scoring import slow
from auscult.detection.scoring.columns import Columns, Rows
from auscult.detection.scoring.seasons import Seasons
from auscult.detection.scoring.state import Floats, State, bits, constant, negative

Doubles = NDArray[np.float64]

BOUND = 4.0
"""One sample of a second, however far out, counts as so many scales; more of a slower one."""
GAUSSIAN_TO = 5.0
"""From here on the assumed tail is exponential; sooner where samples are slow."""
BAND = 3.0
"""What is usual reaches so many scales to each side."""
_LN10 = float(np.log(10.0))
_MEAN_TO_SD = 2.5066  # of the mean of one side of a Gaussian
_OTHER_SIDE = 0.4
_ONE_SIDED = 0.75
_DOUBT = 4.0
SHARE_AT_FIRST = 0.2
_SHARE_AT_LAST = 0.01
_ONE = constant(1)
_MINUS_HALF = constant(-0.5)
_ALIKE_IN_DOUBT = constant(1 - _OTHER_SIDE)
_STEP_MIN = constant(1e-18)
"""A smaller step is none; the square of this one is still a normal float32."""
_ONE_BY_LN10 = constant(1 / _LN10)
_SEEN_MAX = 1e6
_SWAY_SQUARED_MIN = constant(1e-4)
_SWAY_CALM = constant(0.4)
_WANDER_MORE = constant(0.15)
_AT_FASTEST = slow.worth_of(constant(slow.RISE_AT_FASTEST), BOUND, GAUSSIAN_TO)


def score(s: State, *, blur: Floats | None = None) -> None:
    """Set the evidence of n samples `x`, and everything on the way to it; moves `smooth`.

    blur: float32 (n,), the least scale a season asks for; see `seasons`.
    """
    np.subtract(s.x, s.level, out=s.r)
    s.r -= s.trend
    s.seen += s.gate
    if float(s.seen.max()) > _SEEN_MAX:
        np.minimum(s.seen, _SEEN_MAX, out=s.seen)
    np.reciprocal(s.seen, out=s.few)
    doubt(s)
    measure(s)
    if blur is not None:
        np.maximum(s.doubt, blur, out=s.doubt)
    worth, falls = _AT_FASTEST, s.rise
    if slow.is_any(s.rise):
        slow.leap(s, _SHARE_AT_LAST)
        worth = slow.worth_of(s.rise, BOUND, GAUSSIAN_TO)
        falls = np.minimum(s.rise, 1 - s.rise)
    smooth(s, worth.one_by_bound_squared, falls)
    weigh(s, worth)


def doubt(s: State) -> None:
    """Set `lasting`: after how many samples a series shows something new, squared, times 4.

    A series that stays on one side of its level for long has shown itself fewer times; with the
    share s of changes of side, one in (0.4 / s)^2 samples counts (AR(1), arcsine law).
    """
    np.square(s.sway, out=s.lasting)
    np.maximum(s.lasting, _SWAY_SQUARED_MIN, out=s.lasting)
    np.divide(_DOUBT, s.lasting, out=s.lasting)
    np.multiply(s.few, s.lasting, out=s.doubt)
    np.minimum(s.doubt, _ONE, out=s.doubt)


def measure(s: State) -> None:
    """Set `scale`, what a deviation is measured by, and `doubt`, the same widened by doubt."""
    a, b, scale, doubt = s.a, s.b, s.scale, s.doubt
    # this side's distance; a masked copy costs 5 times this when sides alternate
    np.subtract(s.below, s.above, out=scale)
    np.bitwise_and(bits(scale), negative(s.r, out=a), out=bits(scale))
    scale += s.above
    # in doubt the sides are alike; one side alone is lag and not spread
    np.maximum(s.above, s.below, out=a)
    np.multiply(doubt, _ALIKE_IN_DOUBT, out=b)
    b += _OTHER_SIDE
    a *= b
    np.add(s.above, s.below, out=b)
    b *= _ONE_SIDED
    np.maximum(scale, a, out=scale)
    np.minimum(scale, b, out=scale)
    scale *= _MEAN_TO_SD
    # floors: the smallest step seen, and a share of the level that shrinks as evidence grows
    np.subtract(s.x, s.last, out=a)
    np.abs(a, out=a)
    np.copyto(a, np.inf, where=np.less(a, _STEP_MIN, out=s.sign))
    np.minimum(s.quantum, a, out=s.quantum)
    np.sqrt(s.few, out=a)
    a *= SHARE_AT_FIRST
    a += _SHARE_AT_LAST
    a *= np.abs(s.level, out=b)
    np.maximum(a, np.abs(s.quantum, out=b), out=a)
    doubt += _ONE
    doubt *= scale
    np.maximum(scale, a, out=scale)
    np.maximum(doubt, a, out=doubt)


def smooth(s: State, one_by_bound_squared: Floats, falls: Floats) -> None:
    """Move `smooth` towards the bounded deviation: slowly up, twice as fast down.

    falls: by how much faster, float32 (n,). `doubt` becomes its own square.
    """
    c, b = s.a, s.b
    # z / sqrt(1 + (z / bound)^2), with z = r / doubt
    np.square(s.r, out=c)
    c *= one_by_bound_squared
    s.doubt *= s.doubt
    c += s.doubt
    np.sqrt(c, out=c)
    np.divide(s.r, c, out=c)
    # twice as fast where |c| < |smooth|, but never beyond where it falls to
    np.add(c, s.smooth, out=b)
    c -= s.smooth
    b *= c
    np.bitwise_and(bits(falls), negative(b, out=b), out=bits(b))
    b += s.rise
    c *= b
    s.smooth += c


def weigh(s: State, worth: slow.Worth) -> None:
    """Turn the smoothed deviation into nominal evidence, -log10 p."""
    a, b, evidence = s.a, s.b, s.evidence
    # what wanders is given at least the spread that wandering has in the long run
    np.subtract(worth.calm + _SWAY_CALM, s.sway, out=b)
    b.clip(worth.calm, worth.calm + _WANDER_MORE, out=b)
    np.maximum(np.sqrt(s.spread, out=a), b, out=a)
    np.abs(s.smooth, out=b)
    b /= a
    np.minimum(b, worth.knee, out=a)
    np.multiply(a, _MINUS_HALF, out=evidence)
    evidence += b
    evidence *= a
    evidence *= _ONE_BY_LN10


def usual_band(columns: Columns, seasons: Seasons, rows: Rows) -> tuple[Doubles, Doubles, Doubles]:
    """Return level, low and high of what is usual for n series now, as float64 (n,).

    The band is three scales wide on each side, with the same floors and widening as z.
    """
    level = (columns.level[rows] + columns.trend[rows]).astype(np.float64)
    season = seasons.offsets(columns, rows, columns.last_ms[rows])
    few = 1 / (columns.seen[rows] + 1.0)
    doubt = _DOUBT * few / np.maximum(columns.sway[rows].astype(np.float64) ** 2, 1e-4)
    doubt = np.minimum(doubt, 1)
    floor = (SHARE_AT_FIRST * np.sqrt(few) + _SHARE_AT_LAST) * np.abs(level)
    quantum = np.abs(columns.quantum[rows].astype(np.float64))
    floor = np.maximum(floor, np.where(np.isfinite(quantum), quantum, 0))
    above, below = columns.above[rows], columns.below[rows]
    least = np.maximum(above, below) * (_OTHER_SIDE + (1 - _OTHER_SIDE) * doubt)
    most = (above + below) * _ONE_SIDED
    wide = _MEAN_TO_SD * (1 + doubt)
    slack: Floats | float = 0.0
    if season is not None:
        level = level + season[0]
        slack, floor = season[1], np.maximum(floor, season[2])
    high = level + BAND * np.maximum(wide * np.clip(above, least, most), floor)
    low = level - BAND * np.maximum(wide * np.clip(below, least, most), floor)
    return level, low + np.minimum(slack, 0), high + np.maximum(slack, 0)
