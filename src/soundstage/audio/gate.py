"""The "AI" step: a spectral noise gate and a loudness leveller, both vectorised.

The gate follows the minimum-statistics idea (Martin 2001): the quietest magnitude seen in each
frequency bin over the last seconds is taken for noise, and bins near it are turned down.
"""

import numpy as np
from numpy.typing import NDArray

from soundstage.audio.format import CHANNELS, Pcm

WINDOW = 960
HOP = WINDOW // 2
"""480 frames: a chunk holds a whole number of hops, so it keeps its length."""

TARGET_RMS = 0.12
"""About −18 dBFS, a common level of online radio."""


class Enhancer:
    """One programme's gate and leveller, with the memory they need between chunks."""

    def __init__(self) -> None:
        """Start with no idea of the noise and a gain of one."""
        self._window = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
        self._tail = np.zeros((HOP, CHANNELS), dtype=np.float32)
        self._carry = np.zeros((CHANNELS, HOP), dtype=np.float32)
        self._floor: NDArray[np.float32] | None = None
        self._gain = 1.0

    def enhance(self, pcm: Pcm) -> Pcm:
        """Clean and level one chunk; the output lags the input by 480 frames (10 ms)."""
        source = np.concatenate([self._tail, pcm]).T
        self._tail = pcm[-HOP:].copy()
        # Channels first, then frames: one transform for all of them.
        frames = np.lib.stride_tricks.sliding_window_view(source, WINDOW, axis=1)[:, ::HOP]
        spectrum = np.fft.rfft(frames * self._window, axis=2).astype(np.complex64, copy=False)
        cleaned = np.fft.irfft(spectrum * self._mask(spectrum), n=WINDOW, axis=2)
        return self._level(self._overlap(cleaned.astype(np.float32, copy=False)))

    def _mask(self, spectrum: NDArray[np.complex64]) -> NDArray[np.float32]:
        # One mask for both channels, else the image would wander with the noise.
        magnitude = np.maximum(*np.abs(spectrum))
        rank = len(magnitude) // 10
        quiet = np.partition(magnitude, rank, axis=0)[rank]
        floor = quiet if self._floor is None else np.minimum(quiet, self._floor * np.float32(1.05))
        self._floor = floor
        mask: NDArray[np.float32] = (magnitude - np.float32(1.5) * floor) / (magnitude + 1e-9)
        return mask.clip(0.1, 1.0)

    def _overlap(self, frames: NDArray[np.float32]) -> Pcm:
        heads, tails = frames[:, :, :HOP], frames[:, :, HOP:]
        late = np.concatenate([self._carry[:, None], tails[:, :-1]], axis=1)
        self._carry = tails[:, -1].copy()
        return np.ascontiguousarray((heads + late).reshape(CHANNELS, -1).T)

    def _level(self, pcm: Pcm) -> Pcm:
        rms = float(np.sqrt(np.mean(pcm * pcm)) + 1e-6)
        wanted = float(np.clip(TARGET_RMS / rms, 0.25, 4.0))
        ramp = np.linspace(self._gain, self._gain + 0.2 * (wanted - self._gain), len(pcm))
        self._gain = float(ramp[-1])
        leveled: Pcm = np.clip(pcm * ramp.astype(np.float32)[:, None], -0.98, 0.98)
        return leveled
