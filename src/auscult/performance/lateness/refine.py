"""The fine search: the exact place of one candidate, its likeness, and the drift of the clocks.

The probe is cut into blocks of 0.25 s; each is correlated with the source near the candidate
(normalised, four times oversampled). Two clocks that differ by a few per mille make the lag a
straight line over time, so the mean of the blocks' correlations is sought along lines (a Radon
transform over offset and slope; P. V. C. Hough, US patent 3069654, 1962, for the idea). Along the
right line noise averages out and likeness stays. Where the line is steep the probe is resampled by
it and looked at once more, since drift within a block blurs what is high in pitch.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.performance.lateness.trace import HOP, TONE_HZ, Floats

BLOCK = TONE_HZ // 4
REACH = 640
"""Lags looked at on either side of the candidate: 80 ms, drift over 10 s included."""
DRIFT_MAX = 0.005
FINE = 4
"""Oversampling: at 32 kHz the nearest lag lies within 16 µs, and what is alike looks alike."""
APART = TONE_HZ // 50
"""A second place more than 20 ms away is a rival, a nearer one the same place less well seen."""
BLUR = 0.0003
"""A drift below this blurs no block."""
_QUIET = 1e-4
"""Blocks 40 dB below the loudest say nothing."""

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the source that the probe may come from.

    lag: of the probe's middle, samples at 8 kHz. drift: seconds of source for each second of probe,
    less one. likeness: mean normalised correlation of the blocks, weighted by
    amplitude. blocks: float64 (blocks,), the
    correlation of each block; NaN for those too quiet to say anything.
    """

    lag: float
    drift: float
    likeness: float
    blocks: Doubles


def refine(source: Floats, probe: Floats, lag: int) -> tuple[Place, Place]:
    """Return the best place near `lag` (in frames of 10 ms), and the best one 20 ms or more apart.

    source, probe: float32 waveforms at 8 kHz. The probe holds at least one block (0.25 s).
    """
    slopes = np.linspace(-DRIFT_MAX, DRIFT_MAX, 41)
    best, rival = _along_lines(source, probe, lag=lag * HOP, slopes=slopes)
    if abs(best.drift) < BLUR:
        return best, rival
    again = refine_at(source, probe, lag=best.lag, drift=best.drift)
    return again if again[0].likeness > best.likeness else (best, rival)


def refine_at(source: Floats, probe: Floats, *, lag: float, drift: float) -> tuple[Place, Place]:
    """Return the same near `lag` (in samples at 8 kHz), for a drift that is known to 0.0003."""
    straight = _unwarp(probe, drift)
    lead = (probe.size - straight.size) / 2
    near = np.linspace(-BLUR, BLUR, 7)
    best, rival = _along_lines(source, straight, lag=round(lag + lead), slopes=near)
    return _as_of(best, drift, lead=lead), _as_of(rival, drift, lead=lead)


def _as_of(place: Place, drift: float, *, lead: float) -> Place:
    """Return a place of the resampled probe as one of the probe itself."""
    return Place(place.lag - lead, drift + place.drift, place.likeness, place.blocks)


def _unwarp(probe: Floats, drift: float) -> Floats:
    """Return the probe at the source's speed: (1 + drift) times as many samples."""
    from scipy.signal import resample_poly

    dense = resample_poly(probe, FINE, 1)
    at = np.arange(round(probe.size * (1 + drift))) * (FINE / (1 + drift))
    straight: Floats = np.interp(at, np.arange(dense.size), dense).astype(np.float32)
    return straight


def _along_lines(
    source: Floats, probe: Floats, *, lag: int, slopes: Doubles
) -> tuple[Place, Place]:
    rows = _correlate_blocks(source, probe, lag)  # (blocks, lags at 32 kHz)
    count = probe.size // BLOCK
    middle_s = ((np.arange(count) + 0.5) * BLOCK - probe.size / 2) / TONE_HZ
    weight = _weigh(probe)
    loud = np.flatnonzero(weight)
    rows, weight, moves = rows[loud], weight[loud], middle_s[loud] * TONE_HZ
    slope = _best_slope(rows[:, ::FINE], weight, moves=moves, slopes=slopes)
    nearer = slope + np.linspace(-1, 1, 9) * (slopes[1] - slopes[0]) / 2
    slope = _best_slope(rows, weight, moves=moves * FINE, slopes=nearer)
    moved = _move(rows, np.round(slope * moves * FINE).astype(int))
    curve = weight @ moved
    top = int(curve.argmax())
    beyond = np.abs(np.arange(curve.size) - top) > APART * FINE
    second = int(np.where(beyond, curve, -np.inf).argmax())
    places = []
    for at in (top, second):
        shift = _vertex(curve, at)
        blocks = np.full(count, np.nan)
        blocks[loud] = _between(moved, at, shift)
        where = lag - REACH // 2 + (at + shift) / FINE
        places.append(Place(where, slope, float(_between(curve[None], at, shift)[0]), blocks))
    return places[0], places[1]


def _weigh(probe: Floats) -> Doubles:
    """Return each block's weight by its amplitude, summing to 1; 0 for those too quiet to count.

    In a pause there is only noise, and noise is like nothing; it must not outvote what sounds.
    """
    count = probe.size // BLOCK
    energy = np.sum(probe[: count * BLOCK].reshape(count, BLOCK).astype(np.float64) ** 2, axis=1)
    weight: Doubles = np.sqrt(np.where(energy >= _QUIET * energy.max(), energy, 0))
    return weight / max(float(weight.sum()), 1e-12)


def _correlate_blocks(source: Floats, probe: Floats, lag: int) -> Floats:
    """Return the normalised correlation of each block, float32 (blocks, 4 * 2 * REACH + 1)."""
    from scipy.fft import irfft, next_fast_len, rfft

    count, width = probe.size // BLOCK, BLOCK + 2 * REACH
    begin = lag - REACH
    reach = np.zeros((count - 1) * BLOCK + width, np.float32)
    low, high = max(begin, 0), min(begin + reach.size, source.size)
    if low < high:
        reach[low - begin : high - begin] = source[low:high]
    pieces = np.lib.stride_tricks.sliding_window_view(reach, width)[::BLOCK]
    blocks = probe[: count * BLOCK].reshape(count, BLOCK)
    size = next_fast_len(width, real=True)
    product = rfft(pieces, size, axis=1) * np.conj(rfft(blocks, size, axis=1))
    raw = irfft(product, size * FINE, axis=1)[:, : 2 * REACH * FINE + 1] * FINE
    sums = np.concatenate([[0.0], np.cumsum(reach.astype(np.float64) ** 2)])
    at = np.arange(count)[:, None] * BLOCK + np.arange(2 * REACH + 1)
    local = np.maximum(sums[at + BLOCK] - sums[at], 0)
    own = np.sum(blocks.astype(np.float64) ** 2, axis=1, keepdims=True)
    floor = 1e-6 * float(sums[-1]) / max(count, 1) + 1e-12
    norm = np.sqrt(np.maximum(local, floor) * np.maximum(own, 1e-12)).astype(np.float32)
    dense: Floats = raw / np.repeat(norm, FINE, axis=1)[:, : raw.shape[1]]
    return dense


def _best_slope(rows: Floats, weight: Doubles, *, moves: Doubles, slopes: Doubles) -> float:
    """Return the slope of the line along which the rows, `moves` from the middle, agree best."""
    light = weight.astype(np.float32)
    tops = [
        float((light @ _move(rows, np.round(slope * moves).astype(int))).max()) for slope in slopes
    ]
    return float(slopes[int(np.argmax(tops))])


def _move(rows: Floats, shifts: NDArray[np.intp]) -> Floats:
    """Return the inner half of each row, moved by its shift."""
    inner = rows.shape[1] // 2 + 1
    begin = np.clip(shifts + (rows.shape[1] - inner) // 2, 0, rows.shape[1] - inner)
    return np.stack([row[start : start + inner] for row, start in zip(rows, begin, strict=True)])


def _vertex(curve: Doubles, at: int) -> float:
    """Return how far from `at`, -0.5 to 0.5, the parabola through three points has its vertex."""
    if not 0 < at < curve.size - 1:
        return 0.0
    left, middle, right = curve[at - 1 : at + 2]
    bend = left - 2 * middle + right
    return 0.0 if bend >= 0 else float(np.clip(0.5 * (left - right) / bend, -0.5, 0.5))


def _between(rows: Floats | Doubles, at: int, shift: float) -> Doubles:
    """Return each row's value at `at + shift`, by a parabola.

    Two repeats seldom lie on the same raster; without this the one that lies nearer to a sample
    would look more alike than its twin.
    """
    if not 0 < at < rows.shape[1] - 1:
        return rows[:, at].astype(np.float64)
    left, middle, right = rows[:, at - 1 : at + 2].T.astype(np.float64)
    bow = left - 2 * middle + right
    value: Doubles = middle + shift * (right - left) / 2 + shift**2 * bow / 2
    return value
