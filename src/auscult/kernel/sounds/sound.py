"""Sound as columns: a stretch of samples, its rate and when it began."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.float32]
"""Samples, float32 of shape (frames, channels). Full scale is ±1; a decoder may exceed it."""


@dataclass(frozen=True, slots=True)
class Sound:
    """One stretch of a stream.

    samples: shape (frames, channels). rate_hz: frames per second. at_ms: when the first frame was
    heard, in milliseconds since the Unix epoch (or since any other zero its user keeps to).
    """

    samples: Pcm
    rate_hz: int
    at_ms: int = 0

    @property
    def channels(self) -> int:
        """The number of channels."""
        return int(self.samples.shape[1])

    @property
    def length_ms(self) -> float:
        """How long it lasts."""
        return 1000.0 * len(self.samples) / self.rate_hz
