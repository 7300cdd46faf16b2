"""True peak: the greatest value of the wave between the samples (ITU-R BS.1770-4, Annex 2)."""

from functools import cache

import numpy as np

from auscult.performance.hearing.figures.blocks import Block, Grid, Singles, decibels

TAPS = 24
"""Taps per phase; the recommendation's example has 12, which reads up to 0.2 dB low at the top."""

PIECE = 3_000
NEAR = 0.5
"""Between two samples below half of the block's peak no audible wave rises above that peak."""

FOURFOLD_UP_TO_HZ, TWOFOLD_UP_TO_HZ = 50_000, 100_000


@cache
def interpolator(factor: int) -> Singles:
    """Return the Kaiser-windowed sinc that makes factor−1 values between samples: (TAPS, factor−1).

    Column p is the value p+1 parts of `factor` after the sample in the middle (tap TAPS/2 − 1).
    """
    at = np.arange(TAPS)[:, None] - (TAPS // 2 - 1) - np.arange(1, factor)[None, :] / factor
    reach = np.clip(1.0 - (at / (TAPS / 2)) ** 2, 0.0, 1.0)
    taps = np.sinc(at) * np.i0(5.0 * np.sqrt(reach)) / np.i0(5.0)
    return np.asarray(taps / taps.sum(axis=0), dtype=np.float32)


class TruePeak:
    """The true peak of one stream, oversampled 4x up to 50 kHz, 2x up to 100 kHz, 1x above."""

    def __init__(self, grid: Grid) -> None:
        self.peak = 0.0
        self.recent = 0.0
        rate = grid.rate_hz
        self.factor = 4 if rate <= FOURFOLD_UP_TO_HZ else 2 if rate <= TWOFOLD_UP_TO_HZ else 1
        self._past = np.zeros((grid.channels, TAPS), dtype=np.float32)

    def hear(self, block: Block) -> None:
        """Take in one block; the last half filter length waits for the next one."""
        top = float(block.peak.max())
        if self.factor > 1 and top > 0:
            x = np.concatenate([self._past, block.samples], axis=1)
            top = max(top, self._between(x, top))
        self._past = block.samples[:, -TAPS:].copy()
        self.recent = top
        self.peak = max(self.peak, top)

    def _between(self, x: Singles, top: float) -> float:
        middle = TAPS // 2 - 1
        high = (np.abs(x[:, middle : -TAPS // 2]) > NEAR * top).ravel()
        kept = np.flatnonzero(high)
        if not kept.size:
            return 0.0
        width = x.shape[1] - TAPS + 1
        channel, at = kept // width, kept % width
        flat = (channel * x.shape[1] + at)[:, None] + np.arange(TAPS)
        near, taps = x.ravel()[flat], interpolator(self.factor)
        # In pieces that BLAS does not spread over threads: waking them costs more than the sums.
        pieces = (near[at : at + PIECE] @ taps for at in range(0, len(near), PIECE))
        return max(float(np.abs(piece).max()) for piece in pieces)

    @property
    def true_peak_dbtp(self) -> float:
        """The greatest true peak so far, dB of full scale."""
        return float(decibels(self.peak**2))

    @property
    def recent_dbtp(self) -> float:
        """The true peak of the last block, dB of full scale."""
        return float(decibels(self.recent**2))
