"""The source's history, kept ready for the search as it comes in.

Making the trace of a minute anew for each probe would cost several times the search itself; a tape
does each second once. What it gives is the same as `trace_of` gives for the whole stretch.
"""

from math import ceil, gcd

import numpy as np

from auscult.kernel.errors import InputError
from auscult.performance.lateness.trace import (
    HOP,
    STRETCH_MAX_S,
    TONE_HZ,
    Floats,
    Trace,
    check_samples,
    emphasise,
    envelopes_of,
    mix_down,
    resample,
)

GRAIN_S = 0.25
"""What came in is worked up in pieces of at least this length; a trace lags by less than it."""
SEAM_MAX_S = 0.05
"""Audio that begins so far from where the last ended belongs to a new tape."""
_SUPPORT = 64
"""Input samples, in units of the decimation, that the resampler's filter looks at on each side."""


class Tape:
    """The last `keep_s` seconds of one tap, as a trace.

    rate_hz: of all that is appended. keep_s: at most 600. Raises `InputError` for others.
    """

    def __init__(self, rate_hz: int, *, keep_s: float = 90.0) -> None:
        if not 1.0 <= keep_s <= STRETCH_MAX_S:
            raise InputError(f"a tape of {keep_s:g} s; taken are 1 to {STRETCH_MAX_S:g}")
        check_samples(np.zeros(0, np.float32), rate_hz)
        self.rate_hz = rate_hz
        self.keep_s = keep_s
        divisor = gcd(rate_hz, TONE_HZ)
        self._up, self._down = TONE_HZ // divisor, rate_hz // divisor
        # A whole number of `down` input samples is a whole number of `up` output samples.
        self._edge = self._down * ceil(_SUPPORT * max(1, self._down // self._up) / self._down)
        self._raw: Floats = np.zeros(0, np.float32)
        self._restart(0.0)

    def append(self, samples: Floats, begin_s: float) -> None:
        """Take float32 (n,) or (n, channels) that were heard from `begin_s` on.

        Where they do not follow what came last within 50 ms, the tape begins anew: a jump of the
        clock must not be measured as one of the stream. Raises `InputError` as `trace_of`.
        """
        mono = mix_down(check_samples(samples, self.rate_hz))
        if self._taken == 0 or abs(begin_s - self._end_s) > SEAM_MAX_S:
            self._restart(begin_s)
        self._taken += mono.size
        self._raw = np.concatenate([self._raw, mono])
        self._advance()

    def trace(self) -> Trace:
        """Return what is kept; empty before enough came in (half a second)."""
        return Trace(
            begin_s=self._begin_s + self._dropped / TONE_HZ,
            tone=self._tone,
            bands=self._bands,
            level_dbfs=self._level_dbfs,
        )

    @property
    def _end_s(self) -> float:
        return self._begin_s + self._taken / self.rate_hz

    def _restart(self, begin_s: float) -> None:
        self._begin_s, self._taken, self._dropped = begin_s, 0, 0
        self._raw = np.zeros(0, np.float32)
        self._lead = 0  # input samples in front of those not yet resampled
        self._plain = np.zeros(0, np.float32)  # resampled, and not yet in a frame
        self._tone = np.zeros(0, np.float32)
        self._last = np.float32(0)
        self._bands, self._level_dbfs = envelopes_of(self._plain)

    def _advance(self) -> None:
        ready = (self._raw.size - self._lead - self._edge) // self._down * self._down
        if ready < self.rate_hz * GRAIN_S:
            return
        out = resample(self._raw, self._up, self._down)
        begin = self._lead // self._down * self._up
        new = out[begin : begin + ready // self._down * self._up]
        lead = min(self._edge, self._lead + ready)
        self._raw = self._raw[self._lead + ready - lead :]
        self._lead = lead
        self._tone = np.concatenate([self._tone, emphasise(new, self._last)])
        self._last = new[-1]
        self._plain = np.concatenate([self._plain, new])
        bands, level_dbfs = envelopes_of(self._plain)
        self._plain = self._plain[bands.shape[0] * HOP :]
        self._bands = np.concatenate([self._bands, bands])
        self._level_dbfs = np.concatenate([self._level_dbfs, level_dbfs])
        self._drop()

    def _drop(self) -> None:
        """Let go of whole frames that are older than `keep_s`."""
        frames = min((self._tone.size - round(self.keep_s * TONE_HZ)) // HOP, len(self._bands))
        if frames > 0:
            self._tone = self._tone[frames * HOP :]
            self._bands = self._bands[frames:]
            self._level_dbfs = self._level_dbfs[frames:]
            self._dropped += frames * HOP
