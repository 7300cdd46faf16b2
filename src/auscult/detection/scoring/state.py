"""What one pass works on: the state of n series, column by column, and scratch beside it."""

import numpy as np
from numpy.typing import NDArray

from auscult.detection.scoring.columns import BLOCK, BLOCK_WIDTH, READ, STAGGER, TIME, Columns, Rows

Floats = NDArray[np.float32]
Signs = NDArray[np.bool_]
Bits = NDArray[np.int32]

CHUNK = 20_480
"""Samples per pass: what it works on stays in the second-level cache, and calls cost little."""
_FEW = 4096
"""Rows turned into columns at a time: they stay in the second-level cache on their way."""
_HUGE_PAGE = 2 << 20
_HUGE_FROM = 4 << 20
"""Bytes from which NumPy asks for huge pages: they do not share cache sets as small pages may."""
READY_AFTER = 60
"""Samples before a series is heard."""
_SCRATCH = (
    "x", "r", "scale", "doubt", "few", "lasting", "clip", "w", "rate", "slow", "a", "b", "c"
)  # fmt: skip
_OPEN = np.broadcast_to(np.float32(1), CHUNK)
_LINE = np.dtype(f"V{BLOCK_WIDTH * 4}")
"""One row of the block as one element, so that it is copied in one go."""


def constant(value: float) -> Floats:
    """Return a number as an operand whose type NumPy need not find out anew in every call."""
    return np.array(value, dtype=np.float32)


_SIGN = np.array(31, dtype=np.int32)


def bits(column: Floats) -> Bits:
    """Return the bits of n float32."""
    return column.view(np.int32)


def negative(column: Floats, out: Floats) -> Bits:
    """Set `out` to ones, bit by bit, where a column is below 0, to zeros elsewhere; return these.

    `x & mask` is then x or 0, for half of what a comparison costs that ends in a float32.
    """
    return np.right_shift(bits(column), _SIGN, out=bits(out))


class State:
    """The columns of one pass over n series, float32 (n,) each.

    Those named in `BLOCK` are the series' own, the others are scratch: x is the value less its
    season, r its deviation; a, b and c hold for a few lines. `sign` is bool (n,). What
    does not hold for any of the n need not be worked out for each: `is_young`, some have been seen
    seldom; `is_shut`, the gate of some may be.
    """

    level: Floats
    trend: Floats
    above: Floats
    below: Floats
    smooth: Floats
    spread: Floats
    sway: Floats
    tail: Floats
    quantum: Floats
    rise: Floats
    seen: Floats
    last: Floats
    evidence: Floats
    interval_s: Floats
    gate: Floats
    last_ms: NDArray[np.int64]

    x: Floats
    r: Floats
    scale: Floats
    doubt: Floats
    few: Floats
    lasting: Floats
    clip: Floats
    w: Floats
    rate: Floats
    slow: Floats
    a: Floats
    b: Floats
    c: Floats
    sign: Signs
    is_young: bool
    is_shut: bool
    columns: Columns
    where: slice | Rows

    def __init__(self) -> None:
        wide = CHUNK + STAGGER
        columns = len(BLOCK) + 1 + len(_SCRATCH)
        room = _on_huge_pages(columns * wide + _FEW * BLOCK_WIDTH)
        by_column = room[: columns * wide].reshape(columns, wide)
        self._turned, self._gate = by_column[: len(BLOCK)], by_column[len(BLOCK)]
        self._scratch = by_column[len(BLOCK) + 1 :]
        self._lines = room[columns * wide :].reshape(_FEW, BLOCK_WIDTH)
        self._signs = np.empty(CHUNK, dtype=bool)
        self._times = np.empty(CHUNK, dtype=np.int64)

    def take(self, columns: Columns, where: slice | Rows, n: int) -> None:
        """Take the n series `where` says: in place if their columns lie so, else as a copy."""
        self.columns, self.where = columns, where
        self.sign = self._signs[:n]
        self.__dict__.update(zip(_SCRATCH, self._scratch[:, :n], strict=True))
        turned, self.last_ms = self._turned[:, :n], self._times[:n]
        self._take_gate(columns, where, n)
        if isinstance(where, slice):
            if columns.by_column:
                turned, self.last_ms = columns.block[where, : len(BLOCK)].T, columns.last_ms[where]
            else:
                np.copyto(turned[:READ], columns.block[where, :READ].T)
                np.copyto(self.last_ms, columns.last_ms[where])
        else:
            self._gather(columns, where, turned)
        self.__dict__.update(zip(BLOCK, turned, strict=True))
        self.is_young = float(self.seen.min()) < READY_AFTER

    def give(self) -> None:
        """Put back what `take` took as a copy, and when the series were seen."""
        columns, where, turned = self.columns, self.where, self._turned[:, : self.sign.size]
        if not isinstance(where, slice):
            self._scatter(columns, where, turned)
        elif not columns.by_column:
            np.copyto(columns.block[where, : len(BLOCK)].T, turned)
            columns.last_ms[where] = self.last_ms

    def slots(self, pick: Rows) -> Rows:
        """Return the slots of some of the n series."""
        return pick + self.where.start if isinstance(self.where, slice) else self.where[pick]

    def _take_gate(self, columns: Columns, where: slice | Rows, n: int) -> None:
        self.is_shut = columns.is_shut
        if not self.is_shut:
            self.gate = _OPEN[:n]
        elif isinstance(where, slice):
            self.gate = columns.gate[where]
        else:
            self.gate = np.take(columns.gate, where, out=self._gate[:n], mode="clip")

    def _gather(self, columns: Columns, where: Rows, turned: Floats) -> None:
        if columns.by_column:
            np.copyto(turned[:READ], columns.block.T[:READ, where])
            np.take(columns.last_ms, where, out=self.last_ms, mode="clip")
            return
        for start in range(0, where.size, _FEW):
            part = slice(start, start + _FEW)
            few = self._lines[: where[part].size]
            np.take(_lines(columns.block), where[part], out=_lines(few), mode="clip")
            np.copyto(turned[:READ, part], few[:, :READ].T)
            np.copyto(self.last_ms[part], few.view(np.int64)[:, TIME])

    def _scatter(self, columns: Columns, where: Rows, turned: Floats) -> None:
        if columns.by_column:
            columns.block.T[: len(BLOCK), where] = turned
            columns.last_ms[where] = self.last_ms
            return
        for start in range(0, where.size, _FEW):
            part = slice(start, start + _FEW)
            few = self._lines[: where[part].size]
            np.copyto(few[:, : len(BLOCK)].T, turned[:, part])
            np.copyto(few.view(np.int64)[:, TIME], self.last_ms[part])
            _lines(columns.block)[where[part]] = _lines(few)


def _lines(block: Floats) -> NDArray[np.void]:
    """View float32 (n, 16) as n elements of a cache line each."""
    return block.view(_LINE).reshape(-1)


def _on_huge_pages(size: int) -> Floats:
    """Return float32 (size,) without values that begins where a huge page does."""
    room = np.empty((max(size * 4, _HUGE_FROM) + _HUGE_PAGE) // 4, dtype=np.float32)
    start = -room.ctypes.data % _HUGE_PAGE // 4
    return room[start : start + size]
