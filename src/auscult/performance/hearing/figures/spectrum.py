"""The short-time spectrum of a block, as power per band: what bandwidth and noise are read from."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft

from auscult.performance.hearing.figures.blocks import Block, Floats, Grid, Singles

BAND_HZ = 250
LOW_HZ = (40.0, 250.0)
CROSS_HZ = (100.0, 8_000.0)


@dataclass(frozen=True, slots=True)
class Spectra:
    """Power per frame and band of one block; bands are 250 Hz wide and begin at 0.

    power: (channels, frames, bands), mean square of what lies in the band, Hann window.
    low: Re Σ L·R*, Σ|L|², Σ|R|² from 40 to 250 Hz for the first two channels; zeros for one.
    cross: L·R* of each frame from 100 Hz to 8 kHz, (frames, lines); no lines for one channel.
    """

    power: Floats
    low: tuple[float, float, float]
    cross: NDArray[np.complex64]

    @property
    def mean(self) -> Floats:
        """Mean power per band over frames and channels, shape (bands,)."""
        return np.asarray(self.power.mean(axis=(0, 1)))


@cache
def frame_length(rate_hz: int) -> int:
    """Return the length of a transform: 21 to 64 ms, a power of two."""
    return int(2 ** (rate_hz // 20).bit_length() // 2)


@cache
def _window(length: int) -> Singles:
    window = np.hanning(length + 1)[:-1]
    # Scaled so that the sum over all bins of |X|² is the mean square of the frame.
    scale = np.sqrt(2.0 / (length * (window**2).sum()))
    return np.asarray(window * scale, dtype=np.float32)


@cache
def _starts(rate_hz: int, length: int) -> NDArray[np.intp]:
    bins = np.arange(0, rate_hz / 2, BAND_HZ) * length / rate_hz
    return np.unique(np.ceil(bins).astype(np.intp))


def band_hz(grid: Grid) -> Floats:
    """Return where each band begins, Hz, shape (bands,)."""
    length = frame_length(grid.rate_hz)
    return _starts(grid.rate_hz, length) * grid.rate_hz / length


def look(block: Block) -> Spectra:
    """Return the spectra of a block: as many whole frames as fit, side by side."""
    rate, (channels, size) = block.grid.rate_hz, block.samples.shape
    length = frame_length(rate)
    frames = size // length
    cut = block.samples[:, : frames * length].reshape(channels, frames, length)
    x = rfft(cut * _window(length), axis=2)
    power = x.real**2 + x.imag**2
    bands = np.add.reduceat(power, _starts(rate, length), axis=2)
    low, cross = (0.0, 0.0, 0.0), np.zeros((frames, 0), dtype=np.complex64)
    if channels > 1:
        first, last = (round(min(hz, 0.4 * rate) * length / rate) for hz in CROSS_HZ)
        cross = x[0, :, first:last] * x[1, :, first:last].conj()
        first, last = (round(hz * length / rate) for hz in LOW_HZ)
        left, right = x[0, :, first : last + 1], x[1, :, first : last + 1]
        low = (
            float((left.real * right.real + left.imag * right.imag).sum()),
            float(power[0, :, first : last + 1].sum()),
            float(power[1, :, first : last + 1].sum()),
        )
    return Spectra(power=bands.astype(np.float64), low=low, cross=cross)
