"""The scorer's memory: one row per series slot, 77 bytes a row."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.errors import BodyMalformed

Rows = NDArray[np.int64]
VERSION = 2

READY = np.uint8(1)
"""The series has been seen often enough to be heard."""
SCORED = np.uint8(2)
"""The series takes part in scoring (it is neither excluded nor muted)."""
ENDED = np.uint8(4)
"""A stale marker said that the series ended."""

EASES = np.uint8(8)
"""Less of it is better: falling below what is usual is no fault."""
GAINS = np.uint8(16)
"""More of it is better: rising above what is usual is no fault."""

SPREAD_OF_SMOOTHED = 0.35
"""What the smoothed deviation of a calm series spreads by, in its own units; see `scorer`."""

_COLUMNS: dict[str, tuple[type[np.generic], float]] = {
    "level": (np.float32, 0.0),  # expected value, without season
    "trend": (np.float32, 0.0),  # expected change per sample
    "above": (np.float32, 0.0),  # mean of (value - expected)+, clipped
    "below": (np.float32, 0.0),  # mean of (expected - value)+, clipped
    "smooth": (np.float32, 0.0),  # smoothed bounded deviation, signed
    "spread": (np.float32, SPREAD_OF_SMOOTHED**2),  # mean square of `smooth`
    "sway": (np.float32, 0.5),  # how often the next sample lies on the other side
    "tail": (np.float32, 0.0434),  # mean excess of nominal evidence over 1; see `calibrator`
    "quantum": (np.float32, np.inf),  # smallest step seen; negative: given, never learnt
    "rise": (np.float32, 0.2),  # how fast `smooth` rises; from the interval
    "seen": (np.float32, 0.0),  # samples that count as evidence
    "last": (np.float32, 0.0),  # the last value
    "interval_s": (np.float32, 0.0),  # learnt distance of samples
    "evidence": (np.float32, 0.0),  # nominal -log10 p of the last look
    "last_ms": (np.int64, 0),  # time of the last value
    "gate": (np.float32, 1.0),  # how much is learnt: 1, or little while a finding is open
    "step": (np.float32, 0.0),  # mean distance of neighbouring samples; of slow series only
    "season": (np.int32, -1),  # row in the season pool, -1 for none
    "flags": (np.uint8, 0),
}


BLOCK_WIDTH = 16
"""A row of the block is one cache line: whoever reads a series at random reads memory once."""
BLOCK = {name: place for place, name in enumerate(list(_COLUMNS)[: BLOCK_WIDTH - 2])}
"""The float32 columns that every pass changes, in their places in a row of the block."""
READ = len(BLOCK) - 1
"""The last of them, `evidence`, is only written."""
TIME = BLOCK_WIDTH // 2 - 1
"""Behind them lies `last_ms`, in the room of two; its place in a row of int64."""
_APART = tuple(name for name in _COLUMNS if name not in BLOCK and name != "last_ms")
STAGGER = 80
"""Floats by which columns stand off a multiple of 4 KiB, lest they share their cache sets."""
_PAGE = 1024


class Columns:
    """Dense per-series state; every attribute of `_COLUMNS` is an array of shape (capacity,).

    Those of `BLOCK` and `last_ms` are views into `block`, float32 (capacity, 16), a row per series.
    Its memory lies series by series, which suits samples in any order; or column by column, which
    suits those in the order of their slots (a third of the time, but the others take three times
    as long).
    """

    block: NDArray[np.float32]
    by_column: bool
    is_shut: bool
    """Some gate is; else no pass looks at them, so they change by `shut_gates` only."""

    level: NDArray[np.float32]
    trend: NDArray[np.float32]
    above: NDArray[np.float32]
    below: NDArray[np.float32]
    smooth: NDArray[np.float32]
    spread: NDArray[np.float32]
    sway: NDArray[np.float32]
    tail: NDArray[np.float32]
    quantum: NDArray[np.float32]
    rise: NDArray[np.float32]
    seen: NDArray[np.float32]
    last: NDArray[np.float32]
    evidence: NDArray[np.float32]
    interval_s: NDArray[np.float32]
    last_ms: NDArray[np.int64]
    gate: NDArray[np.float32]
    step: NDArray[np.float32]
    season: NDArray[np.int32]
    flags: NDArray[np.uint8]

    def __init__(self, capacity: int = 1024) -> None:
        self.capacity = 0
        self.by_column = self.is_shut = False
        self.block = np.empty((0, BLOCK_WIDTH), dtype=np.float32)
        self.last_ms = np.empty(0, dtype=np.int64)
        self.reserve(capacity)

    @property
    def nbytes(self) -> int:
        """Bytes of all columns together."""
        apart: int = sum(getattr(self, name).nbytes for name in _APART)
        return int(self.block.nbytes) + apart

    def reserve(self, slots: int) -> None:
        """Make room for slots 0..slots-1; grows by half, so that growth costs little."""
        if slots <= self.capacity:
            return
        known, self.capacity = self.capacity, max(slots, self.capacity * 3 // 2)
        self._move_block()
        for name in BLOCK:
            getattr(self, name)[known:] = _COLUMNS[name][1]
        for name in _APART:
            dtype, initial = _COLUMNS[name]
            column = np.full(self.capacity, initial, dtype=dtype)
            column[:known] = getattr(self, name, column)[:known]
            setattr(self, name, column)

    def lay(self, *, by_column: bool) -> None:
        """Let the block's memory lie column by column, or series by series."""
        if by_column != self.by_column:
            self.by_column = by_column
            self._move_block()

    def _move_block(self) -> None:
        known, last_ms = self.block[:, : len(BLOCK)], self.last_ms
        if self.by_column:
            stride = -(-self.capacity // _PAGE) * _PAGE + STAGGER
            room = np.zeros((BLOCK_WIDTH, stride), dtype=np.float32)
            self.block = room[:, : self.capacity].T
            self.last_ms = room[-2:].reshape(-1).view(np.int64)[: self.capacity]
        else:
            self.block = np.zeros((self.capacity, BLOCK_WIDTH), dtype=np.float32)
            self.last_ms = self.block.view(np.int64)[:, TIME]
        self.block[: len(known), : len(BLOCK)] = known
        self.last_ms[: len(last_ms)] = last_ms
        for name, place in BLOCK.items():
            setattr(self, name, self.block[:, place])

    def open_gates(self) -> None:
        """Let every series learn."""
        if self.is_shut:
            self.gate[:] = 1
            self.is_shut = False

    def shut_gates(self, rows: Rows, share: float) -> None:
        """Let some series learn only a share, until the gates are opened."""
        self.gate[rows] = share
        self.is_shut = True

    def clear(self, slot: int) -> None:
        """Forget everything about one slot."""
        for name, (_, initial) in _COLUMNS.items():
            getattr(self, name)[slot] = initial

    def snapshot(self) -> dict[str, NDArray[np.generic]]:
        """Return copies of all columns."""
        return {f"series.{name}": getattr(self, name).copy() for name in _COLUMNS}

    def restore(
        self, snapshot: Mapping[str, NDArray[np.generic]], pairs: tuple[Rows, Rows]
    ) -> None:
        """Take rows `pairs[0]` of a snapshot as rows `pairs[1]`; raises `BodyMalformed`."""
        old, new = pairs
        for name, (dtype, _) in _COLUMNS.items():
            column = snapshot.get(f"series.{name}")
            if column is None or column.dtype != dtype or column.ndim != 1:
                raise BodyMalformed(f"the snapshot's column series.{name} is missing or wrong")
            if old.size and int(old.max()) >= column.size:
                raise BodyMalformed(f"the snapshot's column series.{name} is too short")
            if column.dtype.kind == "f" and np.isnan(column).any():
                raise BodyMalformed(f"the snapshot's column series.{name} holds NaN")
            getattr(self, name)[new] = column[old]
        self.is_shut = bool((self.gate < 1).any())
