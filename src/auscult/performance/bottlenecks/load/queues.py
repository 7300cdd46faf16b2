"""One queue as its gauge shows it: how full it is, and whether that holds the others up.

A queue fills where more comes than is taken out. One that is full for longer than it ever was of
late stands before the stage that limits what gets through.
"""

from dataclasses import dataclass

import numpy as np

from auscult.performance.port import Window

FULL = 0.8
"""Of its capacity."""

_USUALLY_BELOW = 0.4
_LASTS_MS, _LASTS_SAMPLES = 15_000, 2
_LEARNS_MS, _LEARNS_SAMPLES = 120_000, 8
_MARGIN = 1.5
_MEMORY_MS = 1_800_000
_DEEP, _DEEPER = 10.0, 3.0
"""Of a queue without an end: so much deeper than the deepest of late, and at least so deep."""


@dataclass(slots=True)
class Queue:
    """What is known of one queue. depth, capacity: in what it counts; capacity 0 where unknown.

    full_since_ms: since when it is full, 0 where it is not.
    """

    service: str
    depth: float = 0.0
    capacity: float = 0.0
    at_ms: int = 0
    full_since_ms: int = 0
    known_ms: int = 0
    samples: int = 0
    _full_samples: int = 0
    _longest_ms: float = 0.0
    _usual: float = 0.0
    _deepest: float = 0.0

    @property
    def fill(self) -> float:
        """How full it is, 0 to 1; 0 where nobody says how much it holds."""
        return min(self.depth / self.capacity, 1.0) if self.capacity else 0.0

    @property
    def is_limiting(self) -> bool:
        """Whether it is full for longer than it ever was of late."""
        lasts_ms = self.at_ms - self.full_since_ms if self.full_since_ms else 0
        return (
            self._is_known
            and self._full_samples >= _LASTS_SAMPLES
            and lasts_ms >= max(_LASTS_MS, _MARGIN * self._longest_ms)
            and (not self.capacity or self._usual < _USUALLY_BELOW)
        )

    @property
    def _is_known(self) -> bool:
        return self.at_ms - self.known_ms >= _LEARNS_MS and self.samples >= _LEARNS_SAMPLES

    def take(self, window: Window, *, capacity: float) -> None:
        """Take the samples that are new."""
        self.capacity = capacity
        fresh = np.flatnonzero((window.at_ms > self.at_ms) & np.isfinite(window.value))
        for row in fresh.tolist():
            self._step(int(window.at_ms[row]), float(window.value[row]))

    def _step(self, at_ms: int, depth: float) -> None:
        self.known_ms = self.known_ms or at_ms
        past_ms = at_ms - self.at_ms if self.at_ms else 0
        self.at_ms, self.depth = at_ms, depth
        self.samples += 1
        fading = 0.5 ** (past_ms / _MEMORY_MS)
        self._longest_ms *= fading
        if self._is_known and self._is_full():  # until then also a full one may be as it should be
            self._full_samples += 1
            self.full_since_ms = self.full_since_ms or at_ms
            return
        if self.full_since_ms and not self.is_limiting:
            self._longest_ms = max(self._longest_ms, at_ms - self.full_since_ms)
        self.full_since_ms = self._full_samples = 0
        self._deepest = max(self._deepest * fading, depth)
        rate = max(1 - fading, 1 / self.samples)
        self._usual += rate * (self.fill - self._usual)

    def _is_full(self) -> bool:
        if self.capacity:
            return self.fill >= FULL
        return self.samples > 1 and self.depth >= max(_DEEP, _DEEPER * self._deepest)
