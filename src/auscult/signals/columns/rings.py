"""The last 120 derived values of every series, in float32, with their times in two bytes each.

A time is kept as its distance from the one before: up to 32 s exactly, beyond that in steps of
250 ms (up to 2.3 h). The distance is taken from the *kept* time of the point before, so that
rounding never adds up: a point is kept at most 249 ms early, and exactly where the series comes
more often than every 32 s or in whole seconds. After a longer silence the ring begins anew.
"""

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.samples import Slots, Times, Values

RING_POINTS = 120
_EXACT_MS = 32_000
_COARSE_MS = 250
_GAP_MS_MAX = _EXACT_MS + (65_535 - _EXACT_MS) * _COARSE_MS


class Rings:
    """One ring per slot: value float32[capacity, 120], gaps uint16[capacity, 120].

    The arrays are reserved whole; a slot's pages are only taken when it is first written.
    The ingest thread writes. A reader on another thread may miss the newest point.
    """

    def __init__(self, capacity: int) -> None:
        self._value = np.zeros((capacity, RING_POINTS), dtype=np.float32)
        self._gap = np.zeros((capacity, RING_POINTS), dtype=np.uint16)
        self._last_ms = np.zeros(capacity, dtype=np.int64)
        self._head = np.zeros(capacity, dtype=np.uint8)
        self._filled = np.zeros(capacity, dtype=np.uint8)

    def write(self, slots: Slots, at_ms: Times, value: Values) -> None:
        """Append one point to each of n *different* slots; times must grow within a slot.

        slots int32[n], at_ms int64[n], value float64[n] (kept as float32).
        """
        last_ms = self._last_ms[slots]
        filled = self._filled[slots]
        gap_ms = at_ms - last_ms
        anew = (filled == 0) | (gap_ms > _GAP_MS_MAX)
        code = _encode_gap(np.where(anew, 0, gap_ms))
        head = self._head[slots]
        self._value[slots, head] = value
        self._gap[slots, head] = code
        self._last_ms[slots] = np.where(anew, at_ms, last_ms + _decode_gap(code))
        self._head[slots] = np.where(head == RING_POINTS - 1, 0, head + 1)
        self._filled[slots] = np.where(anew, 1, np.minimum(filled + 1, RING_POINTS))

    def window(self, slot: int) -> tuple[Times, Values]:
        """Return the points of a slot as copies: at_ms int64[n], value float64[n], oldest first."""
        filled, head = int(self._filled[slot]), int(self._head[slot])
        order = np.arange(head - filled, head) % RING_POINTS
        gap_ms = _decode_gap(self._gap[slot, order])
        value = self._value[slot, order].astype(np.float64)
        since_first = np.cumsum(gap_ms[1:], dtype=np.int64)
        at_ms = np.zeros(filled, dtype=np.int64)
        at_ms[1:] = since_first
        if filled:
            at_ms += self._last_ms[slot] - at_ms[-1]
        return at_ms, value

    def clear(self, slots: Slots) -> None:
        """Forget what the slots held."""
        self._filled[slots] = 0
        self._head[slots] = 0
        self._last_ms[slots] = 0


def _encode_gap(gap_ms: Times) -> NDArray[np.uint16]:
    coarse = _EXACT_MS + (gap_ms - _EXACT_MS) // _COARSE_MS
    return np.where(gap_ms < _EXACT_MS, gap_ms, coarse).astype(np.uint16)


def _decode_gap(code: NDArray[np.uint16]) -> Times:
    wide = code.astype(np.int64)
    return np.where(wide < _EXACT_MS, wide, _EXACT_MS + (wide - _EXACT_MS) * _COARSE_MS)
