"""What each place took lately: a histogram of the last half minute, and a curve of six minutes."""

import numpy as np
from numpy.typing import NDArray

from auscult.performance.bottlenecks.journeys.places import Rows
from auscult.performance.bottlenecks.usual.habits import BINS, quantiles

STEP_MS = 5_000
POINTS = 72
_KEPT_A_STEP = 0.8
"""What is left of a visit's weight after a step: about half a minute in all."""

Doubles = NDArray[np.float64]


class Recent:
    """The last minutes of n rows."""

    def __init__(self) -> None:
        self.counts = np.zeros((0, BINS))
        self._step = np.zeros((0, BINS))
        self._p95_s = np.full((0, POINTS), np.nan)
        self._at_ms: list[int] = []
        self._closed_ms = 0

    def grow(self, size: int) -> None:
        """Have at least so many rows."""
        more = size - len(self.counts)
        if more > 0:
            self.counts = np.pad(self.counts, ((0, more), (0, 0)))
            self._step = np.pad(self._step, ((0, more), (0, 0)))
            self._p95_s = np.pad(self._p95_s, ((0, more), (0, 0)), constant_values=np.nan)

    def reset(self, rows: list[int]) -> None:
        """Forget rows."""
        self.counts[rows] = 0
        self._step[rows] = 0
        self._p95_s[rows] = np.nan

    def add(self, rows: Rows, bins: NDArray[np.intp]) -> None:
        """Take visits; rows and bins intp[n]."""
        np.add.at(self._step, (rows, bins), 1.0)

    def close(self, now_ms: int) -> bool:
        """End a step where it is time; say whether it was."""
        if now_ms - self._closed_ms < STEP_MS:
            return False
        self._closed_ms = now_ms
        self.counts = self.counts * _KEPT_A_STEP + self._step
        self._p95_s = np.roll(self._p95_s, -1, axis=1)
        self._p95_s[:, -1] = quantiles(self._step, 0.95)
        self._step[:] = 0
        self._at_ms = [*self._at_ms[-(POINTS - 1) :], now_ms]
        return True

    def curve(self, row: int) -> tuple[tuple[int, ...], tuple[float | None, ...]]:
        """Return the 95th percentile of each step, in seconds; None where nothing was seen."""
        size = len(self._at_ms)
        values = self._p95_s[row, POINTS - size :] if size else np.empty(0)
        told = tuple(None if value != value else float(value) for value in values)  # noqa: PLR0124  # NaN is not itself
        return tuple(self._at_ms), told
