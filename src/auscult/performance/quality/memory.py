"""The last seconds of a stream, kept small, so that a fault can be played to whoever asks."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.sounds import Pcm, Sound

FULL = 32_767.0
CURVE_POINTS = 360


class Recent:
    """The last `keep_s` seconds of one stream as 16-bit samples, by the time they were heard."""

    def __init__(self, rate_hz: int, *, keep_s: float) -> None:
        """Begin with nothing."""
        self.rate_hz = rate_hz
        self._keep = round(keep_s * rate_hz)
        self._held = 0
        self._parts: deque[tuple[float, NDArray[np.int16]]] = deque()

    def add(self, samples: Pcm, begins_ms: float) -> None:
        """Append float32 (n, channels) that were heard from `begins_ms` on."""
        whole = (np.clip(samples, -1, 1) * FULL).astype(np.int16)
        self._parts.append((begins_ms, whole))
        self._held += len(whole)
        while len(self._parts) > 1 and self._held - len(self._parts[0][1]) >= self._keep:
            self._held -= len(self._parts.popleft()[1])

    def cut(self, begin_ms: float, end_ms: float) -> Sound | None:
        """Return what was heard between two times, None where nothing of it is held.

        What lies between is joined as it came: pieces are not moved by the jitter of arrival.
        """
        pieces, first_ms = [], None
        for at_ms, samples in self._parts:
            begin = max(0, round((begin_ms - at_ms) * self.rate_hz / 1_000))
            end = min(len(samples), round((end_ms - at_ms) * self.rate_hz / 1_000))
            if begin < end:
                pieces.append(samples[begin:end])
                first_ms = at_ms + begin * 1_000 / self.rate_hz if first_ms is None else first_ms
        if first_ms is None:
            return None
        joined = np.concatenate(pieces).astype(np.float32) / np.float32(FULL)
        return Sound(joined, self.rate_hz, round(first_ms))

    @property
    def end_ms(self) -> float:
        """Up to when something is held; 0 before anything was."""
        if not self._parts:
            return 0.0
        at_ms, samples = self._parts[-1]
        return at_ms + 1_000 * len(samples) / self.rate_hz


class LoudnessCurve:
    """Momentary loudness of the last three minutes, a point each half second."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._points: deque[tuple[int, float]] = deque(maxlen=CURVE_POINTS)

    def add(self, at_ms: float, lufs: float) -> None:
        """Append a point, at least -70 LUFS: nothing below that counts (BS.1770, absolute gate)."""
        self._points.append((round(at_ms), max(-70.0, round(lufs, 1))))

    @property
    def at_ms(self) -> tuple[int, ...]:
        """When each point was heard."""
        return tuple(at_ms for at_ms, _ in self._points)

    @property
    def lufs(self) -> tuple[float, ...]:
        """Each point's loudness."""
        return tuple(lufs for _, lufs in self._points)

    def usual(self, before_ms: int) -> tuple[float, float] | None:
        """Return between what nine tenths of the loudness lay before a time; None of too little."""
        before = [lufs for at_ms, lufs in self._points if at_ms < before_ms]
        if len(before) < CURVE_POINTS // 36:
            return None
        low, high = np.percentile(before, (5, 95))
        return round(float(low), 1), round(float(high), 1)
