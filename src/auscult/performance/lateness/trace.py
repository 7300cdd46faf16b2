"""A stretch of audio made ready for the search: a low-rate waveform and band envelopes of it.

Both are made once for each stretch. The envelopes (14 bands, one frame each 10 ms, compressed as
loudness is) survive lossy codecs, another level, an equaliser and a slow clock; the waveform (mono,
8 kHz, pre-emphasised, so that no bass drum outweighs the rest) places the match to a fraction of a
millisecond.
"""

from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.errors import InputError

Floats = NDArray[np.float32]

TONE_HZ = 8_000
HOP = 80
"""Samples of the waveform for each frame of the envelopes: 10 ms."""
FRAME_S = HOP / TONE_HZ
BANDS = 14
RATE_MIN_HZ, RATE_MAX_HZ = 8_000, 384_000
STRETCH_MAX_S = 600.0
"""Longer stretches are refused: ten minutes of history answer every window that makes sense."""
CHANNELS_MAX = 16

WINDOW = 256
"""Samples of the waveform that one frame looks at: 32 ms."""
_BAND_EDGES_HZ = np.geomspace(120.0, 3_700.0, BANDS + 1)
_COMPRESSION = 0.2
"""Power to 0.2: near to loudness (Stevens' law has 0.3), and deaf to a codec's noise floor."""
_PRE_EMPHASIS = 0.9
_SIDE_ONLY = 0.1
"""A downmix with less than this share of the channels' power has cancelled itself out."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A stretch of one programme, heard at one place.

    begin_s: when its first sample was heard, seconds on the monitor's clock. tone: float32 (n,),
    8 kHz, pre-emphasised. bands: float32 (frames, 14), compressed band power, one frame each 10 ms;
    frame k is centred on sample 80 k + 128. level_dbfs: float32 (frames,), RMS.
    """

    begin_s: float
    tone: Floats
    bands: Floats
    level_dbfs: Floats

    @property
    def length_s(self) -> float:
        """How much audio this is, in seconds."""
        return self.tone.size / TONE_HZ


def trace_of(samples: Floats, *, rate_hz: int, begin_s: float) -> Trace:
    """Return the trace of `samples`, float32 (n,) or (n, channels), full scale 1.

    rate_hz: 8000 to 384000. begin_s: when the first sample was heard. At most 600 s.
    Raises `InputError` for another shape, rate or length, and for samples that are not finite.
    """
    mono = mix_down(check_samples(samples, rate_hz))
    divisor = gcd(rate_hz, TONE_HZ)
    plain = resample(mono, TONE_HZ // divisor, rate_hz // divisor)
    bands, level_dbfs = envelopes_of(plain)
    tone = emphasise(plain, np.float32(0))
    return Trace(begin_s=begin_s, tone=tone, bands=bands, level_dbfs=level_dbfs)


def check_samples(samples: Floats, rate_hz: int) -> Floats:
    """Return the samples as float32; raises `InputError` for what `trace_of` refuses."""
    if not RATE_MIN_HZ <= rate_hz <= RATE_MAX_HZ:
        raise InputError(f"the sample rate is {rate_hz} Hz; taken are {RATE_MIN_HZ}-{RATE_MAX_HZ}")
    if samples.ndim not in {1, 2} or (
        samples.ndim > 1 and not 0 < samples.shape[1] <= CHANNELS_MAX
    ):
        raise InputError(f"audio has the shape {samples.shape}; taken are (n,) and (n, channels)")
    if samples.shape[0] > STRETCH_MAX_S * rate_hz:
        raise InputError(f"{samples.shape[0] / rate_hz:.0f} s of audio; at most {STRETCH_MAX_S:g}")
    if not np.isfinite(samples).all():
        raise InputError("the audio holds samples that are no finite numbers")
    return np.asarray(samples, dtype=np.float32)


def mix_down(samples: Floats) -> Floats:
    """Return one channel; the loudest where the downmix cancels itself out (a flipped polarity)."""
    if samples.ndim == 1:
        return samples
    mix: Floats = samples.mean(axis=1, dtype=np.float32)
    power = np.mean(samples**2, axis=0)
    if samples.size and float(np.mean(mix**2)) < _SIDE_ONLY * float(power.mean()):
        return np.ascontiguousarray(samples[:, int(power.argmax())])
    return mix


def resample(mono: Floats, up: int, down: int) -> Floats:
    """Return float32 at up / down times the rate, by a polyphase filter without a delay."""
    if up == down:
        return mono
    from scipy.signal import resample_poly

    out: Floats = resample_poly(mono, up, down).astype(np.float32)
    return out


def emphasise(plain: Floats, before: np.float32) -> Floats:
    """Return x[n] - 0.9 x[n - 1], float32; `before` is the sample in front of the first."""
    tone = plain.copy()
    tone[1:] -= np.float32(_PRE_EMPHASIS) * plain[:-1]
    tone[:1] -= np.float32(_PRE_EMPHASIS) * before
    return tone


def envelopes_of(plain: Floats) -> tuple[Floats, Floats]:
    """Return compressed band power (frames, 14) and level in dBFS (frames,) of 8 kHz samples."""
    frames = max(0, (plain.size - WINDOW) // HOP + 1)
    if frames == 0:
        return np.zeros((0, BANDS), np.float32), np.zeros(0, np.float32)
    from scipy.fft import rfft

    window = np.hanning(WINDOW + 1)[:WINDOW].astype(np.float32)
    view = np.lib.stride_tricks.sliding_window_view(plain, WINDOW)[::HOP]
    power = np.abs(rfft(view * window, axis=1)) ** 2
    edges = np.round(_BAND_EDGES_HZ * WINDOW / TONE_HZ).astype(int)
    edges = np.maximum(edges, edges[0] + np.arange(edges.size))  # no band is empty
    bands = np.add.reduceat(power[:, : edges[-1]], edges[:-1], axis=1)
    mean_square = 2 * power.sum(axis=1) / (WINDOW * float(np.sum(window**2)))
    level_dbfs = 10 * np.log10(np.maximum(mean_square, 1e-15))
    return (bands**_COMPRESSION).astype(np.float32), level_dbfs.astype(np.float32)
