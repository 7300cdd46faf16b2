"""The "AI" step: a spectral noise gate and a loudness leveller, both vectorised.

The gate follows the minimum-statistics idea (Martin 2001): the quietest magnitude seen in each
frequency bin over the last seconds is taken for noise, and bins near it are turned down.
"""

import numpy as np
from numpy.typing import NDArray

from soundstage.audio.format import Pcm

WINDOW = 480
HOP = WINDOW // 2
"""240 samples: a chunk holds a whole number of hops, so it keeps its length."""

TARGET_RMS = 0.12
"""About −18 dBFS, a common level of online radio."""


class Enhancer:
    """One programme's gate and leveller, with the memory they need between chunks."""

    def __init__(self) -> None:
        """Start with no idea of the noise and a gain of one."""
        self._window = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
        self._tail = np.zeros(HOP, dtype=np.float32)
        self._carry = np.zeros(HOP, dtype=np.float32)
        self._floor: NDArray[np.float32] | None = None
        self._gain = 1.0

    def enhance(self, pcm: Pcm) -> Pcm:
        """Clean and level one chunk; the output lags the input by 240 samples (10 ms)."""
        source = np.concatenate([self._tail, pcm])
        self._tail = pcm[-HOP:].copy()
        frames = np.lib.stride_tricks.sliding_window_view(source, WINDOW)[::HOP]
        spectrum = np.fft.rfft(frames * self._window, axis=1)
        cleaned = np.fft.irfft(spectrum * self._mask(np.abs(spectrum)), n=WINDOW, axis=1)
        return self._level(self._overlap(cleaned.astype(np.float32)))

    def _mask(self, magnitude: NDArray[np.float32]) -> NDArray[np.float32]:
        quiet = np.quantile(magnitude, 0.1, axis=0)
        floor = quiet if self._floor is None else np.minimum(quiet, self._floor * 1.05)
        self._floor = floor
        mask: NDArray[np.float32] = (magnitude - 1.5 * floor) / (magnitude + 1e-9)
        return mask.clip(0.1, 1.0)

    def _overlap(self, frames: NDArray[np.float32]) -> Pcm:
        out = np.empty(frames.shape[0] * HOP, dtype=np.float32)
        heads, tails = frames[:, :HOP], frames[:, HOP:]
        out[:] = (heads + np.concatenate([self._carry[None], tails[:-1]])).reshape(-1)
        self._carry = tails[-1]
        return out

    def _level(self, pcm: Pcm) -> Pcm:
        rms = float(np.sqrt(np.mean(pcm * pcm)) + 1e-6)
        wanted = float(np.clip(TARGET_RMS / rms, 0.25, 4.0))
        ramp = np.linspace(self._gain, self._gain + 0.2 * (wanted - self._gain), pcm.size)
        self._gain = float(ramp[-1])
        leveled: Pcm = np.clip(pcm * ramp.astype(np.float32), -0.98, 0.98)
        return leveled
