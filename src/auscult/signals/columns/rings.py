"""The last 120 derived values of every series, in float32, with their times in two bytes each.

A time is kept as its distance from the one before: up to 32 s exactly, beyond that in steps of
250 ms (up to 2.3 h). The distance is taken from the *kept* time of the point before, so that
rounding never adds up: a point is kept at most 249 ms early, and exactly where the series comes
more often than every 32 s or in whole seconds. After a longer silence the ring begins anew.

Series that come together are written together, so a block of 128 slots holds their first points
side by side, then their second ones, and so on.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.samples import Slots, Times, Values
from auscult.signals.columns.samples import Index

RING_POINTS = 120
_BLOCK_BITS = 7
_BLOCK_SLOTS = 1 << _BLOCK_BITS
_BLOCK_POINTS = _BLOCK_SLOTS * RING_POINTS
_EXACT_MS = 32_000
_COARSE_MS = 250
_GAP_MS_MAX = _EXACT_MS + (65_535 - _EXACT_MS) * _COARSE_MS

Places = TypeVar("Places", Index, np.int64)


class Rings:
    """One ring per slot: value float32, gaps uint16, each [blocks, 120, 128] as one column.

    The arrays are reserved whole; a block's pages are only taken when it is first written.
    The ingest thread writes. A reader on another thread may miss the newest point.
    """

    def __init__(self, capacity: int) -> None:
        points = -(-capacity // _BLOCK_SLOTS) * _BLOCK_POINTS
        self._value = np.zeros(points, dtype=np.float32)
        self._gap = np.zeros(points, dtype=np.uint16)
        self._last_ms = np.zeros(capacity, dtype=np.int64)
        self._head = np.zeros(capacity, dtype=np.uint8)
        self._filled = np.zeros(capacity, dtype=np.uint8)

    def write(self, slots: Slots | Index, at_ms: Times, value: Values) -> None:
        """Append one point to each of n *different* slots; times must grow within a slot.

        slots int32[n] or intp[n], at_ms int64[n], value float64[n] (kept as float32).
        """
        if not len(slots):
            return
        slots = slots.astype(np.intp, copy=False)
        last_ms = self._last_ms[slots]
        filled = self._filled[slots]
        gap_ms = at_ms - last_ms
        if gap_ms.max() < _EXACT_MS and filled.all():
            code, kept_ms = gap_ms.astype(np.uint16), at_ms
        else:
            anew = (filled == 0) | (gap_ms > _GAP_MS_MAX)
            code = _encode_gap(np.where(anew, 0, gap_ms))
            kept_ms = np.where(anew, at_ms, np.add(last_ms, _decode_gap(code)))
            filled[anew] = 0
        head = self._head[slots]
        place = _first_place(slots)
        place += head * np.int64(_BLOCK_SLOTS)
        self._value[place] = value.astype(np.float32)
        self._gap[place] = code
        self._last_ms[slots] = kept_ms
        head += 1
        head[head == RING_POINTS] = 0
        self._head[slots] = head
        self._filled[slots] = np.minimum(filled, RING_POINTS - 1) + np.uint8(1)

    def window(self, slot: int) -> tuple[Times, Values]:
        """Return the points of a slot as copies: at_ms int64[n], value float64[n], oldest first."""
        filled, head = int(self._filled[slot]), int(self._head[slot])
        order = np.arange(head - filled, head) % RING_POINTS
        place = order * _BLOCK_SLOTS + _first_place(np.int64(slot))
        gap_ms = _decode_gap(self._gap[place])
        value = self._value[place].astype(np.float64)
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


def _first_place(slots: Places) -> Places:
    """Return where the first point of each slot stands: int64, of the shape of `slots`."""
    return slots + (slots >> _BLOCK_BITS) * (_BLOCK_POINTS - _BLOCK_SLOTS)


def _encode_gap(gap_ms: Times) -> NDArray[np.uint16]:
    coarse = _EXACT_MS + (gap_ms - _EXACT_MS) // _COARSE_MS
    return np.where(gap_ms < _EXACT_MS, gap_ms, coarse).astype(np.uint16)


def _decode_gap(code: NDArray[np.uint16]) -> Times:
    wide = code.astype(np.int64)
    return np.where(wide < _EXACT_MS, wide, _EXACT_MS + (wide - _EXACT_MS) * _COARSE_MS)
