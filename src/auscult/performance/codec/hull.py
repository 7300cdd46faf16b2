"""The rate-quality hull: the rungs that are worth having at all.

A rung below the hull costs more than a mixture of two others that sounds as good (the convex hull
of per-title encoding: A. Aaron et al., Netflix, "Per-Title Encode Optimization", 2015).
"""

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.errors import InputError

Doubles = NDArray[np.float64]


def find_hull(rate_kbps: Doubles, score: Doubles) -> list[int]:
    """Return the places of the upper hull, the cheapest first; float64 (n,) both, finite.

    Scores rise along it, and rise ever more slowly. Raises `InputError` for columns that do not
    belong together.
    """
    if rate_kbps.shape != score.shape or rate_kbps.ndim != 1:
        raise InputError(f"rates and scores of the shapes {rate_kbps.shape} and {score.shape}")
    if not (np.isfinite(rate_kbps).all() and np.isfinite(score).all()):
        raise InputError("a rate or a score that is no finite number")
    hull: list[int] = []
    for at in np.lexsort((-score, rate_kbps)).tolist():
        if hull and score[at] <= score[hull[-1]]:
            continue  # dearer, and no better
        while len(hull) > 1 and not _bends_down(rate_kbps, score, [hull[-2], hull[-1], at]):
            hull.pop()
        hull.append(at)
    return hull


def _bends_down(rate_kbps: Doubles, score: Doubles, places: list[int]) -> bool:
    """Whether the second of three points lies above the line from the first to the third."""
    rate, gain = np.diff(rate_kbps[places]), np.diff(score[places])
    return bool(gain[1] * rate[0] < gain[0] * rate[1])
