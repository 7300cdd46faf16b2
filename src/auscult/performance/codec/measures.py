"""How like the original does one channel sound? 1 to 5, by zimtohrli or by a measure of our own.

zimtohrli (Google, Apache-2.0) is a model of hearing with a map to mean opinion scores; it is an
extra and has wheels for few machines. Elsewhere stands our own: loudness in 40 ERB bands (B. R.
Glasberg, B. C. J. Moore, 1990), spread and compressed as hearing does, and the distance between the
two patterns (after PEAQ, ITU-R BS.1387, in idea, not in detail). It is not calibrated on listeners:
its figures order degradations, and are not opinion scores. Scores of two measures do not compare.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.errors import InputError

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

BEST, WORST = 5.0, 1.0
ZIMTOHRLI_HZ = 48_000
LENGTH_MAX_S = 120.0

_BANDS = 40
_LOWEST_HZ, _HIGHEST_HZ = 50.0, 18_000.0
_WINDOW_S = 0.021
_FULL_SCALE_DB_SPL = 92.0
"""Full scale is taken as loud listening; it decides what lies below the threshold of hearing."""
_COMPRESSION = 0.23
_SPREAD_DOWN_DB, _SPREAD_UP_DB = 24.0, 10.0  # each ERB
_ADDED, _MISSING = 1.0, 0.7
"""What was added disturbs more than what is missing, as in BS.1387."""
_STEEPNESS = 6.0


@dataclass(frozen=True, slots=True)
class Measure:
    """A name, and score(reference, decoded, rate_hz) of one channel, float32 (n,) each: 1 to 5."""

    name: str
    score: Callable[[Floats, Floats, int], float]


def find_measure() -> Measure:
    """Return zimtohrli where it is installed, our own elsewhere."""
    if find_spec("zimtohrli") is None:
        return OWN
    return Measure("zimtohrli", _score_by_zimtohrli)


def score_by_bands(reference: Floats, decoded: Floats, rate_hz: int) -> float:
    """Return 1 to 5 by our own measure; 5 for the same, both float32 (n,).

    Raises `InputError` for less than 0.1 s, more than 120 s, and two different lengths.
    """
    check_pair(reference, decoded, rate_hz)
    bands = _bands(rate_hz)
    left, right = (_loudness(channel, bands) for channel in (reference, decoded))
    apart = right - left
    harm = np.where(apart > 0, _ADDED * apart, -_MISSING * apart)
    # Frames by their loudness, so that what is hardly heard hardly counts; the root mean square
    # over time, for a short harm is remembered.
    each = harm.sum(axis=1) / (left.sum(axis=1).mean() + 1e-9)
    distance = float(np.sqrt(np.mean(each**2)))
    return WORST + (BEST - WORST) * float(np.exp(-_STEEPNESS * distance))


def check_pair(reference: Floats, decoded: Floats, rate_hz: int) -> None:
    """Raise `InputError` for two channels that cannot be compared."""
    if reference.shape != decoded.shape or reference.ndim != 1:
        raise InputError(f"channels of the shapes {reference.shape} and {decoded.shape}")
    if not 0.1 * rate_hz <= reference.size <= LENGTH_MAX_S * rate_hz:
        raise InputError(f"{reference.size / rate_hz:.2f} s to compare; taken are 0.1 to 120 s")


def _score_by_zimtohrli(reference: Floats, decoded: Floats, rate_hz: int) -> float:
    check_pair(reference, decoded, rate_hz)
    import zimtohrli

    if rate_hz != ZIMTOHRLI_HZ:
        from math import gcd

        from scipy.signal import resample_poly

        divisor = gcd(rate_hz, ZIMTOHRLI_HZ)
        up, down = ZIMTOHRLI_HZ // divisor, rate_hz // divisor
        reference, decoded = (resample_poly(one, up, down) for one in (reference, decoded))
    return float(np.clip(zimtohrli.mos_from_signals(reference, decoded), WORST, BEST))


@dataclass(frozen=True, slots=True)
class _Bands:
    """Hearing at one rate: frames of `window` samples, and what their bins mean for each band.

    shares: (bins, bands). spread: (from band, to band). quiet: (bands,), power at the threshold.
    """

    window: int
    shares: Doubles
    spread: Doubles
    quiet: Doubles


def _bands(rate_hz: int) -> _Bands:
    window = round(_WINDOW_S * rate_hz / 2) * 2
    bins_hz = np.fft.rfftfreq(window, 1 / rate_hz)
    highest_hz = min(_HIGHEST_HZ, 0.95 * rate_hz / 2)
    edges = np.linspace(_erb_number(_LOWEST_HZ), _erb_number(highest_hz), _BANDS + 2)
    step_erb = edges[1] - edges[0]
    place = _erb_number(bins_hz.astype(np.float64))[:, None]
    shares = np.clip(1 - np.abs(place - edges[None, 1:-1]) / step_erb, 0, 1)
    away_erb = step_erb * (np.arange(_BANDS)[None, :] - np.arange(_BANDS)[:, None])
    fall_db = np.where(away_erb > 0, _SPREAD_UP_DB * away_erb, -_SPREAD_DOWN_DB * away_erb)
    centre_khz = (10 ** (edges[1:-1] / 21.4) - 1) / 4.37
    quiet_db = (
        3.64 * centre_khz**-0.8
        - 6.5 * np.exp(-0.6 * (centre_khz - 3.3) ** 2)
        + 1e-3 * centre_khz**4
    )
    quiet = 10 ** (np.minimum(quiet_db, 70.0) / 10)
    return _Bands(window, shares, 10 ** (-fall_db / 10), quiet)


def _erb_number(frequency_hz: float | Doubles) -> Doubles:
    return np.asarray(21.4 * np.log10(1 + 4.37e-3 * np.asarray(frequency_hz)))


def _loudness(channel: Floats, bands: _Bands) -> Doubles:
    """Return (frames, bands), loudness above the threshold in quiet (E. Terhardt, 1979)."""
    from scipy.fft import rfft

    window = bands.window
    padded = np.pad(channel, (window // 2, window))
    view = np.lib.stride_tricks.sliding_window_view(padded, window)[:: window // 2]
    shape = np.hanning(window + 1)[:window].astype(np.float32)
    power = np.abs(rfft(view * shape, axis=1)) ** 2 * (4 / float(shape.sum()) ** 2)
    heard = (power @ bands.shares) * 10 ** (_FULL_SCALE_DB_SPL / 10)
    excitation = heard @ bands.spread + bands.quiet
    loud: Doubles = excitation**_COMPRESSION - bands.quiet**_COMPRESSION
    return loud


OWN = Measure("bands", score_by_bands)
