"""What players report of their own, as columns: starts, stalls, switches, failures, ends."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = ("programme", "region", "edge", "device", "app_version")
"""What events are counted by, one at a time."""


class PlayerEventKind(IntEnum):
    """What happened at a listener."""

    STARTUP = 0
    STALL = 1
    SWITCH = 2
    FAILURE = 3
    END = 4


@dataclass(frozen=True, slots=True)
class PlayerColumns:
    """n events of one tenant's players.

    at_ms int64[n]: Unix milliseconds. kind int8[n]: `PlayerEventKind`. listener, session uint64[n]:
    the beginning of a pseudonym, 0 where none was given; the ids themselves are nowhere.
    lasted_ms float64[n]: how long a start took, a stall lasted, was played until the end; NaN where
    not said. bitrate_kbps float64[n]: what was switched to, NaN elsewhere. place int32[n, 5]: for
    each of `DIMENSIONS` an index into `texts`, of which the first is empty.
    """

    at_ms: NDArray[np.int64]
    kind: NDArray[np.int8]
    listener: NDArray[np.uint64]
    session: NDArray[np.uint64]
    lasted_ms: NDArray[np.float64]
    bitrate_kbps: NDArray[np.float64]
    place: NDArray[np.int32]
    texts: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.kind)
