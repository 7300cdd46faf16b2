"""What is usual for one figure of one stream: level and spread of its recent calm past."""

import numpy as np

from auscult.performance.hearing.figures.blocks import Floats
from auscult.performance.hearing.verdicts import SCORE_MAX

MEMORY = 240
REFRESH = 4
"""Medians are taken again after so many values; before that they have hardly moved."""

LOG10_E = 0.4342944819


class Usual:
    """Remembers the last 240 values (two minutes of blocks) of a figure, or of a row of figures.

    Median and median absolute deviation, so that a fault that is learnt for a while moves neither
    before it fills half of the memory; whoever feeds it leaves out what was heard under an alarm.
    """

    def __init__(self, width: int = 1, *, least: int = 10, spread_min: float = 1.0) -> None:
        self.least, self.spread_min = least, spread_min
        self._memory = np.empty((MEMORY, width))
        self._count = 0
        self._fresh = False
        self._low = self._high = self._level = np.zeros(width)
        self._spread = np.full(width, spread_min)

    @property
    def is_known(self) -> bool:
        """Whether enough was heard to say what is usual."""
        return self._count >= self.least

    def learn(self, values: Floats | float) -> None:
        """Remember the values of one block."""
        self._memory[self._count % MEMORY] = values
        self._count += 1
        self._fresh = self._fresh and self._count > 2 * self.least and self._count % REFRESH > 0

    @property
    def known(self) -> Floats:
        """All remembered values, shape (n ≤ 240, width), in no order."""
        return self._memory[: min(self._count, MEMORY)]

    @property
    def level(self) -> Floats:
        """The usual values, shape (width,)."""
        self._refresh()
        return self._level

    @property
    def spread(self) -> Floats:
        """Their usual deviation as a standard deviation, at least `spread_min`."""
        self._refresh()
        return self._spread

    @property
    def low(self) -> Floats:
        """What only one in ten of the remembered values is below."""
        self._refresh()
        return self._low

    @property
    def high(self) -> Floats:
        """What only one in ten of the remembered values is above."""
        self._refresh()
        return self._high

    def forget(self) -> None:
        """Begin anew, as for another programme."""
        self._count, self._fresh = 0, False

    def score(self, value: float) -> float:
        """Return −log10 of the probability of a value this far from the usual level."""
        return float(self.scores(np.array([value]))[0])

    def scores(self, values: Floats) -> Floats:
        """Return −log10 of the two-sided probability of each value of a row, shape (width,).

        The tail is Laplace's (heavier than the normal one: figures of programmes jump), with the
        scale taken from the median absolute deviation.
        """
        return laplace_score(np.abs(values - self.level) / self.spread)

    def _refresh(self) -> None:
        if self._fresh or not self._count:
            return
        ordered = np.sort(self.known, axis=0)
        last = len(ordered) - 1
        self._low, self._high = ordered[last // 10], ordered[last - last // 10]
        self._level = 0.5 * (ordered[last // 2] + ordered[(last + 1) // 2])
        away = np.median(np.abs(self.known - self._level), axis=0)
        self._spread = np.maximum(1.4826 * away, self.spread_min)
        self._fresh = True


def laplace_score(away: Floats) -> Floats:
    """Return −log10 of Laplace's probability of so many standard deviations and more."""
    return np.asarray(np.minimum(SCORE_MAX, away * np.sqrt(2) * LOG10_E))
