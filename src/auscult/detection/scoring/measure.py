"""How far from usual: deviation, scale, smoothed deviation and nominal evidence of n samples.

Each function works in place on the columns of one pass (see `scorer`): float32 (n,) each.
"""

import numpy as np
from numpy.typing import NDArray

from auscult.detection.scoring import slow
from auscult.detection.scoring.columns import Columns, Rows
from auscult.detection.scoring.seasons import Seasons

Floats = NDArray[np.float32]
Signs = NDArray[np.bool_]
State = dict[str, Floats]
Doubles = NDArray[np.float64]

BOUND = 4.0
"""One sample of a second, however far out, counts as so many scales; more of a slower one."""
GAUSSIAN_TO = 5.0
"""From here on the assumed tail is exponential; sooner where samples are slow."""
BAND = 3.0
"""What is usual reaches so many scales to each side."""
_SWAY_CALM = 0.4
_WANDER_MORE = 0.15
_LN10 = float(np.log(10.0))
_MEAN_TO_SD = 2.5066  # of the mean of one side of a Gaussian
_OTHER_SIDE = 0.4
_ONE_SIDED = 0.75
_DOUBT = 4.0
_SHARE_AT_FIRST = 0.2
_SHARE_AT_LAST = 0.01
_Z_MAX = 1e6
_AT_FASTEST = slow.worth_of(np.full(1, slow.RISE_AT_FASTEST, dtype=np.float32), BOUND, GAUSSIAN_TO)


def score(state: State, sign: Signs, *, blur: Floats | None = None) -> None:
    """Set the evidence of n samples `x`, and everything on the way to it; moves `smooth`.

    blur: float32 (n,), the least scale a season asks for; see `seasons`.
    """
    r = state["r"]
    np.subtract(state["x"], state["level"], out=r)
    r -= state["trend"]
    few = state["few"]
    np.add(state["seen"], 1, out=few)
    np.reciprocal(few, out=few)
    doubt(state)
    measure(state, sign)
    if blur is not None:
        np.maximum(state["doubt"], blur, out=state["doubt"])
    with np.errstate(over="ignore"):  # clipped in the next line
        np.divide(state["r"], state["doubt"], out=state["c"])
    np.clip(state["c"], -_Z_MAX, _Z_MAX, out=state["c"])
    bound, knee, calm = _AT_FASTEST
    if slow.is_any(state["rise"]):
        slow.leap(state, _SHARE_AT_LAST)
        bound, knee, calm = slow.worth_of(state["rise"], BOUND, GAUSSIAN_TO)
    smooth(state, sign, bound=bound)
    weigh(state, knee=knee, calm=calm)


def doubt(state: State) -> None:
    """Set `lasting`: after how many samples a series shows something new, squared and more.

    A series that stays on one side of its level for long has shown itself fewer times; with the
    share s of changes of side, one in (0.4 / s)^2 samples counts (AR(1), arcsine law).
    """
    lasting, doubt = state["lasting"], state["doubt"]
    np.multiply(state["sway"], state["sway"], out=lasting)
    np.maximum(lasting, 1e-4, out=lasting)
    np.reciprocal(lasting, out=lasting)
    np.multiply(state["few"], _DOUBT, out=doubt)
    doubt *= lasting
    np.minimum(doubt, 1, out=doubt)


def measure(state: State, sign: Signs) -> None:
    """Set `scale`, what a deviation is measured by, and `doubt`, the same widened by doubt."""
    scale, doubt, a, b = state["scale"], state["doubt"], state["a"], state["b"]
    # this side's distance; in doubt the sides are alike; one side alone is lag and not spread
    np.copyto(scale, state["below"])
    np.copyto(scale, state["above"], where=np.greater(state["r"], 0, out=sign))
    np.maximum(state["above"], state["below"], out=a)
    np.multiply(doubt, 1 - _OTHER_SIDE, out=b)
    b += _OTHER_SIDE
    a *= b
    np.add(state["above"], state["below"], out=b)
    b *= _ONE_SIDED
    np.clip(scale, a, b, out=scale)
    scale *= _MEAN_TO_SD
    # floors: the smallest step seen, and a share of the level that shrinks as evidence grows
    np.subtract(state["x"], state["last"], out=a)
    np.abs(a, out=a)
    np.copyto(a, np.inf, where=np.equal(a, 0, out=sign))
    np.minimum(state["quantum"], a, out=state["quantum"])
    np.sqrt(state["few"], out=a)
    a *= _SHARE_AT_FIRST
    a += _SHARE_AT_LAST
    a *= np.abs(state["level"], out=b)
    np.maximum(a, np.abs(state["quantum"], out=b), out=a)
    doubt += 1
    doubt *= scale
    np.maximum(scale, a, out=scale)
    np.maximum(doubt, a, out=doubt)


def smooth(state: State, sign: Signs, *, bound: Floats) -> None:
    """Move `smooth` towards the bounded deviation: slowly up, twice as fast down."""
    a, b, c, smooth = state["a"], state["b"], state["c"], state["smooth"]
    np.divide(c, bound, out=a)
    a *= a
    a += 1
    np.sqrt(a, out=a)
    c /= a
    np.abs(c, out=a)
    np.abs(smooth, out=b)
    falling = np.less(a, b, out=sign)
    c -= smooth
    c *= state["rise"]
    np.reciprocal(state["rise"], out=a)
    np.minimum(a, 2, out=a)  # twice as fast, but never beyond where it falls to
    np.multiply(c, a, out=c, where=falling)
    smooth += c


def weigh(state: State, *, knee: Floats, calm: Floats) -> None:
    """Turn the smoothed deviation into nominal evidence, -log10 p."""
    a, b, evidence = state["a"], state["b"], state["evidence"]
    # what wanders is given at least the spread that wandering has in the long run
    np.subtract(_SWAY_CALM, state["sway"], out=b)
    np.clip(b, 0, _WANDER_MORE, out=b)
    b += calm
    np.maximum(np.sqrt(state["spread"], out=a), b, out=a)
    np.abs(state["smooth"], out=b)
    b /= a
    np.minimum(b, knee, out=a)
    np.multiply(a, -0.5, out=evidence)
    evidence += b
    evidence *= a
    evidence *= 1 / _LN10


def usual_band(columns: Columns, seasons: Seasons, rows: Rows) -> tuple[Doubles, Doubles, Doubles]:
    """Return level, low and high of what is usual for n series now, as float64 (n,).

    The band is three scales wide on each side, with the same floors and widening as z.
    """
    level = (columns.level[rows] + columns.trend[rows]).astype(np.float64)
    season = seasons.offsets(columns, rows, columns.last_ms[rows])
    few = 1 / (columns.seen[rows] + 1.0)
    doubt = _DOUBT * few / np.maximum(columns.sway[rows].astype(np.float64) ** 2, 1e-4)
    doubt = np.minimum(doubt, 1)
    floor = (_SHARE_AT_FIRST * np.sqrt(few) + _SHARE_AT_LAST) * np.abs(level)
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
