"""Log lines as columns: what can be counted of them, and never the line itself."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SEVERITIES = ("unspecified", "trace", "debug", "info", "warn", "error", "fatal")
"""The ranges of OpenTelemetry's severity numbers (1-4 trace, 5-8 debug, ... 21-24 fatal)."""


@dataclass(frozen=True, slots=True)
class LogColumns:
    """n log records.

    at_ms int64[n]: Unix milliseconds. severity int8[n]: an index into `SEVERITIES`. service
    int32[n]: an index into `services`.
    """

    at_ms: NDArray[np.int64]
    severity: NDArray[np.int8]
    service: NDArray[np.int32]
    services: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.at_ms)


@dataclass(frozen=True, slots=True)
class RequestColumns:
    """n requests that an access log tells of.

    status int16[n]: the HTTP status. sent_bytes, duration_ms float64[n]: NaN where not said. group
    int32[n]: an index into `groups`, which are (service, route) pairs. player float64[n, k]: what
    the player said (CMCD), one column for each of `player_keys`, NaN where it said nothing.
    malformed: lines of which nothing could be read.
    """

    status: NDArray[np.int16]
    sent_bytes: NDArray[np.float64]
    duration_ms: NDArray[np.float64]
    group: NDArray[np.int32]
    groups: tuple[tuple[str, str], ...]
    player: NDArray[np.float64]
    player_keys: tuple[str, ...]
    malformed: int = 0

    def __len__(self) -> int:
        """Return the number of requests."""
        return len(self.status)
