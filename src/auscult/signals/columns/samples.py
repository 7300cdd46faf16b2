"""Three columns that belong together, and the few ways in which they are cut and ordered."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.samples import Times, Values

_INDEX_BITS = 32

Index = NDArray[np.intp]
"""Slots as NumPy wants them: it gathers and scatters by any other integer ten times slower."""


@dataclass(frozen=True, slots=True)
class SampleColumns:
    """n samples: slots intp[n], at_ms int64[n], value float64[n]."""

    slots: Index
    at_ms: Times
    value: Values

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.slots)

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> "SampleColumns":
        """Return the samples that a mask bool[n] or indices int64[m] choose."""
        return SampleColumns(self.slots[chosen], self.at_ms[chosen], self.value[chosen])


def join_columns(parts: list[SampleColumns]) -> SampleColumns:
    """Return all parts one after the other."""
    if len(parts) == 1:
        return parts[0]
    return SampleColumns(
        np.concatenate([np.zeros(0, np.intp), *(part.slots for part in parts)]),
        np.concatenate([np.zeros(0, np.int64), *(part.at_ms for part in parts)]),
        np.concatenate([np.zeros(0, np.float64), *(part.value for part in parts)]),
    )


def sort_by_slot(samples: SampleColumns) -> SampleColumns:
    """Return the samples by slot, in their old order within a slot.

    Slot and position are sorted as one integer, which NumPy does several times faster than a
    stable argsort.
    """
    key = samples.slots << _INDEX_BITS
    key |= np.arange(len(samples))
    key.sort()
    return samples.where(key & ((1 << _INDEX_BITS) - 1))


def split_rounds(samples: SampleColumns, rounds_max: int) -> Iterator[SampleColumns]:
    """Yield parts in which every slot comes once, such that the order within a slot is kept.

    Of a slot that comes more than `rounds_max` times only the last ones are given. Samples of
    one slot must stand next to each other, unless no slot comes twice.
    """
    n = len(samples)
    goes_on = samples.slots[1:] == samples.slots[:-1]
    if not goes_on.any():
        yield samples
        return
    ends = np.append(np.flatnonzero(~goes_on), n - 1)
    sizes = np.diff(ends, prepend=-1)
    before_end = np.repeat(ends, sizes) - np.arange(n)
    for behind in range(min(int(sizes.max()), rounds_max) - 1, -1, -1):
        yield samples.where(before_end == behind)
