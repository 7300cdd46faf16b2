"""Where in a recording of the source is what was heard? By cross-correlation, or not at all."""

import numpy as np

from auscult.performance.codec.measures import Floats

LEAST_S = 3.0
LIKE_MIN = 0.5
"""Correlation of what is laid side by side, 0 to 1; another bar of the same music reaches 0.4."""


def find_overlap(source: Floats, heard: Floats, rate_hz: int) -> tuple[Floats, Floats] | None:
    """Return the stretch that both have, float32 (m, channels) each; None where there is none.

    The lag is where likeness is least by chance, of all that leave at least 3 s in common: n values
    are alike by 1/sqrt(n) of their own, so that two bars that resemble each other do not win over
    the whole. Both have the same rate.
    """
    from scipy.fft import irfft, next_fast_len, rfft

    left, right = (_mix(one) for one in (source, heard))
    least = round(LEAST_S * rate_hz)
    if min(left.size, right.size) < least:
        return None
    size = next_fast_len(left.size + right.size, real=True)
    product = irfft(rfft(left, size) * np.conj(rfft(right, size)), size)
    lags = np.arange(least - right.size, left.size - least + 1)
    begins, ends = np.maximum(lags, 0), np.minimum(lags + right.size, left.size)
    power = _energy(left, begins, ends) * _energy(right, begins - lags, ends - lags)
    like = np.abs(product[lags]) / np.sqrt(power + 1e-9)
    best = int(np.argmax(like * np.sqrt(ends - begins)))
    if like[best] < LIKE_MIN:
        return None
    begin, end, lag = int(begins[best]), int(ends[best]), int(lags[best])
    return source[begin:end], heard[begin - lag : end - lag]


def _mix(samples: Floats) -> Floats:
    return np.asarray(samples.mean(axis=1), dtype=np.float32)


def _energy(samples: Floats, begins: np.ndarray, ends: np.ndarray) -> np.ndarray:
    total = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    energy: np.ndarray = total[ends] - total[begins]
    return energy
