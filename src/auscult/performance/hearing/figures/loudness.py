"""Loudness by ITU-R BS.1770-4 and EBU R 128: momentary, short-term and gated integrated, in LUFS.

The K-weighting is derived for any rate from the analogue prototypes behind the table that the
recommendation gives for 48 kHz (De Man, "Evaluation of implementations of the EBU R128 loudness
measurement", 2018), and equals that table at 48 kHz.
"""

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import sosfilt

from auscult.performance.hearing.figures.blocks import HOPS, Block, Floats, Grid

OFFSET_LU = -0.691
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
MOMENTARY_HOPS, SHORT_TERM_HOPS = 4, 30
TENTHS = 800
"""Gating blocks are counted in classes of 0.1 LU from −70 to +10 LUFS: hours take no memory."""

SURROUND_FROM = 5
SURROUND_GAIN = 1.41


@cache
def k_weighting(rate_hz: int) -> Floats:
    """Return the two stages of the K filter as second-order sections, shape (2, 6)."""
    k = math.tan(math.pi * 1681.974450955533 / rate_hz)
    q, gain = 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    mid = gain**0.4996667741545416
    a0 = 1 + k / q + k * k
    shelf = [
        *((gain + mid * k / q + k * k) / a0, 2 * (k * k - gain) / a0),
        *((gain - mid * k / q + k * k) / a0, 1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0),
    ]
    k = math.tan(math.pi * 38.13547087602444 / rate_hz)
    q = 0.5003270373238773
    a0 = 1 + k / q + k * k
    high_pass = [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0]
    return np.array([shelf, high_pass])


def channel_weights(channels: int) -> Floats:
    """Return the weight of each channel in the usual order (L R C LFE Ls Rs ...).

    In 5.1 the low-frequency channel does not count and the surrounds count 1.5 dB more.
    """
    weights = np.ones(channels)
    if channels > SURROUND_FROM:
        weights[3] = 0.0
        weights[4:] = SURROUND_GAIN
    elif channels == SURROUND_FROM:
        weights[3:] = SURROUND_GAIN
    return weights


def to_lufs(power: Floats) -> Floats:
    """Return loudness of a weighted mean square; −inf would be digital zero, given as −200."""
    return np.asarray(OFFSET_LU + 10.0 * np.log10(np.maximum(power, 1e-20)))


class Loudness:
    """The three loudnesses of one stream; state is bounded and independent of its length."""

    def __init__(self, grid: Grid) -> None:
        self._sections = k_weighting(grid.rate_hz)
        self._state = np.zeros((2, grid.channels, 2))
        self._weights = channel_weights(grid.channels)
        self._recent = np.zeros(SHORT_TERM_HOPS)
        self._hops = 0
        self._counts: NDArray[np.int64] = np.zeros(TENTHS, dtype=np.int64)
        self._sums = np.zeros(TENTHS)

    def hear(self, block: Block) -> None:
        """Take in one block."""
        y, self._state = sosfilt(self._sections, block.samples, axis=1, zi=self._state)
        hops = y.reshape(len(self._weights), HOPS, -1)
        power = self._weights @ np.einsum("chj,chj->ch", hops, hops) / hops.shape[2]
        known = self._recent
        self._recent = np.concatenate([known, power])[-SHORT_TERM_HOPS:]
        with_past = np.concatenate([known[-MOMENTARY_HOPS + 1 :], power])
        sums = np.convolve(with_past, np.ones(MOMENTARY_HOPS), "valid") / MOMENTARY_HOPS
        first = max(0, MOMENTARY_HOPS - 1 - self._hops)
        self._hops += HOPS
        self._count(sums[first:])

    def _count(self, power: Floats) -> None:
        lufs = to_lufs(power)
        loud = lufs >= ABSOLUTE_GATE_LUFS
        index = ((lufs[loud] - ABSOLUTE_GATE_LUFS) * 10).astype(np.int64).clip(0, TENTHS - 1)
        np.add.at(self._counts, index, 1)
        np.add.at(self._sums, index, power[loud])

    @property
    def momentary_lufs(self) -> float:
        """Loudness of the last 400 ms."""
        return float(to_lufs(self._recent[-MOMENTARY_HOPS:].mean()))

    @property
    def short_term_lufs(self) -> float:
        """Loudness of the last 3 s (of less where less was heard)."""
        heard = max(1, min(self._hops, SHORT_TERM_HOPS))
        return float(to_lufs(self._recent[-heard:].mean()))

    @property
    def integrated_lufs(self) -> float:
        """Gated loudness of all that was heard; −200 before anything passed the gate.

        The relative gate falls on a border of 0.1 LU: of the classes it cuts, those count whose
        mean passes it.
        """
        total = int(self._counts.sum())
        if not total:
            return -200.0
        gate = float(to_lufs(np.array(self._sums.sum() / total))) + RELATIVE_GATE_LU
        means = to_lufs(self._sums / np.maximum(self._counts, 1))
        passed = (self._counts > 0) & (means > gate)
        return float(to_lufs(np.array(self._sums[passed].sum() / self._counts[passed].sum())))
