"""The last seconds of a stream, kept small, so that a fault can be played to whoever asks."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.sounds import Pcm, Sound

FULL = 32_767.0
CURVE_POINTS = 360


class Recent:
    """The last `keep_s` seconds of one stream as 16-bit samples, by the stream's own count.

    Places are milliseconds of sound since the ear began: no jitter of arrival moves them.
    """

    def __init__(self, rate_hz: int, *, keep_s: float) -> None:
        """Begin with nothing."""
        self.rate_hz = rate_hz
        self._keep = round(keep_s * rate_hz)
        self._begin = self._end = 0
        self._parts: deque[NDArray[np.int16]] = deque()

    def add(self, samples: Pcm) -> None:
        """Append float32 (n, channels)."""
        with np.errstate(invalid="ignore"):  # what is no number is the ear's to refuse
            whole = (np.clip(samples, -1, 1) * FULL).astype(np.int16)
        self._parts.append(whole)
        self._end += len(whole)
        while self._end - self._begin - len(self._parts[0]) >= self._keep:
            self._begin += len(self._parts.popleft())

    def cut(self, begin_ms: float, end_ms: float) -> Sound | None:
        """Return what lies between two places, None where nothing of it is held."""
        begin = max(self._begin, round(begin_ms * self.rate_hz / 1_000))
        end = min(self._end, round(end_ms * self.rate_hz / 1_000))
        if begin >= end:
            return None
        held = np.concatenate(self._parts)[begin - self._begin : end - self._begin]
        return Sound(held.astype(np.float32) / np.float32(FULL), self.rate_hz)

    @property
    def end_ms(self) -> float:
        """Up to where something is held."""
        return 1_000 * self._end / self.rate_hz


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
