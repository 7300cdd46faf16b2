"""Prometheus' rules of order, on whole columns.

A sample is in order when it is newer than every accepted one of its series; a duplicate when it
has the newest one's time but another value (`storage.ErrDuplicateSampleForTimestamp`); the same
value said again is no fault; anything else is out of order (`storage.ErrOutOfOrderSample`).
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.samples import Times, Values
from auscult.signals.columns.samples import SampleColumns


@dataclass(slots=True)
class Verdict:
    """Samples, and the newest one before each: last_ms int64[n] (0: none), last_raw float64[n].

    in_order: bool[n]; none_refused: whether all of them are. The counts say how many of the others
    repeat the newest one with the same value (`repeated_n`) or with another (`duplicate_n`).
    """

    samples: SampleColumns
    last_ms: Times
    last_raw: Values
    in_order: NDArray[np.bool_] = field(init=False)
    none_refused: bool = field(init=False)
    repeated_n: int = field(init=False, default=0)
    duplicate_n: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        at_ms = self.samples.at_ms
        self.in_order = at_ms > self.last_ms
        self.none_refused = bool(self.in_order.all())
        if self.none_refused:
            return
        same_time = (at_ms == self.last_ms) & (self.last_ms > 0)
        same_value = same_time & (value_bits(self.samples.value) == value_bits(self.last_raw))
        self.repeated_n = int(np.count_nonzero(same_value))
        self.duplicate_n = int(np.count_nonzero(same_time)) - self.repeated_n


def value_bits(value: Values) -> NDArray[np.int64]:
    """Return the bit patterns of float64[n]: how NaNs are told apart."""
    return np.ascontiguousarray(value).view(np.int64)


def chain_samples(samples: SampleColumns, last_ms: Times, last_raw: Values) -> Verdict:
    """Judge samples of which several belong to one slot; they are sorted by slot (stably).

    last_ms and last_raw, both [n], say what the slot held before the batch. A sample is compared
    with the newest accepted one before it, which may stand in the batch itself. Done with two
    running maxima that begin anew at every slot.
    """
    n = len(samples)
    first = np.diff(samples.slots, prepend=-1) != 0
    group = np.cumsum(first) - 1
    earlier = np.where(first, last_ms, np.roll(samples.at_ms, 1))
    newest_ms = _running_max(np.maximum(earlier, 0), group)
    position = np.arange(n)
    accepted = np.where(samples.at_ms > newest_ms, position, -1)
    before = np.where(first, -1, np.roll(accepted, 1))
    newest = np.maximum.accumulate(before)
    start = np.maximum.accumulate(np.where(first, position, 0))
    inside = newest >= start
    newest_raw = last_raw.copy()
    newest_raw[inside] = samples.value[newest[inside]]
    return Verdict(samples, newest_ms, newest_raw)


def _running_max(times: Times, group: NDArray[np.int64]) -> Times:
    span = int(times.max()) + 1
    lifted = times + group * span
    return np.maximum.accumulate(lifted) - group * span
