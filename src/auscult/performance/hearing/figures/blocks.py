"""Cuts a stream into equal blocks, whatever lengths it arrives in, and measures each block once.

All listeners work on blocks of half a second on a fixed grid: what they hear cannot depend on how
the stream was cut into chunks, and no sample is looked at twice for the same figure.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.errors import BodyMalformed, BodyTooLarge
from auscult.kernel.sounds import Pcm, Sound

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

RATE_MIN_HZ, RATE_MAX_HZ = 8_000, 192_000
CHANNELS_MAX = 8
CHUNK_MAX_S = 120
SAMPLE_MAX = 64.0
"""A louder sample (+36 dB over full scale) is no sound but a broken decoder."""

HOPS = 5
BINS = 100
STEP_S = 0.5
SIDE_FLOOR_DB = -90.0

SILENT_PEAK, LOUD_PEAK = 10 ** (-60 / 20), 10 ** (-45 / 20)
"""A millisecond whose peak is below the first is silent, one above the second is heard."""


def decibels(power: Floats | Singles | float) -> Floats:
    """Return 10·log10 of a power, with −200 dB for nothing."""
    return np.asarray(10.0 * np.log10(np.maximum(power, 1e-20)), dtype=np.float64)


def median(values: Floats | Singles) -> float:
    """Return the median of a row of at least one number.

    NumPy's own costs four times as much, and a block asks for a dozen.
    """
    ordered = np.sort(values)
    last = len(ordered) - 1
    return 0.5 * float(ordered[last // 2] + ordered[(last + 1) // 2])


@dataclass(frozen=True, slots=True)
class Grid:
    """How a stream is cut: hops of 100 ms, 5 to a block, 100 bins of 1 ms to a hop."""

    rate_hz: int
    channels: int

    def __post_init__(self) -> None:
        """Refuse what is no sound.

        Raises:
            BodyMalformed: the rate or the number of channels is out of range.
        """
        if not RATE_MIN_HZ <= self.rate_hz <= RATE_MAX_HZ:
            raise BodyMalformed(f"{self.rate_hz} Hz is no rate of sound from 8 to 192 kHz")
        if not 1 <= self.channels <= CHANNELS_MAX:
            raise BodyMalformed(f"{self.channels} channels; 1 to {CHANNELS_MAX} are heard")

    @property
    def hop(self) -> int:
        """Frames of 100 ms."""
        return round(self.rate_hz / 10)

    @property
    def size(self) -> int:
        """Frames of a block."""
        return self.hop * HOPS

    @property
    def edges(self) -> NDArray[np.intp]:
        """Where each bin of 1 ms begins, shape (500,)."""
        within = np.arange(BINS) * self.hop // BINS
        return (np.arange(HOPS)[:, None] * self.hop + within).ravel()

    def check(self, sound: Sound) -> None:
        """Refuse what does not belong to this stream or is no sound.

        Raises:
            BodyMalformed: another rate, another shape, or samples that are not finite.
            BodyTooLarge: more than two minutes at once.
        """
        x = sound.samples
        if sound.rate_hz != self.rate_hz:
            raise BodyMalformed(f"{sound.rate_hz} Hz in a stream of {self.rate_hz} Hz")
        if x.ndim != 2 or x.shape[1] != self.channels:  # noqa: PLR2004  frames and channels
            raise BodyMalformed(f"samples of shape {x.shape} for {self.channels} channels")
        if len(x) > CHUNK_MAX_S * self.rate_hz:
            raise BodyTooLarge(f"{len(x)} frames; at most {CHUNK_MAX_S} s are heard at once")
        if x.size and not max(float(x.max()), -float(x.min())) <= SAMPLE_MAX:
            raise BodyMalformed("samples that are not finite or far beyond full scale")


@dataclass(frozen=True, slots=True)
class Block:
    """Half a second of sound and what every listener needs of it.

    start: number of its first frame. samples: float32 (channels, frames), contiguous.
    power: mean square per channel and hop, (channels, 5). peak: greatest |sample| per channel and
    bin of 1 ms, (channels, 500). cross: mean product of the first two channels, 0 of one.
    """

    grid: Grid
    start: int
    at_ms: float
    samples: Singles
    power: Floats
    peak: Singles
    cross: float

    @property
    def level_db(self) -> float:
        """Mean level of all channels, dB of full scale (a full-scale square wave is 0 dB)."""
        return float(decibels(float(self.power.mean())))

    @property
    def side_db(self) -> float:
        """Power of left − right against left + right, dB, from −90; of the first two channels."""
        left, right = self.power[:2].mean(axis=1).tolist()
        side = max(left + right - 2 * self.cross, 0.0)
        ratio = side / max(left + right + 2 * self.cross, 1e-20)
        return max(SIDE_FLOOR_DB, float(decibels(ratio)))

    def time_ms(self, frame: float) -> int:
        """When a frame of the stream, counted from its beginning, was heard."""
        return round(self.at_ms + (frame - self.start) * 1000.0 / self.grid.rate_hz)


class Blocks:
    """Collects chunks of any length and gives whole blocks; holds less than one block."""

    def __init__(self, grid: Grid, start_ms: float = 0.0) -> None:
        self.grid = grid
        self.start_ms = start_ms
        self.blocks = 0
        self._buffer = np.empty((grid.size, grid.channels), dtype=np.float32)
        self._fill = 0

    def push(self, samples: Pcm) -> Iterator[Block]:
        """Yield each block that these samples complete."""
        taken = 0
        while taken < len(samples):
            some = min(self.grid.size - self._fill, len(samples) - taken)
            self._buffer[self._fill : self._fill + some] = samples[taken : taken + some]
            self._fill += some
            taken += some
            if self._fill == self.grid.size:
                self._fill = 0
                yield self._measure()

    def _measure(self) -> Block:
        x = np.array(self._buffer.T, order="C", copy=True)
        start = self.blocks * self.grid.size
        self.blocks += 1
        at_ms = self.start_ms + start * 1000.0 / self.grid.rate_hz
        return measure(self.grid, x, start=start, at_ms=at_ms)


def measure(grid: Grid, samples: Singles, *, start: int, at_ms: float) -> Block:
    """Make a block of samples of shape (channels, grid.size), C-contiguous."""
    hops = samples.reshape(grid.channels * HOPS, grid.hop)
    # Sums by einsum: BLAS would wake its threads for half a second of sound, and wait for them.
    cross = (
        float(np.einsum("i,i->", samples[0], samples[1], dtype=np.float64)) / grid.size
        if grid.channels > 1
        else 0.0
    )
    power = np.einsum("ij,ij->i", hops, hops, dtype=np.float64) / grid.hop
    return Block(
        grid=grid,
        start=start,
        at_ms=at_ms,
        samples=samples,
        power=power.reshape(grid.channels, HOPS),
        peak=np.maximum.reduceat(np.abs(samples), grid.edges, axis=1),
        cross=cross,
    )
