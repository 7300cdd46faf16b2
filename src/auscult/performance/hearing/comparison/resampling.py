"""A reference at another rate, brought to the stream's rate piece by piece."""

from fractions import Fraction

import numpy as np
from scipy.signal import resample_poly

from auscult.kernel.errors import BodyMalformed
from auscult.performance.hearing.figures.blocks import Singles

RATIO_MAX = 1_000
REACH = 12
PIECE_S = 0.25


class Resampler:
    """Polyphase resampling of a stream; the same samples come out however it is cut.

    Pieces of a whole number of periods are filtered together with what lies around them, so that
    no border is heard. What comes out lags behind what went in by less than half a second.
    """

    def __init__(self, from_hz: int, to_hz: int, channels: int) -> None:
        """Prepare; BodyMalformed when the rates have no ratio of small numbers."""
        ratio = Fraction(to_hz, from_hz)
        self.up, self.down = ratio.numerator, ratio.denominator
        if max(self.up, self.down) > RATIO_MAX:
            raise BodyMalformed(f"{from_hz} Hz cannot be compared with {to_hz} Hz")
        # The filter of resample_poly reaches 10·max(up, down) steps of the upsampled signal.
        reach = -(-REACH * max(self.up, self.down) // self.up)
        self._reach = -(-reach // self.down) * self.down
        self._piece = max(1, round(PIECE_S * from_hz / self.down)) * self.down
        self._held = np.zeros((channels, self._reach), dtype=np.float32)

    def push(self, samples: Singles) -> Singles:
        """Take (channels, n) samples and return those that are ready, (channels, m)."""
        if self.up == self.down:
            return samples
        held = np.concatenate([self._held, samples], axis=1)
        out = []
        at, whole = 0, self._piece + 2 * self._reach
        skip = self._reach * self.up // self.down
        size = self._piece * self.up // self.down
        while held.shape[1] - at >= whole:
            part = resample_poly(held[:, at : at + whole], self.up, self.down, axis=1)
            out.append(part[:, skip : skip + size])
            at += self._piece
        self._held = held[:, at:]
        ready = np.concatenate(out, axis=1) if out else np.zeros((len(held), 0))
        return np.asarray(ready, dtype=np.float32)
