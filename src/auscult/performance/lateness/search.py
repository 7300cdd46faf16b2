"""The coarse search: where in the source's history do the probe's envelopes recur?

Normalised cross-correlation of band envelopes over all bands at once and at every lag, by FFT; the
local mean and energy come from running sums (J. P. Lewis, "Fast Normalized Cross-Correlation",
1995). Level and equaliser are constant factors of a band, so that they fall out.
"""

import numpy as np
from numpy.typing import NDArray

from auscult.performance.lateness.trace import Floats, Trace

CANDIDATES = 6
APART_FRAMES = 5
"""Two candidates stand at least 50 ms apart; nearer ones are told apart by the waveform."""
SCORE_MIN = 0.25
BEHIND_MAX = 0.3
"""A place so much less alike than the best one is no rival of it."""


def find_candidates(source: Trace, probe: Trace) -> list[int]:
    """Return lags in frames of 10 ms, the most alike first, at most 6; empty where none is alike.

    A lag is the frame of the source at which the probe's first frame is found.
    """
    score = correlate_bands(source.bands, probe.bands)
    if score.size == 0:
        return []
    inner = np.r_[-np.inf, score, -np.inf]
    peak = (inner[1:-1] >= inner[:-2]) & (inner[1:-1] > inner[2:])
    found: list[int] = []
    for lag in np.flatnonzero(peak)[np.argsort(-score[peak], kind="stable")].tolist():
        if len(found) == CANDIDATES or score[lag] < max(
            SCORE_MIN, score[found[0]] - BEHIND_MAX if found else SCORE_MIN
        ):
            break
        if all(abs(lag - other) >= APART_FRAMES for other in found):
            found.append(lag)
    return found


def correlate_bands(source: Floats, probe: Floats) -> NDArray[np.float64]:
    """Return the correlation, -1 to 1, at every lag 0 to frames of source - frames of probe.

    Both float32 (frames, bands). Empty where the probe is longer than the source or has no frame.
    """
    lags = source.shape[0] - probe.shape[0] + 1
    length = probe.shape[0]
    if length == 0 or lags <= 0:
        return np.zeros(0)
    from scipy.fft import irfft, next_fast_len, rfft

    sought = probe - probe.mean(axis=0)
    history = source - source.mean(axis=0)
    size = next_fast_len(source.shape[0], real=True)
    product = rfft(history.T, size) * np.conj(rfft(sought.T, size))
    raw = irfft(product.sum(axis=0), size)[:lags].astype(np.float64)
    energy = _spread(history, length)
    floor = 1e-3 * float(np.median(energy)) + 1e-12
    norm = np.sqrt(np.maximum(energy, floor) * max(float(np.sum(sought**2)), 1e-12))
    score: NDArray[np.float64] = np.clip(raw / norm, -1.0, 1.0)
    return score


def _spread(history: Floats, length: int) -> NDArray[np.float64]:
    """Return the energy about each band's mean, summed over bands, of every run of `length`."""
    rows = np.ascontiguousarray(history.T, dtype=np.float64)
    total = np.zeros((rows.shape[0], rows.shape[1] + 1))
    np.cumsum(rows, axis=1, out=total[:, 1:])
    square = np.concatenate([[0.0], np.cumsum(np.einsum("ij,ij->j", rows, rows))])
    sums = total[:, length:] - total[:, :-length]
    mean_part = np.einsum("ij,ij->j", sums, sums) / length
    spread: NDArray[np.float64] = np.maximum(square[length:] - square[:-length] - mean_part, 0)
    return spread
