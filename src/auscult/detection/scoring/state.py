"""What one pass works on: the state of n series, column by column, and scratch beside it."""

import numpy as np
from numpy.typing import NDArray

from auscult.detection.scoring.columns import BLOCK, BLOCK_WIDTH, STAGGER, Columns, Rows

Floats = NDArray[np.float32]
Signs = NDArray[np.bool_]
Bits = NDArray[np.int32]

CHUNK = 20_480
"""Samples per pass: what it works on stays in the second-level cache, and calls cost little."""
_HUGE_PAGE = 2 << 20
_HUGE_FROM = 4 << 20
"""Bytes from which NumPy asks for huge pages: they do not share cache sets as small pages may."""
READY_AFTER = 60
"""Samples before a series is heard."""
_SCRATCH = (
    "x", "r", "scale", "doubt", "few", "lasting", "clip", "w", "rate", "slow", "a", "b", "c"
)  # fmt: skip
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
    seldom; `is_shut`, the gate of some is.
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
    gate: Floats
    rise: Floats
    step: Floats
    seen: Floats
    last: Floats
    evidence: Floats
    interval_s: Floats

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

    def __init__(self) -> None:
        wide = CHUNK + STAGGER
        columns = BLOCK_WIDTH + len(_SCRATCH)
        room = _on_huge_pages(columns * wide + CHUNK * BLOCK_WIDTH)
        by_column = room[: columns * wide].reshape(columns, wide)
        self._turned, self._scratch = by_column[:BLOCK_WIDTH], by_column[BLOCK_WIDTH:]
        self._lines = room[columns * wide :].reshape(CHUNK, BLOCK_WIDTH)
        self._signs = np.empty(CHUNK, dtype=bool)

    def take(self, columns: Columns, where: slice | Rows, n: int) -> None:
        """Take the n series `where` says: in place if their columns lie so, else as a copy."""
        self.sign = self._signs[:n]
        self.__dict__.update(zip(_SCRATCH, self._scratch[:, :n], strict=True))
        turned, block = self._turned[:, :n], columns.block
        if isinstance(where, slice) and columns.by_column:
            turned = block[where].T
        elif isinstance(where, slice):
            np.copyto(turned, block[where].T)
        elif columns.by_column:
            np.copyto(turned, block.T[:, where])
        else:
            np.take(_lines(block), where, out=_lines(self._lines[:n]), mode="clip")
            np.copyto(turned, self._lines[:n].T)
        self.__dict__.update(zip(BLOCK, turned, strict=True))
        self.is_young = float(self.seen.min()) < READY_AFTER
        self.is_shut = float(self.gate.min()) < 1

    def give(self, columns: Columns, where: slice | Rows, n: int) -> None:
        """Put back what `take` took as a copy."""
        turned, block = self._turned[:, :n], columns.block
        if isinstance(where, slice) and not columns.by_column:
            np.copyto(block[where].T, turned)
        elif isinstance(where, slice):
            return
        elif columns.by_column:
            block.T[:, where] = turned
        else:
            np.copyto(self._lines[:n].T, turned)
            _lines(block)[where] = _lines(self._lines[:n])


def _lines(block: Floats) -> NDArray[np.void]:
    """View float32 (n, 16) as n elements of a cache line each."""
    return block.view(_LINE).reshape(-1)


def _on_huge_pages(size: int) -> Floats:
    """Return float32 (size,) without values that begins where a huge page does."""
    room = np.empty((max(size * 4, _HUGE_FROM) + _HUGE_PAGE) // 4, dtype=np.float32)
    start = -room.ctypes.data % _HUGE_PAGE // 4
    return room[start : start + size]
