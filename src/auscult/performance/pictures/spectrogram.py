"""The spectrogram: time to the right, frequency upwards, each channel above the next."""

import numpy as np
from numpy.typing import NDArray

from auscult.performance.pictures.png import encode_png

WINDOW_S = 0.032
WIDTH = 600
HEIGHT = 160
"""Pixels of one channel's picture."""

FLOOR_DBFS = -110.0
TOP_DBFS = -10.0
GAP = 4
CHANNELS_SHOWN = 2
_BACKGROUND = 255
_COLOURS = np.array(
    [[0, 0, 4], [40, 11, 84], [101, 21, 110], [159, 42, 99], [212, 72, 66], [245, 125, 21],
     [250, 193, 39], [252, 255, 164]], dtype=np.float64,
)  # fmt: skip
"""From silent to loud, growing in lightness all the way, so that it reads without colour too."""


def draw_spectrogram(samples: NDArray[np.float32], rate_hz: int) -> bytes:
    """Return the PNG of samples of shape (n, channels), full scale is -1..1.

    A sine at full scale is 0 dBFS. From 0 Hz to half the rate; the first two channels, the first
    one above. Raises `ValueError` for fewer samples than one window (32 ms).
    """
    size = round(WINDOW_S * rate_hz)
    if len(samples) < size:
        raise ValueError(f"a spectrogram needs {size} samples, not {len(samples)}")
    bands = [
        _paint(_levels_dbfs(samples[:, channel], size))
        for channel in range(min(CHANNELS_SHOWN, samples.shape[1]))
    ]
    gap = np.full((GAP, WIDTH, 3), _BACKGROUND, dtype=np.uint8)
    stacked = [bands[0]]
    for band in bands[1:]:
        stacked += [gap, band]
    return encode_png(np.concatenate(stacked))


def _levels_dbfs(samples: NDArray[np.float32], size: int) -> NDArray[np.float64]:
    """Return levels in dBFS, shape (HEIGHT, WIDTH), the highest frequency first."""
    window = np.hanning(size)
    begins = np.linspace(0, len(samples) - size, WIDTH).astype(np.int64)
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[begins] * window
    power = np.square(np.abs(np.fft.rfft(frames, axis=1)) * 2 / window.sum())
    edges = np.linspace(0, power.shape[1], HEIGHT + 1).astype(np.int64)
    strongest = np.maximum.reduceat(power, edges[:-1], axis=1)  # a thin line must not vanish
    levels: NDArray[np.float64] = 10 * np.log10(strongest + 1e-12)
    return levels.T[::-1]


def _paint(levels_dbfs: NDArray[np.float64]) -> NDArray[np.uint8]:
    share = np.clip((levels_dbfs - FLOOR_DBFS) / (TOP_DBFS - FLOOR_DBFS), 0, 1)
    place = share * (len(_COLOURS) - 1)
    below = np.minimum(place.astype(np.int64), len(_COLOURS) - 2)
    part = (place - below)[..., None]
    painted: NDArray[np.float64] = _COLOURS[below] * (1 - part) + _COLOURS[below + 1] * part
    return painted.round().astype(np.uint8)
