"""From nominal to calibrated evidence: the realised tail of each series corrects the assumed one.

Nominal evidence e = -log10 p is exponential with mean 1/ln 10 above any level, were the assumed
tail right. What is really seen is measured as m, the mean excess of e over 1 (peaks over threshold,
as in SPOT: Siffer et al., KDD 2017, with the assumed tail as the first guess, so that the excess of
e takes the place of the excess of the value: the tail's shape is then free but its first guess is
good after a minute). From the mean of (e - 1)+ over all looks, x, follows m by
x = m * exp(-1 / m), and calibrated evidence is e * (1/ln 10) / m. It never grows beyond nominal: a
series that was calm for an hour has not proved that its tail is thinner than assumed.
"""

import numpy as np
from numpy.typing import NDArray

NOMINAL_EXCESS = float(1 / np.log(10))

_MEANS = np.geomspace(NOMINAL_EXCESS, 20.0, 64)
_EXCESSES = _MEANS * np.exp(-1 / _MEANS)


def calibrate(evidence: NDArray[np.float32], tail: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return calibrated -log10 p of n looks, from nominal evidence and the mean of (e - 1)+."""
    mean_excess = np.interp(tail, _EXCESSES, _MEANS)
    return evidence * (NOMINAL_EXCESS / mean_excess)
