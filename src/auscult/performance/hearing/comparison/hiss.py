"""Noise that the source has not: what is heard in the cells of time and frequency it leaves quiet.

A coder keeps the power of nearly every cell (250 Hz, 40 ms) within a decibel or two. Noise adds its
own power to each: a cell that is louder in the source hides it, a quieter one shows nothing else.
So cells are sorted by the power the source has there, and each class is set against what became of
it before. (Minimum statistics: R. Martin, "Noise power spectral density estimation based on optimal
smoothing and minimum statistics", 2001; here the source says where the minima are.)
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from auscult.performance.hearing.comparison.pairs import Pair
from auscult.performance.hearing.figures.blocks import STEP_S, Floats, Grid, decibels, median
from auscult.performance.hearing.figures.spectrum import band_hz
from auscult.performance.hearing.figures.usual import MEMORY, laplace_score
from auscult.performance.hearing.verdicts import Alarm, Kind, Verdict

RING, NEED_S = 6, 4.0
FAINT_DB = -50.0
EDGES_HZ = (1_500, 2_000, 3_000, 4_000, 5_500, 7_500, 10_000, 13_000, 16_000)
"""Groups of bands: each hides noise, or shows it, by itself."""

LOW_DB, CLASS_DB, CLASSES = -105.0, 5.0, 12
"""Classes of a cell's power in the source; the first and the last have no other end."""

LACK_DB, FILL_DB = -10.0, 30.0
"""So much a cell may count: what a coder left out altogether is not lower than that."""

LEAST_CELLS, KNOWN_CELLS = 8, 24
RISE_DB, GROUPS = 1.0, 3
"""Five of six quiet cells, in three groups, are louder by so much than the source and the usual.
Without noise they are not for half a second in a thousand; for 3 s twice in twelve hours."""

STEADY_DB = 3.5
"""Some 7 lines of a cell of noise are independent, in one or two channels, so that it scatters by
1.2 to 1.7 dB, and the source by 1.4 within a class; a coder of few bits makes 3 dB of it. What it
fills in by itself goes up and down with what hides it, by more."""

SPREAD_MIN_DB = 1.0


class Hiss:
    """Hears noise rise to one level in what the source leaves quiet, in several groups of bands."""

    def __init__(self, grid: Grid) -> None:
        hz = band_hz(grid)
        self._bands = np.flatnonzero((hz >= EDGES_HZ[0]) & (hz < EDGES_HZ[-1]))
        self._group = np.searchsorted(EDGES_HZ, hz[self._bands], side="right") - 1
        self._ring: deque[Floats] = deque(maxlen=RING)
        self._power: deque[tuple[float, float]] = deque(maxlen=RING)
        self._usual = np.zeros((3, len(EDGES_HZ) - 1, CLASSES))
        self._alarm = Alarm(Kind.NOISE, need_s=NEED_S)

    @property
    def alarms(self) -> Iterable[Alarm]:
        """What it may have opened."""
        return (self._alarm,)

    def hear(self, pair: Pair) -> Iterator[Verdict]:
        """Take in one pair; faint passages are left out."""
        if min(pair.block.level_db, pair.source.level_db) < FAINT_DB:
            return
        oldest = self._ring[0] if len(self._ring) == RING else None
        self._ring.append(self._sort(pair))
        if oldest is None:
            return
        rise, scatter, spread = compare(np.sum(self._ring, axis=0), self._usual)
        risen = (rise - scatter > RISE_DB) & (scatter < STEADY_DB)
        at_ms = pair.block.time_ms(pair.block.start)
        if self._alarm.feed(at_ms, bad=bool(risen.sum() >= GROUPS), step_s=STEP_S):
            # Groups go together: the score is that of the middle one of those that show it.
            score = median(laplace_score(rise[risen] / spread[risen]))
            words = ("dB", "noise that its source has not fills what was quiet")
            verdict = pair.say(self._alarm, score, median(rise[risen]), words=words)
            # Nearly all of the 3 s of the ring had to be so before there was evidence.
            early_ms = round(1000 * STEP_S * (RING - 1))
            yield replace(verdict, since_ms=verdict.since_ms - early_ms)
        # What is judged is not usual yet, and what may be noise does not become so.
        if (rise - scatter > 0.5 * RISE_DB).sum() < GROUPS:
            self._usual += oldest - self._usual / MEMORY

    def _sort(self, pair: Pair) -> Floats:
        """Return number, sum and sum of squares of what cells gained, dB, (3, groups, classes).

        Gained beyond what the whole has gained in the last 3 s: a louder stream has no noise.
        """
        heard, source = pair.spectra.power.mean(axis=0), pair.source_spectra.power.mean(axis=0)
        self._power.append((float(heard.sum()), float(source.sum())))
        whole = decibels(np.sum(self._power, axis=0))
        level = np.maximum(decibels(source[:, self._bands]), LOW_DB)
        gain = decibels(heard[:, self._bands]) - level - (whole[0] - whole[1])
        gain = np.clip(gain, LACK_DB, FILL_DB).ravel()
        place = np.minimum((level - LOW_DB) // CLASS_DB, CLASSES - 1) + self._group * CLASSES
        at, size = place.astype(np.intp).ravel(), (len(EDGES_HZ) - 1) * CLASSES
        weights = (np.ones_like(gain), gain, gain**2)
        sums = [np.bincount(at, one, minlength=size) for one in weights]
        return np.reshape(sums, (3, -1, CLASSES))


def compare(now: Floats, usual: Floats) -> tuple[Floats, Floats, Floats]:
    """Return by how much the quietest known class of each group is too loud, dB, each (groups,).

    now, usual: number, sum and sum of squares of what cells gained, (3, groups, classes). Also
    returned is how much single cells of the class scatter now, and did before. What is quieter in
    the source is held to gain as much as what is louder: a coder that left it out in one piece may
    keep it in the next. Where nothing is known the rise is 0.
    """
    known = usual[0] >= KNOWN_CELLS
    told = known & (now[0] >= LEAST_CELLS)
    group, lowest = np.arange(len(told)), told.argmax(axis=1)
    mean, scatter = moments(now[:, group, lowest])
    usually, spread = moments(usual)
    above = known & (np.arange(CLASSES) >= lowest[:, None])
    rise = mean - np.where(above, usually, -np.inf).max(axis=1)
    rise = np.where(told.any(axis=1), rise, 0.0)
    return rise, scatter, np.maximum(spread[group, lowest], SPREAD_MIN_DB)


def moments(sums: Floats) -> tuple[Floats, Floats]:
    """Return mean and standard deviation from number, sum and sum of squares, each (3, ...)."""
    count = np.maximum(sums[0], 1.0)
    mean = sums[1] / count
    return mean, np.sqrt(np.maximum(sums[2] / count - mean**2, 0.0))
