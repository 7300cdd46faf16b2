"""What a rung does to a programme, channel by channel, and what it does to the stereo image.

A score of the downmix hides the worst harm: a codec that gives up stereo at low rates looks better
than one that keeps it with more noise. So each channel is scored by itself, and the width of the
image is a guard of its own.
"""

from dataclasses import dataclass

import numpy as np

from auscult.kernel.errors import InputError
from auscult.performance.codec.measures import BEST, Floats, Measure

SHIFT_MAX_S = 0.25
"""A codec's own delay, which is taken off before comparing."""
WIDTH_MIN_DB = -35.0
"""A programme whose side is quieter than this against its middle is as good as mono."""
CHANNELS_MAX = 8
SILENT_RMS = 1e-4


@dataclass(frozen=True, slots=True)
class Quality:
    """mean, worst: of the channels' scores, 1 to 5. width_loss_db: 0 where the image is kept.

    measure: the name of what scored; scores of two measures do not compare.
    """

    measure: str
    mean: float
    worst: float
    width_loss_db: float


def judge(reference: Floats, decoded: Floats, *, rate_hz: int, measure: Measure) -> Quality:
    """Return the quality of `decoded` against `reference`, float32 (n,) or (n, channels) both.

    Their lengths may differ; a delay of up to 0.25 s is taken off. A channel that is silent in both
    is perfect. Raises `InputError` for channels that do not match, or too little in common.
    """
    left, right = _as_channels(reference), _as_channels(decoded)
    if left.shape[1] != right.shape[1]:
        raise InputError(f"{left.shape[1]} channels against {right.shape[1]}")
    left, right = align(left, right, shift_max=round(SHIFT_MAX_S * rate_hz))
    scores = [
        _score(left[:, channel], right[:, channel], rate_hz=rate_hz, measure=measure)
        for channel in range(left.shape[1])
    ]
    loss_db = max(0.0, width_db(left) - width_db(right)) if left.shape[1] > 1 else 0.0
    return Quality(measure.name, float(np.mean(scores)), min(scores), loss_db)


def align(reference: Floats, decoded: Floats, *, shift_max: int) -> tuple[Floats, Floats]:
    """Return what both have in common, (m, channels) each, with the delay taken off.

    The delay is where the channels' cross-correlations, added up, are largest in amount.
    """
    size = reference.shape[0] + decoded.shape[0]
    from scipy.fft import irfft, next_fast_len, rfft

    size = next_fast_len(size, real=True)
    spectrum = rfft(decoded, size, axis=0) * np.conj(rfft(reference, size, axis=0))
    product = irfft(spectrum.sum(axis=1), size)
    lags = np.r_[0 : shift_max + 1, -shift_max:0]
    lag = int(lags[int(np.argmax(np.abs(product[lags])))])
    decoded = decoded[max(lag, 0) :]
    reference = reference[max(-lag, 0) :]
    both = min(reference.shape[0], decoded.shape[0])
    return reference[:both], decoded[:both]


def width_db(channels: Floats) -> float:
    """Return side against middle of the first two channels, in dB, at least -35."""
    first, second = channels[:, 0].astype(np.float64), channels[:, 1].astype(np.float64)
    side = float(np.mean((first - second) ** 2))
    middle = float(np.mean((first + second) ** 2))
    if side <= 0 or side + middle < SILENT_RMS**2:
        return WIDTH_MIN_DB
    return float(max(10 * np.log10(side / max(middle, 1e-12)), WIDTH_MIN_DB))


def _score(reference: Floats, decoded: Floats, *, rate_hz: int, measure: Measure) -> float:
    if max(float(np.sqrt(np.mean(one**2))) for one in (reference, decoded)) < SILENT_RMS:
        return BEST
    return measure.score(np.ascontiguousarray(reference), np.ascontiguousarray(decoded), rate_hz)


def _as_channels(samples: Floats) -> Floats:
    channels = samples[:, None] if samples.ndim == 1 else samples
    if channels.ndim != 2 or not 0 < channels.shape[1] <= CHANNELS_MAX or not channels.size:  # noqa: PLR2004, (n, channels)
        raise InputError(f"audio has the shape {samples.shape}; taken are (n,) and (n, channels)")
    if not np.isfinite(channels).all():
        raise InputError("the audio holds samples that are no finite numbers")
    return np.asarray(channels, dtype=np.float32)
