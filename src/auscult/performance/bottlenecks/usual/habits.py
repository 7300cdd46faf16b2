"""How long each place usually takes, learnt online: a histogram of logarithms for each row.

Twelve bins a decade from 10 µs to 1,000 s; older visits weigh less (about half an hour, or the last
thousand visits where they are rarer). A value becomes a normal score by its rank among what is
usual; beyond the 99th percentile, where ranks end, by its distance on the logarithmic scale, as
steep as the tail before it.
"""

import numpy as np
from numpy.typing import NDArray

from auscult.performance.bottlenecks.journeys.places import Rows

BINS = 96
PER_DECADE = 12
FLOOR_S = 1e-5
SCORE_MIN, SCORE_MAX = -3.0, 6.0

_AT_95, _AT_99 = 1.645, 2.326
_MEMORY_S = 1_800.0
_MEMORY_VISITS = 1_000.0
_LEAST_SPREAD_BINS = 0.1 * PER_DECADE
"""A quarter more or less is never odd, however steady a place is."""

Seconds = NDArray[np.float64]
Doubles = NDArray[np.float64]

_MIDDLES = np.append(0.0, FLOOR_S * 10 ** ((np.arange(1, BINS) + 0.5) / PER_DECADE))


def bin_of(value_s: Seconds) -> NDArray[np.intp]:
    """Return the bin of each value: intp[n]."""
    places = np.log10(np.maximum(value_s, FLOOR_S) / FLOOR_S) * PER_DECADE
    bins: NDArray[np.intp] = np.minimum(places, BINS - 1).astype(np.intp)
    return bins


def quantiles(counts: Doubles, share: float) -> Seconds:
    """Return a quantile of each histogram, float64[n] in seconds; NaN for an empty one."""
    total = counts.sum(axis=1)
    upto = np.cumsum(counts, axis=1)
    place = (upto < (share * total)[:, None]).sum(axis=1)
    found: Seconds = np.where(total > 0, _MIDDLES[np.minimum(place, BINS - 1)], np.nan)
    return found


def means(counts: Doubles) -> Seconds:
    """Return the mean of each histogram, float64[n] in seconds; NaN for an empty one."""
    total = counts.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Seconds = counts @ _MIDDLES / total
    return found


class Habits:
    """The usual of n rows. counts float64[n, BINS]; visits float64[n], how many it rests on."""

    def __init__(self) -> None:
        self.counts = np.zeros((0, BINS))
        self.visits = np.zeros(0)
        self.mean_s = np.zeros(0)
        self._scores = np.zeros((0, BINS))
        self._learnt_ms = np.zeros(0, dtype=np.int64)

    def grow(self, size: int) -> None:
        """Have at least so many rows."""
        more = size - len(self.visits)
        if more > 0:
            self.counts = np.pad(self.counts, ((0, more), (0, 0)))
            self._scores = np.pad(self._scores, ((0, more), (0, 0)))
            self.visits = np.pad(self.visits, (0, more))
            self.mean_s = np.pad(self.mean_s, (0, more))
            self._learnt_ms = np.pad(self._learnt_ms, (0, more))

    def reset(self, rows: list[int]) -> None:
        """Forget rows."""
        for column in (self.counts, self._scores, self.visits, self.mean_s, self._learnt_ms):
            column[rows] = 0

    def score(self, rows: Rows, bins: NDArray[np.intp]) -> Doubles:
        """Return how odd each visit is, as a normal score: float64[n], 0 is usual."""
        found: Doubles = self._scores[rows, bins]
        return found

    def learn(self, rows: Rows, bins: NDArray[np.intp], *, now_ms: int) -> None:
        """Take visits as usual; rows and bins intp[n]."""
        touched, where, times = np.unique(rows, return_inverse=True, return_counts=True)
        past_s = (now_ms - self._learnt_ms[touched]) / 1e3
        # Rare visits are remembered for longer: by their number, not by the clock.
        fading = np.maximum(
            np.exp(-np.maximum(past_s, 0) / _MEMORY_S), np.exp(-times / _MEMORY_VISITS)
        )
        fresh = np.bincount(where * BINS + bins, minlength=len(touched) * BINS)
        self.counts[touched] *= fading[:, None]
        self.counts[touched] += fresh.reshape(-1, BINS)
        self.visits[touched] = self.visits[touched] * fading + times
        self._learnt_ms[touched] = now_ms

    def settle(self) -> None:
        """Let scores and means follow what was learnt; every few seconds."""
        rows = np.flatnonzero(self.visits > 0)
        if not len(rows):
            return
        counts = self.counts[rows]
        self.mean_s[rows] = means(counts)
        self._scores[rows] = _score_table(counts)


def _score_table(counts: Doubles) -> Doubles:
    """Return the normal score of each bin of each histogram: float64[n, BINS]."""
    from scipy.special import ndtri

    total = counts.sum(axis=1, keepdims=True)
    upto = np.cumsum(counts, axis=1)
    rank = (upto - 0.5 * counts + 0.5) / (total + 1)
    scores: Doubles = ndtri(np.clip(rank, 1e-6, 1 - 1e-6))
    high = _bin_at(upto, total, share=0.99)
    tail = high - _bin_at(upto, total, share=0.95)
    spread = np.maximum(tail / (_AT_99 - _AT_95), _LEAST_SPREAD_BINS)
    beyond = _AT_99 + (np.arange(BINS)[None, :] - high) / spread
    scores = np.where(np.arange(BINS)[None, :] > high, beyond, np.minimum(scores, _AT_99))
    return np.clip(scores, SCORE_MIN, SCORE_MAX)


def _bin_at(upto: Doubles, total: Doubles, *, share: float) -> Doubles:
    place: Doubles = (upto < share * total).sum(axis=1, keepdims=True).astype(np.float64)
    return place
