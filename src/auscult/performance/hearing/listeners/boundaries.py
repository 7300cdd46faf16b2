"""Where another piece begins, so that what is merely its own is not taken for a fault."""

from collections import deque
from itertools import pairwise

import numpy as np

from auscult.performance.hearing.figures.blocks import STEP_S, Block, Floats, Grid, decibels
from auscult.performance.hearing.figures.spectrum import Spectra, band_hz
from auscult.performance.hearing.figures.usual import Usual

EDGES_HZ = (0, 250, 500, 750, 1_000, 1_500, 2_000, 3_000, 4_000)
BEFORE, AFTER = 8, 3
LEAST_DB, TIMES = 3.5, 2.0
EARLY_MS = 1_000
"""By so much too early a piece may be noticed, whose first half second is enough."""

REMEMBERED = 16
ACTIVE_DB = -50.0
DIP, DIP_BINS, DIPS = 0.02, 8, 256
"""Between two pieces, however tightly they are cut, the sound falls by 34 dB for some 10 ms."""

MINUTE_S, OFTEN, FEW = 60.0, 6, 4
"""So many dips a minute, and four of the first seconds, are how a voice goes, and tell nothing."""


class Boundaries:
    """Notices that the spectrum below 4 kHz takes another shape, as from one piece to the next.

    A fault changes one thing: it takes the treble, cuts the peaks, turns a channel, fills what was
    quiet. Another piece changes what is in the middle of the spectrum as well. Compared are 1.5 s
    with the 4 s before, by the usual distance of the two (novelty: J. Foote, "Automatic audio
    segmentation using a measure of audio novelty", 2000).
    """

    def __init__(self, grid: Grid) -> None:
        hz = band_hz(grid)
        self._groups = [
            np.flatnonzero((hz >= low) & (hz < high)) for low, high in pairwise(EDGES_HZ)
        ]
        self._shapes: deque[Floats] = deque(maxlen=BEFORE + AFTER)
        self._usual = Usual(least=10, spread_min=0.5)
        self._at_ms: deque[int] = deque(maxlen=REMEMBERED)
        self._dips: deque[tuple[int, int]] = deque(maxlen=DIPS)
        self._turned = False
        self._loud = 0.0
        self._quiet_bins = 0
        self._heard_s = 0.0

    def hear(self, block: Block, spectra: Spectra) -> None:
        """Take in one block; another piece is noticed 1.5 s after it began."""
        self._find_dips(block)
        if block.level_db < ACTIVE_DB:
            return
        power = spectra.mean
        shape = np.array([decibels(power[one].mean()) for one in self._groups if one.size])
        self._shapes.append(shape - shape.mean())
        if len(self._shapes) < BEFORE + AFTER:
            return
        shapes = np.stack(self._shapes)
        away = shapes[BEFORE:].mean(axis=0) - shapes[:BEFORE].mean(axis=0)
        away_db = float(np.sqrt((away**2).mean()))
        limit_db = max(LEAST_DB, TIMES * float(self._usual.level[0]))
        turned = self._usual.is_known and away_db > limit_db
        if turned and not self._turned:
            began = block.start - (AFTER - 1) * block.grid.size
            self._at_ms.append(block.time_ms(began))
        self._turned = turned
        self._usual.learn(away_db)

    def may_begin(self, since_ms: int, until_ms: int, *, pause_ms: int) -> bool:
        """Whether another piece may have begun, by its shape or after so long a pause."""
        return self.is_near(since_ms, until_ms) or self.has_dip(
            since_ms, until_ms, least_ms=pause_ms
        )

    def is_near(self, since_ms: int, until_ms: int) -> bool:
        """Whether another piece began between two times, as far as its beginning is known."""
        return any(since_ms - EARLY_MS <= at_ms <= until_ms for at_ms in self._at_ms)

    def has_dip(self, since_ms: int, until_ms: int, *, least_ms: int) -> bool:
        """Whether the sound was as good as gone, for rarely so long, between two times."""
        return any(
            since_ms <= end_ms
            and end_ms - length_ms <= until_ms
            and length_ms >= least_ms
            and self.is_rare(length_ms)
            for end_ms, length_ms in self._dips
        )

    def is_rare(self, length_ms: int) -> bool:
        """Whether few dips of the last minute are as long: the pauses of a voice part no pieces."""
        as_long = sum(length >= length_ms for _, length in self._dips)
        return as_long < max(FEW, OFTEN * self._heard_s / MINUTE_S)

    def _find_dips(self, block: Block) -> None:
        now_ms = block.time_ms(block.start)
        self._heard_s = min(self._heard_s + STEP_S, MINUTE_S)
        while self._dips and now_ms - self._dips[0][0] > 1000 * MINUTE_S:
            self._dips.popleft()
        peak = block.peak.max(axis=0)
        self._loud = max(float(peak.max()), 0.7 * self._loud)
        quiet = np.concatenate([[False], peak < DIP * self._loud, [False]]).astype(np.int8)
        for begin, end in np.flatnonzero(np.diff(quiet)).reshape(-1, 2).tolist():
            before = self._quiet_bins if begin == 0 else 0
            length = end - begin + before
            self._quiet_bins = length if end == len(peak) else 0
            if before >= DIP_BINS:  # what goes on from the block before is one dip
                self._dips.pop()
            if length >= DIP_BINS:
                self._dips.append((now_ms + end, length))
        if not quiet[-2]:
            self._quiet_bins = 0
