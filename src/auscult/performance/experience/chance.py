"""How likely are so many bad plays by chance, if this audience is as it was? One look, exactly.

For a sentence and a ranking. Whoever looks again and again, and alarms on the smallest of these, is
wrong far more often than they say: alarms are `vigil.py`'s.
"""

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.errors import InputError

Counts = NDArray[np.int64]
Doubles = NDArray[np.float64]


def chance_of(bad: Counts, plays: Counts, *, bad_before: Counts, plays_before: Counts) -> Doubles:
    """Return Fisher's mid-p, float64 (m,): so many bad plays or more, given all bad ones there are.

    The history and now are one urn (hypergeometric); half of the probability of exactly this many
    counts (H. O. Lancaster, JASA 1961), which keeps small counts from being too timid. 1 where
    there is nothing to compare. Raises `InputError` for counts that cannot be.
    """
    check_counts(bad, plays)
    check_counts(bad_before, plays_before)
    from scipy.stats import hypergeom

    urn = hypergeom(plays + plays_before, bad + bad_before, plays)
    mid: Doubles = urn.sf(bad) + 0.5 * urn.pmf(bad)
    return np.where((plays > 0) & (plays_before > 0), np.minimum(mid, 1.0), 1.0)


def rate_at_most(bad: Counts, plays: Counts, *, sure: float = 0.99) -> Doubles:
    """Return the highest rate that so many bad plays allow, float64 (m,); 1 without a play.

    One-sided (C. J. Clopper, E. S. Pearson, Biometrika 1934): the true rate lies above it in at
    most 1 - `sure` of all histories, whatever it is. Raises `InputError` for counts that cannot be.
    """
    check_counts(bad, plays)
    from scipy.special import betaincinv

    rate = betaincinv(np.minimum(bad + 1.0, plays + 1.0), np.maximum(plays - bad, 1.0), sure)
    return np.where(plays > bad, rate, 1.0)


def check_counts(bad: Counts, plays: Counts) -> None:
    """Raise `InputError` where there are more bad plays than plays, or less than none."""
    if bad.shape != plays.shape or bad.ndim != 1:
        raise InputError(f"counts of the shapes {bad.shape} and {plays.shape}")
    if (bad < 0).any() or (bad > plays).any():
        raise InputError("an audience with more bad plays than plays, or less than none")
