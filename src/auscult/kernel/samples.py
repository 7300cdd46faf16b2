"""Samples as columns: the only shape in which numbers travel on the sample path."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.words import TenantId

Slots = NDArray[np.int32]
Times = NDArray[np.int64]
Values = NDArray[np.float64]

STALE_NAN_BITS = 0x7FF0000000000002
"""The NaN by which Prometheus says "this series ended" (compare bits: `isnan` is not enough)."""


@dataclass(frozen=True, slots=True)
class SampleBatch:
    """n samples of one tenant; all three columns have shape (n,) and belong together.

    slots: int32, the dense number of each series. at_ms: int64. value: float64.
    """

    tenant: TenantId
    slots: Slots
    at_ms: Times
    value: Values

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.slots)
